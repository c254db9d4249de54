//! What may stand on the command line.

use crate::show::parse_duration;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;
use std::time::Duration;
use web_session::Format;

/// Sees, sweeps, ends and copies the server-side sessions of an application
#[derive(Parser)]
#[command(
    name = "session",
    bin_name = "session",
    version,
    max_term_width = 100,
    propagate_version = true
)]
#[command(after_long_help = include_str!("help/session.txt"))]
pub(crate) struct Args {
    /// Print JSON: one document, or one line for each session of a list
    #[arg(long, global = true, display_order = 100)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) source: Source,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where the settings of the store come from.
#[derive(ClapArgs)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Source {
    /// Read the settings from FILE (`NAME=value` lines) in place of the environment
    #[arg(long, global = true, value_name = "FILE", display_order = 101)]
    pub(crate) env_file: Option<PathBuf>,
    /// Use this store in place of the one that the settings name; see `session --help`
    #[arg(long, global = true, value_name = "URL", display_order = 102)]
    pub(crate) store: Option<String>,
    /// What the keys of the sessions begin with, in place of SESSION_KEY_PREFIX
    #[arg(long, global = true, value_name = "PREFIX", display_order = 103)]
    pub(crate) prefix: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Say whether settings and store are set up right
    Check(Check),
    /// Make the tables and indexes that the store lacks
    Init(Init),
    /// Remove expired sessions
    Sweep(Sweep),
    /// Count sessions: how many, how large, how old, whose
    Stats(Stats),
    /// List the sessions of one owner, or all
    List(List),
    /// Show what one session holds
    Inspect(Inspect),
    /// End one session, those of an owner, or all
    Revoke(Revoke),
    /// Copy all live sessions to another store
    Copy(Copy),
    /// Print the completions of a shell
    #[command(after_long_help = include_str!("help/completions.txt"))]
    Completions {
        /// Which shell
        shell: Shell,
    },
}

#[derive(ClapArgs)]
#[command(after_long_help = include_str!("help/check.txt"))]
pub(crate) struct Check {
    /// End with 1 for a warning, too
    #[arg(long)]
    pub(crate) strict: bool,
}

#[derive(ClapArgs)]
#[command(after_long_help = include_str!("help/init.txt"))]
pub(crate) struct Init {
    /// Print what would be made, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(ClapArgs)]
#[command(after_long_help = include_str!("help/sweep.txt"))]
pub(crate) struct Sweep {
    /// Go on until it is stopped
    #[arg(long)]
    pub(crate) watch: bool,
    /// How long to wait between two sweeps: 30s, 10m, 2h, 1d
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    #[arg(requires = "watch")]
    pub(crate) every: Duration,
}

#[derive(ClapArgs)]
#[command(after_long_help = include_str!("help/stats.txt"))]
pub(crate) struct Stats {
    /// Stop after so many sessions, and say that it is a sample
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) sample: Option<u64>,
}

#[derive(ClapArgs)]
#[command(after_long_help = include_str!("help/list.txt"))]
#[command(group = clap::ArgGroup::new("whose").required(true).args(["owner", "all"]))]
pub(crate) struct List {
    /// The sessions of this owner: what the application keeps under SESSION_OWNER_KEY
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// The sessions of everybody
    #[arg(long)]
    pub(crate) all: bool,
    /// Stop after so many sessions
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<usize>,
}

#[derive(ClapArgs)]
#[command(after_long_help = include_str!("help/inspect.txt"))]
pub(crate) struct Inspect {
    /// A handle as `session list` prints it, or an id as the cookie has it; `-` reads it from
    /// standard input
    #[arg(value_name = "HANDLE|ID")]
    pub(crate) session: String,
    /// Whose it is, so that a handle is found by the index of owners
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// Print values too, which may be secrets
    #[arg(long)]
    pub(crate) show_values: bool,
}

#[derive(ClapArgs)]
#[command(after_long_help = include_str!("help/revoke.txt"))]
#[command(group = clap::ArgGroup::new("which").required(true).multiple(true).args(["handle", "owner", "all"]))]
pub(crate) struct Revoke {
    /// End the session that has this handle
    pub(crate) handle: Option<String>,
    /// End the sessions of this owner, or the one session of theirs that HANDLE names
    #[arg(long)]
    pub(crate) owner: Option<String>,
    /// End every session
    #[arg(long, conflicts_with_all = ["handle", "owner"])]
    pub(crate) all: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

#[derive(ClapArgs)]
#[command(after_long_help = include_str!("help/copy.txt"))]
pub(crate) struct Copy {
    /// The store to copy from: a URL as of --store, or a file with settings
    #[arg(long, value_name = "URL|FILE")]
    pub(crate) from: String,
    /// The store to copy to, likewise
    #[arg(long, value_name = "URL|FILE")]
    pub(crate) to: String,
    /// What keys begin with in the store that is copied to, where that differs
    #[arg(long, value_name = "PREFIX")]
    pub(crate) to_prefix: Option<String>,
    /// Write payloads in this format; without it they stay as they are, byte for byte
    #[arg(long)]
    pub(crate) format: Option<PayloadFormat>,
    /// Store sessions under the SHA-256 of their ids, as SESSION_HASH_IDS=true reads them
    #[arg(long)]
    pub(crate) hash_ids: bool,
    /// Keep in FILE how far the copy is, and go on from there if it is there
    #[arg(long, value_name = "FILE")]
    pub(crate) resume: Option<PathBuf>,
    /// How many sessions are written at once
    #[arg(long, value_name = "NUMBER", default_value_t = 32)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) width: u16,
}

/// The names of `SESSION_SERIALIZATION_FORMAT`.
#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum PayloadFormat {
    Msgpack,
    Json,
    Pickle,
}

impl From<PayloadFormat> for Format {
    fn from(format: PayloadFormat) -> Self {
        match format {
            PayloadFormat::Msgpack => Self::MessagePack,
            PayloadFormat::Json => Self::Json,
            PayloadFormat::Pickle => Self::Pickle,
        }
    }
}
