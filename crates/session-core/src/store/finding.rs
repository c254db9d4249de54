//! What a store finds out about itself and its server.

use std::fmt;
use std::time::Duration;

/// Two clocks that are set by NTP differ by less.
const CLOCKS_AGREE: Duration = Duration::from_secs(5);

/// One thing that was looked at, and what to change about it: what [`Store::examine`] returns and the
/// program `session check` prints.
///
/// [`Store::examine`]: super::Store::examine
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::store::{Finding, Level, Topic};
///
/// let finding = Finding::warning(Topic::Server, "nothing is kept when the server stops")
///     .change("CONFIG SET appendonly yes");
/// assert_eq!(finding.level, Level::Warning);
/// assert_eq!(
///     finding.to_string(),
///     "nothing is kept when the server stops: CONFIG SET appendonly yes"
/// );
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What it is about.
    pub topic: Topic,
    /// How much it matters.
    pub level: Level,
    /// What was seen, in a sentence without a full stop, and without any key, payload or password.
    pub seen: String,
    /// What to change: a setting, a command of the server. `None` if nothing has to be.
    pub change: Option<String>,
}

/// How much a finding matters; the last is the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Worth knowing, or it could not be looked at.
    Note,
    /// Sessions are lost or slow on a day that comes.
    Warning,
    /// Sessions do not work, or are being lost.
    Problem,
}

/// What a finding is about, in the order in which findings are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// The settings of the application.
    Settings,
    /// The way to the server, and what answers there.
    Connection,
    /// What the store may do there.
    Rights,
    /// The clocks of this machine and of the server.
    Clock,
    /// The table, collection or directory, and its indexes.
    Schema,
    /// How the server is set up.
    Server,
}

impl Finding {
    /// Says that something is as it should be.
    pub fn ok(topic: Topic, seen: impl Into<String>) -> Self {
        Self::new(topic, Level::Ok, seen)
    }

    /// Says something worth knowing.
    pub fn note(topic: Topic, seen: impl Into<String>) -> Self {
        Self::new(topic, Level::Note, seen)
    }

    /// Warns of what will lose sessions or time one day.
    pub fn warning(topic: Topic, seen: impl Into<String>) -> Self {
        Self::new(topic, Level::Warning, seen)
    }

    /// Says what keeps sessions from working, or loses them.
    pub fn problem(topic: Topic, seen: impl Into<String>) -> Self {
        Self::new(topic, Level::Problem, seen)
    }

    /// Adds what to change.
    #[must_use]
    pub fn change(mut self, change: impl Into<String>) -> Self {
        self.change = Some(change.into());
        self
    }

    /// Says which of several servers it is about, without its password.
    #[must_use]
    pub fn at(mut self, server: impl fmt::Display) -> Self {
        self.seen = format!("{server}: {}", self.seen);
        self
    }

    /// Says for each of `steps`, statements or commands, that it is still to be done, by
    /// `session init`; and if there is none, that nothing is missing.
    pub fn missing(steps: impl IntoIterator<Item = String>) -> Vec<Self> {
        let told = |step| {
            Self::warning(Topic::Schema, format!("missing: {step}")).change("session init makes it")
        };
        let missing: Vec<Self> = steps.into_iter().map(told).collect();
        match missing.is_empty() {
            true => vec![Self::ok(Topic::Schema, "no table, column or index is missing")],
            false => missing,
        }
    }

    /// Compares the server's clock with that of this machine, which was read before and after the
    /// server was asked; all three are times since 1970. 5 seconds are no difference.
    pub fn clocks(server: Duration, asked: Duration, answered: Duration) -> Self {
        let (ahead, behind) = (server.saturating_sub(answered), asked.saturating_sub(server));
        let (gap, side) = if ahead > behind { (ahead, "ahead of") } else { (behind, "behind") };
        if gap <= CLOCKS_AGREE {
            return Self::ok(Topic::Clock, "the server's clock agrees with this machine's");
        }
        let seconds = gap.as_secs();
        let seen = format!("the server's clock is {seconds} s {side} this machine's");
        Self::warning(Topic::Clock, seen).change("have NTP set both clocks")
    }

    fn new(topic: Topic, level: Level, seen: impl Into<String>) -> Self {
        Self { topic, level, seen: seen.into(), change: None }
    }
}

/// What was seen, and behind a colon what to change.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.seen)?;
        self.change.as_ref().map_or(Ok(()), |change| write!(f, ": {change}"))
    }
}

impl Level {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }
}

impl Topic {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Connection => "connection",
            Self::Rights => "rights",
            Self::Clock => "clock",
            Self::Schema => "schema",
            Self::Server => "server",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Level};
    use std::time::Duration;

    #[test]
    fn clocks_that_differ_by_more_than_the_way_explains_are_a_warning() {
        for (server, asked, answered, expected) in [
            (100, 100, 100, None),
            (105, 100, 100, None),
            (95, 100, 100, None),
            // The server read its clock while this machine waited.
            (150, 100, 200, None),
            (206, 100, 200, Some("6 s ahead of this machine's")),
            (94, 100, 200, Some("6 s behind this machine's")),
            (3_700, 100, 100, Some("3600 s ahead of this machine's")),
            (0, 7_200, 7_200, Some("7200 s behind this machine's")),
        ] {
            let [server, asked, answered] = [server, asked, answered].map(Duration::from_secs);
            let finding = Finding::clocks(server, asked, answered);
            match expected {
                None => assert_eq!((finding.level, finding.change), (Level::Ok, None)),
                Some(said) => {
                    assert_eq!(finding.level, Level::Warning, "{finding}");
                    assert!(finding.seen.ends_with(said), "{finding}");
                    assert_eq!(finding.change.as_deref(), Some("have NTP set both clocks"));
                }
            }
        }
    }
}
