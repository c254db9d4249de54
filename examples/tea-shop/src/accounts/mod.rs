//! Who may sign in: a list in memory, kept in one small JSON file.
//!
//! A shop has a database for this. What it should take over are the ids (random, so that one is
//! never given out again while an old session still names it) and the handling of passwords.

mod password;

pub(crate) use password::Password;

use password::{Hash, Hasher};
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use tempfile::NamedTempFile;
use tokio::task::spawn_blocking;

/// The accounts; a clone is the same list.
#[derive(Clone, Debug)]
pub struct Accounts(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    file: PathBuf,
    hasher: Hasher,
    by_id: RwLock<ById>,
    // One at a time, so that the file never misses what the list holds.
    saving: tokio::sync::Mutex<()>,
}

type ById = BTreeMap<String, Account>;

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Account {
    name: String,
    email: String,
    password: Hash,
}

/// What pages show of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) email: String,
}

/// What became of a request for an account.
#[derive(Debug)]
pub(crate) enum SignUp {
    /// There is one now, under this id.
    Done(String),
    /// The address has one already.
    Taken,
}

impl Accounts {
    /// Reads the accounts in `file`; without one there are none yet.
    ///
    /// # Errors
    ///
    /// If it cannot be read, or is no list of accounts.
    pub async fn open(file: impl Into<PathBuf>) -> io::Result<Self> {
        let file = file.into();
        let by_id = match std::fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                io::Error::other(format!("read accounts from {}: {error}", file.display()))
            })?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => ById::new(),
            Err(error) => return Err(error),
        };
        Ok(Self(Arc::new(Inner {
            file,
            hasher: Hasher::new().await?,
            by_id: RwLock::new(by_id),
            saving: tokio::sync::Mutex::default(),
        })))
    }

    /// Makes an account, unless the address has one.
    pub(crate) async fn sign_up(
        &self,
        name: &str,
        email: &str,
        password: Password,
    ) -> io::Result<SignUp> {
        let account = Account {
            name: name.to_owned(),
            email: normal(email),
            password: self.0.hasher.hash(password).await?,
        };
        let id = random_hex::<16>()?;

        let _saving = self.0.saving.lock().await;
        let mut by_id = self.read().clone();
        if find(&by_id, &account.email).is_some() {
            return Ok(SignUp::Taken);
        }
        by_id.insert(id.clone(), account);
        let file = self.0.file.clone();
        let by_id = spawn_blocking(move || save(&by_id, &file).map(|()| by_id)).await??;
        *self.0.by_id.write().unwrap_or_else(PoisonError::into_inner) = by_id;
        Ok(SignUp::Done(id))
    }

    /// The id of the account with this address and password.
    ///
    /// It takes as long if there is no such address, so that the time does not tell.
    pub(crate) async fn verify(
        &self,
        email: &str,
        password: Password,
    ) -> io::Result<Option<String>> {
        let found = find(&self.read(), &normal(email))
            .map(|(id, account)| (id.to_owned(), account.password.clone()));
        let (id, hash) = found.unzip();
        let is_right = self.0.hasher.verify(password, hash).await?;
        Ok(id.filter(|_| is_right))
    }

    /// Whose account this is; `None` if it is gone, which a session may outlive.
    pub(crate) fn person(&self, id: &str) -> Option<Person> {
        self.read()
            .get(id)
            .map(|account| Person { name: account.name.clone(), email: account.email.clone() })
    }

    fn read(&self) -> RwLockReadGuard<'_, ById> {
        self.0.by_id.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Random bytes of the operating system, as hex digits.
pub(crate) fn random_hex<const BYTES: usize>() -> io::Result<String> {
    let mut bytes = [0; BYTES];
    SysRng.try_fill_bytes(&mut bytes).map_err(io::Error::other)?;
    Ok(bytes.iter().fold(String::with_capacity(2 * BYTES), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    }))
}

fn find<'a>(by_id: &'a ById, email: &str) -> Option<(&'a str, &'a Account)> {
    by_id.iter().find(|(_, account)| account.email == email).map(|(id, account)| (&**id, account))
}

fn normal(email: &str) -> String {
    email.trim().to_lowercase()
}

/// Replaces the file as a whole: whenever the process ends, there is the old list or the new one.
fn save(by_id: &ById, file: &Path) -> io::Result<()> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty());
    // Made with mode 0600.
    let mut new = NamedTempFile::new_in(dir.unwrap_or(Path::new(".")))?;
    serde_json::to_writer_pretty(&mut new, by_id)?;
    new.as_file().sync_all()?;
    new.persist(file)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Accounts, Password, SignUp};

    #[tokio::test]
    async fn accounts_survive_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("accounts.json");
        let accounts = Accounts::open(&file).await.unwrap();
        let sign_up = accounts.sign_up("Ann", " Ann@Example.org", Password::new("a long password"));
        let SignUp::Done(id) = sign_up.await.unwrap() else { panic!("nobody has the address") };
        let again = accounts.sign_up("Eve", "ann@example.org", Password::new("another password"));
        assert!(matches!(again.await.unwrap(), SignUp::Taken));

        let accounts = Accounts::open(&file).await.unwrap();
        let verify =
            async |email, password| accounts.verify(email, Password::new(password)).await.unwrap();
        assert_eq!(verify("ann@example.ORG", "a long password").await.as_ref(), Some(&id));
        assert_eq!(verify("ann@example.org", "A long password").await, None);
        assert_eq!(verify("eve@example.org", "a long password").await, None);
        assert_eq!(accounts.person(&id).unwrap().email, "ann@example.org");
        assert!(!std::fs::read_to_string(&file).unwrap().contains("a long password"));
    }
}
