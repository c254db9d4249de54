//! What the command line says.

use clap::{Parser, ValueEnum};

/// Whether calls of a store cost the same with a million sessions as with ten thousand.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// How many sessions are there, the fewest first; 10000000 takes about 10 GB of disk a store.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 1_000_000])]
    pub(crate) populations: Vec<u64>,

    /// Only these stores.
    #[arg(long, value_enum, value_delimiter = ',', default_values = ["redis", "sqlite", "postgres", "files"])]
    pub(crate) stores: Vec<Backend>,

    /// How long each kind of call is measured.
    #[arg(long, default_value_t = 5)]
    pub(crate) seconds: u64,

    /// Writes the table into docs/performance.md, too.
    #[arg(long)]
    pub(crate) write: bool,
}

/// A store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Backend {
    Redis,
    Sqlite,
    Postgres,
    Files,
}

impl Backend {
    /// What the tables call it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Redis => "Redis",
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Files => "files",
        }
    }
}
