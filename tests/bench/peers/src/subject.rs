//! Whose cost is measured.

use clap::ValueEnum;
use std::fmt;

/// The same application behind each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Subject {
    /// This library on axum.
    Session,
    /// tower-sessions with its store for Redis, on axum.
    TowerSessions,
    /// axum_session with its store for Redis, on axum, without its cache in the process.
    AxumSession,
    /// No library: a handler on axum that reads and writes bytes in Redis.
    Floor,
    /// No sessions, on axum.
    Bare,
    /// This library on actix-web.
    SessionActix,
    /// actix-session with its store for Redis, on actix-web.
    ActixSession,
}

impl Subject {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Session,
        Self::TowerSessions,
        Self::AxumSession,
        Self::Floor,
        Self::Bare,
        Self::SessionActix,
        Self::ActixSession,
    ];

    /// What the tables call it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Session => "this library, axum",
            Self::TowerSessions => "tower-sessions, axum",
            Self::AxumSession => "axum_session, axum",
            Self::Floor => "by hand, axum",
            Self::Bare => "no sessions, axum",
            Self::SessionActix => "this library, actix-web",
            Self::ActixSession => "actix-session, actix-web",
        }
    }

    /// This library on the same framework, to which it is compared.
    pub fn ours(self) -> Self {
        match self {
            Self::SessionActix | Self::ActixSession => Self::SessionActix,
            _ => Self::Session,
        }
    }

    /// Whether it is this library.
    pub fn is_ours(self) -> bool {
        self == self.ours()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value().expect("no subject is hidden");
        f.write_str(name.get_name())
    }
}
