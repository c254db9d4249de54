//! Passwords: hashed with Argon2id at the parameters OWASP recommends, never kept, never shown.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _};
use serde::{Deserialize, Serialize};
use std::io;
use std::thread::available_parallelism;
use std::{fmt, sync::Arc};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use zeroize::ZeroizeOnDrop;

/// A password as a person typed it.
#[derive(Default, Deserialize, ZeroizeOnDrop)]
#[serde(transparent)]
pub(crate) struct Password(String);

/// What is kept in place of a password, as a PHC string with algorithm, parameters and salt.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Hash(String);

/// Hashes passwords off the async threads, and only so many at once: each takes 19 MiB.
#[derive(Debug)]
pub(super) struct Hasher {
    /// Compared where there is no account.
    decoy: Hash,
    seats: Arc<Semaphore>,
}

impl Password {
    /// The fewest characters of a new password.
    pub(crate) const MIN: usize = 12;
    /// The most bytes: hashing costs time for each.
    pub(crate) const MAX: usize = 256;

    #[cfg(test)]
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// Whether it may become the password of an account.
    pub(crate) fn is_acceptable(&self) -> bool {
        self.0.chars().count() >= Self::MIN && self.0.len() <= Self::MAX
    }
}

impl Hasher {
    pub(super) async fn new() -> io::Result<Self> {
        let seats = available_parallelism().map_or(1, usize::from);
        let decoy = spawn_blocking(|| hash(b"nobody's")).await??;
        Ok(Self { decoy, seats: Arc::new(Semaphore::new(seats)) })
    }

    pub(super) async fn hash(&self, password: Password) -> io::Result<Hash> {
        self.seated(move || hash(password.0.as_bytes())).await
    }

    /// Compares in the same time whether or not there is a hash to compare with.
    pub(super) async fn verify(&self, password: Password, hash: Option<Hash>) -> io::Result<bool> {
        let is_known = hash.is_some();
        let hash = hash.unwrap_or_else(|| self.decoy.clone());
        let is_right = self.seated(move || verify(&password, &hash)).await?;
        Ok(is_known && is_right)
    }

    async fn seated<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let seat = Arc::clone(&self.seats).acquire_owned().await.map_err(io::Error::other)?;
        spawn_blocking(move || {
            // Held by the work, which goes on if the client goes away.
            let _seat = seat;
            work()
        })
        .await?
    }
}

fn hash(password: &[u8]) -> io::Result<Hash> {
    let hash: PasswordHash = Argon2::default().hash_password(password).map_err(io::Error::other)?;
    Ok(Hash(hash.to_string()))
}

fn verify(password: &Password, hash: &Hash) -> io::Result<bool> {
    if password.0.len() > Password::MAX {
        return Ok(false);
    }
    let hash = PasswordHash::new(&hash.0).map_err(io::Error::other)?;
    match Argon2::default().verify_password(password.0.as_bytes(), &hash) {
        Ok(()) => Ok(true),
        Err(Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(io::Error::other(error)),
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hash(..)")
    }
}
