//! Whether calls of a store cost the same with a million sessions as with ten thousand, and what a
//! session takes.
//!
//! `just bench-scale` prints the table. Tables, keys and directories are the run's own, and gone at
//! its end.

mod args;
mod calls;
#[path = "../../peers/src/page.rs"]
mod page;
mod place;
mod report;
mod sessions;
mod sweep;

use clap::Parser as _;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    report::run(&args::Args::parse()).await
}
