//! Settings from the environment.

use super::KeyInfo;
use super::names::{Name, Warning, classify};
use super::settings::{Setting, Settings, refuse};
use crate::error::Result;
use std::ffi::OsString;

impl Settings {
    /// Keeps the variables that `tables` know, and looks for mistyped ones.
    ///
    /// A warning is returned for each other name that starts with `SESSION_`: it may belong to
    /// another program, as `SESSION_MANAGER` does on desktops, or to the Flask app that shares the
    /// environment.
    ///
    /// # Errors
    ///
    /// `Config` if a name is nearly a known one, or a known one holds no UTF-8.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::config::{CORE_KEYS, Settings};
    ///
    /// let vars = [("SESSION_PERMANENT", "no"), ("SESSION_MANAGER", "local/unix"), ("HOME", "/")];
    /// let (settings, warnings) = Settings::from_vars(vars, &[CORE_KEYS])?;
    /// assert_eq!(settings.flag("SESSION_PERMANENT")?, Some(false));
    /// assert_eq!(warnings[0].name(), "SESSION_MANAGER");
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn from_vars<N, V>(
        vars: impl IntoIterator<Item = (N, V)>,
        tables: &[&[KeyInfo]],
    ) -> Result<(Self, Vec<Warning>)>
    where
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let mut settings = Self::default();
        let mut warnings = Vec::new();
        for (name, value) in vars {
            let Ok(name) = name.into().into_string() else { continue };
            match classify(&name, tables)? {
                Name::Foreign => {}
                Name::Suspect(warning) => warnings.push(warning),
                Name::Known => {
                    let text = value.into().into_string().map_err(|_| refuse(&name, "UTF-8"))?;
                    settings.put(name, Setting::text(text));
                }
            }
        }
        Ok((settings, warnings))
    }

    /// Does [`from_vars`](Self::from_vars) with the environment of this process.
    ///
    /// # Errors
    ///
    /// As [`from_vars`](Self::from_vars).
    pub fn from_env(tables: &[&[KeyInfo]]) -> Result<(Self, Vec<Warning>)> {
        Self::from_vars(std::env::vars_os(), tables)
    }
}
