//! `session completions`: what a shell wants to know.

use crate::args::Args;
use crate::failure::{Done, Failure};
use crate::output::Output;
use clap::CommandFactory as _;
use clap_complete::Shell;

pub(crate) fn run(shell: Shell, output: &Output) -> Result<Done, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "session", &mut script);
    output.raw(&script)?;
    Ok(Done::All)
}
