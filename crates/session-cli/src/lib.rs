#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod args;
mod command;
mod failure;
mod output;
mod progress;
mod settings;
mod show;
mod site;
mod stop;

use args::{Args, Command};
use clap::Parser as _;
use failure::{Done, Failure};
use output::Output;
use std::process::ExitCode;

/// Runs the program with the arguments of this process.
pub fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(Box::pin(run(args))),
        Err(error) => Err(Failure::System("start the program", error)),
    };
    match done {
        Ok(done) => done.into(),
        Err(failure) => {
            failure.tell();
            failure.into()
        }
    }
}

async fn run(args: Args) -> Result<Done, Failure> {
    let output = Output::new(args.json);
    match args.command {
        Command::Check(check) => Box::pin(command::check::run(&args.source, &check, &output)).await,
        Command::Init(init) => command::init::run(&args.source, &init, &output).await,
        Command::Sweep(sweep) => command::sweep::run(&args.source, &sweep, &output).await,
        Command::Stats(stats) => command::stats::run(&args.source, &stats, &output).await,
        Command::List(list) => command::list::run(&args.source, &list, &output).await,
        Command::Inspect(inspect) => command::inspect::run(&args.source, &inspect, &output).await,
        Command::Revoke(revoke) => command::revoke::run(&args.source, &revoke, &output).await,
        Command::Copy(copy) => Box::pin(command::copy::run(&args.source, &copy, &output)).await,
        Command::Completions { shell } => command::completions::run(shell, &output),
    }
}
