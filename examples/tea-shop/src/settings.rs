//! What the environment says, and what holds where it says nothing.

use crate::origin::Origins;
use std::ffi::OsString;
use std::fs::DirBuilder;
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use web_session::config::Settings as SessionSettings;
use web_session::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

const DATA_DIR: &str = "tea-shop-data";
const PORT: u16 = 3000;

/// The settings of the site.
#[derive(Debug)]
pub struct Settings {
    /// `ORIGIN`: where visitors reach the site. By default on this machine, over plain HTTP.
    pub origins: Origins,
    /// `PORT`: where it listens; 3000 by default.
    pub port: u16,
    /// `DATA_DIR`: where accounts, sessions and the generated key are kept; `tea-shop-data`
    /// under the current directory by default.
    pub data_dir: PathBuf,
    /// `SECRET_KEY` and everything that begins with `SESSION_`.
    pub session: SessionSettings,
}

impl Settings {
    /// Reads the environment of this process, and makes the data directory.
    ///
    /// # Errors
    ///
    /// `Config` if a value is malformed, or a key that signs cookies is missing.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(std::env::vars_os())
    }

    /// Does the same with variables from elsewhere.
    ///
    /// # Errors
    ///
    /// As [`Settings::from_env`].
    pub fn from_vars<N, V>(vars: impl IntoIterator<Item = (N, V)>) -> Result<Self>
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let vars: Vec<(OsString, OsString)> =
            vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let var = |name: &str| {
            let found = vars.iter().rev().find(|(known, _)| known == name);
            found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
        };

        let port = match var("PORT") {
            Some(text) => text.to_str().and_then(|text| text.parse().ok()).ok_or_else(|| {
                Error::new(ErrorKind::Config, "read PORT: it must be a number up to 65535")
            })?,
            None => PORT,
        };
        let origins = match var("ORIGIN") {
            Some(text) => Origins::parse(&text.to_string_lossy())?,
            None => Origins::local(port),
        };
        let data_dir = var("DATA_DIR").map_or_else(|| PathBuf::from(DATA_DIR), PathBuf::from);
        DirBuilder::new().recursive(true).mode(0o700).create(&data_dir).map_err(|error| {
            Error::new(ErrorKind::Config, "make the directory DATA_DIR").with_source(error)
        })?;

        let mut defaults = vec![
            (OsString::from("SESSION_TYPE"), OsString::from("filesystem")),
            ("SESSION_FILE_DIR".into(), data_dir.join("sessions").into()),
            ("SESSION_PROFILE".into(), "hardened".into()),
            ("SESSION_OWNER_INDEX".into(), has_owners(var("SESSION_TYPE")).to_string().into()),
            ("SESSION_CLEANUP_INTERVAL".into(), "600".into()),
        ];
        if var("SECRET_KEY").is_none() {
            let key = development_key(&origins, &data_dir.join("secret-key"))?;
            defaults.push(("SECRET_KEY".into(), key.as_str().into()));
        }
        // Of two values of one name the later counts, and an empty one must not hide a default.
        let given = vars.into_iter().filter(|(_, value)| !value.is_empty());
        let vars = defaults.into_iter().chain(given);
        let (session, warnings) = SessionSettings::from_vars(vars, web_session::KEYS)?;
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        Ok(Self { origins, port, data_dir, session })
    }
}

/// Whether the store can list the sessions of a person, which Memcached cannot: the account page
/// says then what it does not show.
fn has_owners(session_type: Option<OsString>) -> bool {
    let name = session_type.unwrap_or_default().to_string_lossy().to_lowercase();
    !name.contains("memcache")
}

/// Reads the key that an earlier start made, or makes one, so that a restart signs nobody out.
///
/// # Errors
///
/// `Config` on an HTTPS origin: there the key is a decision of whoever runs the site.
fn development_key(origins: &Origins, path: &Path) -> Result<Zeroizing<String>> {
    if origins.is_https() {
        return Err(Error::new(
            ErrorKind::Config,
            "sign cookies: set SECRET_KEY to at least 32 random bytes, as `openssl rand -hex 32` \
             prints them",
        ));
    }
    let key = read_or_create(path).map_err(|error| {
        Error::new(ErrorKind::Config, "keep a generated SECRET_KEY in DATA_DIR").with_source(error)
    })?;
    tracing::warn!(
        file = %path.display(),
        "SECRET_KEY is not set: cookies are signed with a generated key, which is fine on your \
         own machine"
    );
    Ok(key)
}

fn read_or_create(path: &Path) -> io::Result<Zeroizing<String>> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.map(Zeroizing::new),
    }
    let key = Zeroizing::new(crate::accounts::random_hex::<32>()?);
    // Made with mode 0600, and under its name only when it is whole.
    let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
    file.write_all(key.as_bytes())?;
    file.persist_noclobber(path)?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::Settings;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_generated_key_is_private_and_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let key = || {
            let settings = Settings::from_vars([("DATA_DIR", dir.path())]).unwrap();
            settings.session.text("SECRET_KEY").unwrap().unwrap().to_owned()
        };
        let first = key();
        assert_eq!(first.len(), 64);
        assert_eq!(key(), first);
        let mode = dir.path().join("secret-key").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn https_wants_a_key_of_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().to_str().unwrap();
        let start = |key: &str| {
            let origin = ("ORIGIN", "https://shop.example");
            Settings::from_vars([origin, ("DATA_DIR", data_dir), ("SECRET_KEY", key)])
        };
        start("").unwrap_err();
        start("a secret of at least thirty-two bytes").unwrap();
        assert!(!dir.path().join("secret-key").exists());
    }

    #[test]
    fn the_environment_wins_over_defaults() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = ("DATA_DIR", dir.path().to_str().unwrap());
        let session_type = |value| {
            let settings = Settings::from_vars([data_dir, ("SESSION_TYPE", value)]).unwrap();
            settings.session.text("SESSION_TYPE").unwrap().unwrap().to_owned()
        };
        assert_eq!(session_type(""), "filesystem");
        assert_eq!(session_type("redis"), "redis");
    }
}
