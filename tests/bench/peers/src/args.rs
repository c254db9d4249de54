//! What the command line says.

use crate::payload::Payload;
use crate::subject::Subject;
use clap::{Parser, Subcommand};

/// Compares what a request costs on servers with sessions in Redis.
#[derive(Debug, Parser)]
pub struct Args {
    /// The Redis that all servers use; keys have prefixes of their own, and expire after minutes.
    #[arg(long, env = "SESSION_TEST_REDIS", hide_env_values = true)]
    pub redis: String,

    /// What a session holds.
    #[arg(long, value_enum, default_value_t = Payload::Usual)]
    pub payload: Payload,

    /// How often each server is measured.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,

    /// How long each measurement takes.
    #[arg(long, default_value_t = 3)]
    pub seconds: u64,

    /// How many requests are under way at once.
    #[arg(long, default_value_t = 32)]
    pub connections: u32,

    /// Sends so many requests in a second, by vegeta, and shows how late the answers are.
    #[arg(long)]
    pub rate: Option<u32>,

    /// Only these servers.
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Subject::ALL)]
    pub subjects: Vec<Subject>,

    /// Writes the tables into docs/performance.md, too.
    #[arg(long)]
    pub write: bool,

    /// What else to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What else to do than to compare.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves at a port that it prints, until standard input ends.
    #[command(hide = true)]
    Serve {
        /// Behind which session layer.
        #[arg(value_enum)]
        subject: Subject,
    },
}
