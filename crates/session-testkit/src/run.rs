//! Runs one clause as one test.

use crate::clause::Clause;
use crate::{Finding, Subject};
use std::io::Write as _;
use std::time::Duration;

/// Longer than any clause takes, so that a hanging store fails its test.
const LIMIT: Duration = Duration::from_secs(90);

/// Runs `clause` against a subject on a multi-threaded runtime of its own.
///
/// A clause that does not apply to the store says so on the process's standard error, where the
/// test harness does not hide it.
///
/// # Panics
///
/// If the store breaks the clause, or a call hangs for a minute and a half.
#[expect(clippy::panic, reason = "this is the body of a test")]
pub fn run<S: Subject>(clause: &Clause, subject: impl Future<Output = S>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test can start a runtime");
    let verdict = runtime.block_on(async {
        let subject = subject.await;
        tokio::time::timeout(LIMIT, clause.check(&subject)).await
    });
    match verdict {
        Ok(Ok(())) => {}
        Ok(Err(Finding::NotApplicable(why))) => {
            // Not `eprintln`: the harness captures that in tests that pass.
            let _ = writeln!(std::io::stderr(), "{} does not apply: {why}", clause.name());
        }
        Ok(Err(Finding::Broken(what))) => panic!("{}: {what}", clause.name()),
        Err(_) => panic!("{}: still running after {LIMIT:?}", clause.name()),
    }
}
