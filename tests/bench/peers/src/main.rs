//! Compares what a request costs on servers with sessions in Redis: one application on this library
//! and on others, each a process of its own, in rounds that take turns.
//!
//! `just bench-peers` prints the tables. It needs Debian's `wrk`.

mod args;
mod load;
mod measure;
mod page;
mod payload;
mod report;
#[path = "../../src/row.rs"]
mod row;
mod servers;
mod subject;
mod usage;
#[path = "../../src/visitor.rs"]
mod visitor;
mod visitors;

use args::{Args, Command};
use clap::Parser as _;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    match args.command {
        Some(Command::Serve { subject }) => servers::serve(subject, args.payload, &args.redis),
        None => report::run(&args),
    }
}
