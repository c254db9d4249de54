//! Runs every clause against a store that is known to be right or wrong.

use session_testkit::clauses::ALL;
use session_testkit::{Finding, Subject};
use tokio::task::JoinSet;

/// The names of the clauses that a subject breaks, sorted; each clause gets a subject of its own.
pub(crate) async fn broken_clauses<S, F>(subject: impl Fn() -> F) -> Vec<&'static str>
where
    S: Subject,
    F: Future<Output = S> + Send + 'static,
{
    let mut checks = JoinSet::new();
    for clause in ALL {
        let subject = subject();
        checks.spawn(async move {
            match clause.check(&subject.await).await {
                Err(Finding::Broken(what)) => {
                    eprintln!("{}: {what}", clause.name());
                    Some(clause.name())
                }
                Ok(()) | Err(Finding::NotApplicable(_)) => None,
            }
        });
    }
    let mut broken: Vec<&str> = checks.join_all().await.into_iter().flatten().collect();
    broken.sort_unstable();
    broken
}
