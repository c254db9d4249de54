//! From settings to a manager.

use crate::connect::connect;
use crate::keys::KEYS;
use crate::start;
use session_core::config::Settings;
use session_core::{Config, Error, ErrorKind, Result, SessionManager, Signer};

/// Makes the manager that `settings` describe: configuration, store, and a signer if
/// `SESSION_USE_SIGNER` is not `false`.
///
/// `SESSION_SIGNATURE` says whether the signer writes this library's own signatures or Flask's.
/// `SESSION_PROFILE=hardened` starts from [`Config::hardened`].
///
/// The log then has a line, at INFO, with the store, its address without user and password, the
/// cookie, the lifetime, and who removes expired records; and a warning for each of these: no
/// `SESSION_TYPE`, a store in memory in a release build, a cookie that is sent over plain HTTP, a
/// setting that is on its way (`accept`, `migrate`), a database that nobody sweeps.
///
/// # Errors
///
/// `Config` if a name is unknown, a value malformed, two settings contradict each other,
/// `SECRET_KEY` is needed and missing or short, or a setting needs a feature that this build lacks;
/// else those of [`connect`].
///
/// # Examples
///
/// ```
/// use web_session::config::Settings;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> web_session::Result<()> {
/// let settings: Settings =
///     [("SESSION_TYPE", "memory"), ("SESSION_COOKIE_NAME", "shop")].into_iter().collect();
/// let manager = web_session::manager(&settings).await?;
/// assert_eq!(manager.config().cookie().name, "shop");
/// # Ok(())
/// # }
/// ```
pub async fn manager(settings: &Settings) -> Result<SessionManager> {
    settings.refuse_unknown(KEYS)?;
    let config = Config::from_settings(settings)?;
    let signer = read_signer(settings, &config)?;
    let store = connect(settings).await?;
    let capabilities = store.capabilities();
    let manager = SessionManager::new(store, config, signer)?;
    start::tell(settings, manager.config(), &capabilities)?;
    Ok(manager)
}

/// Makes the manager that the environment of this process describes.
///
/// Names that look like settings and are none are logged as warnings.
///
/// # Errors
///
/// `Config` if a name is nearly a known one; else those of [`manager`].
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> web_session::Result<()> {
/// let manager = web_session::manager_from_env().await?;
/// # Ok(())
/// # }
/// ```
pub async fn manager_from_env() -> Result<SessionManager> {
    let (settings, warnings) = Settings::from_env(KEYS)?;
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    manager(&settings).await
}

/// What the settings say of signatures, checked also where ids are not signed.
pub(crate) fn read_signer(settings: &Settings, config: &Config) -> Result<Option<Signer>> {
    if config.use_signer().reads_new() {
        return signer(settings).map(Some);
    }
    no_signer(settings)
}

fn signer(settings: &Settings) -> Result<Signer> {
    let secrets = settings.secrets()?.ok_or_else(|| {
        Error::new(
            ErrorKind::Config,
            "sign session ids, as SESSION_USE_SIGNER says: SECRET_KEY is not set; `openssl rand \
             -base64 48` makes one",
        )
    })?;
    secrets.signer()
}

fn no_signer(settings: &Settings) -> Result<Option<Signer>> {
    match settings.secrets() {
        // A Flask app's keys, which nothing here reads.
        Err(error) if error.kind() == ErrorKind::Unsupported => {}
        secrets => drop(secrets?),
    }
    match settings.text("SESSION_SIGNATURE")? {
        None | Some("native") => Ok(None),
        Some(_) => Err(Error::new(
            ErrorKind::Config,
            "leave session ids unsigned: SESSION_SIGNATURE says how they are signed; set \
             SESSION_USE_SIGNER=true, or leave SESSION_SIGNATURE out",
        )),
    }
}
