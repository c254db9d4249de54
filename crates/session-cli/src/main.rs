//! The program `session`.

use std::process::ExitCode;

fn main() -> ExitCode {
    session_cli::main()
}
