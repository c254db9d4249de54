//! How far a change of what is written has come.

use super::settings::{Settings, refuse};
use crate::error::Result;

/// How far a change from an old form to a new one has come, over all instances of an application.
///
/// `false` and `true` are the two ends. To change from one to the other while people are signed in,
/// go through the two words between them, each in all instances before the next: no instance then
/// meets a form that it does not read.
///
/// | word | writes | reads |
/// |---|---|---|
/// | `false` | the old form | the old form |
/// | `accept` | the old form | both |
/// | `migrate` | the new form, also in place of an old one that it meets | both |
/// | `true` | the new form | the new form |
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::{Config, Rollout};
/// use web_session::config::Settings;
///
/// let settings: Settings = [("SESSION_HASH_IDS", "migrate")].into_iter().collect();
/// assert_eq!(Config::from_settings(&settings)?.hash_ids(), Rollout::Migrate);
/// assert_eq!(Config::builder().hash_ids(true).build()?.hash_ids(), Rollout::On);
/// # Ok::<(), session_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rollout {
    /// `false`: the old form alone.
    #[default]
    Off,
    /// `accept`: the old form is written, and the new one is read, too.
    Accept,
    /// `migrate`: the new form is written, and the old one is read, too, and replaced.
    Migrate,
    /// `true`: the new form alone.
    On,
}

impl Rollout {
    /// Whether the new form is written.
    pub fn writes_new(self) -> bool {
        matches!(self, Self::Migrate | Self::On)
    }

    /// Whether the new form is read.
    pub fn reads_new(self) -> bool {
        self != Self::Off
    }

    /// Whether the old form is read.
    pub fn reads_old(self) -> bool {
        self != Self::On
    }

    /// Whether both forms are read, so that the change is under way.
    pub fn reads_both(self) -> bool {
        matches!(self, Self::Accept | Self::Migrate)
    }
}

impl From<bool> for Rollout {
    fn from(is_on: bool) -> Self {
        if is_on { Self::On } else { Self::Off }
    }
}

impl Settings {
    /// Reads `accept`, `migrate`, or a flag.
    ///
    /// # Errors
    ///
    /// `Config` if it is none of these.
    pub fn rollout(&self, name: &str) -> Result<Option<Rollout>> {
        let word = self.text(name).ok().flatten().unwrap_or_default();
        for (known, rollout) in [("accept", Rollout::Accept), ("migrate", Rollout::Migrate)] {
            if known.eq_ignore_ascii_case(word) {
                return Ok(Some(rollout));
            }
        }
        let flag = self.flag(name);
        let flag = flag.map_err(|_| refuse(name, "false, accept, migrate or true"))?;
        Ok(flag.map(Rollout::from))
    }
}
