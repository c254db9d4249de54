//! Asking several servers what any of them can tell.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use std::time::Duration;
use tokio::time::timeout;

/// How long a server is waited for alone.
const PATIENCE: Duration = Duration::from_millis(100);

/// Returns the first success, trying the next when one failed or kept waiting; each goes on while
/// the next ones are tried. If all fail, the failure is that of the last to fail, but one that
/// `is_answer` comes before one that is none; `None` if there is nothing to try.
pub(crate) async fn first<T, E>(
    attempts: Vec<impl Future<Output = Result<T, E>>>,
    is_answer: impl Fn(&E) -> bool,
) -> Option<Result<T, E>> {
    let mut running = FuturesUnordered::new();
    let mut failure: Option<E> = None;
    let mut note = |error| {
        if is_answer(&error) || !failure.as_ref().is_some_and(&is_answer) {
            failure = Some(error);
        }
    };
    for attempt in attempts {
        running.push(attempt);
        match timeout(PATIENCE, running.next()).await {
            Ok(Some(Ok(success))) => return Some(Ok(success)),
            Ok(Some(Err(error))) => note(error),
            Ok(None) | Err(_) => {}
        }
    }
    while let Some(ended) = running.next().await {
        match ended {
            Ok(success) => return Some(Ok(success)),
            Err(error) => note(error),
        }
    }
    failure.map(Err)
}

#[cfg(test)]
mod tests {
    use super::first;
    use std::pin::Pin;

    type Attempt = Pin<Box<dyn Future<Output = Result<u8, u8>>>>;

    fn ends(result: Result<u8, u8>) -> Attempt {
        Box::pin(async move { result })
    }

    fn hangs() -> Attempt {
        Box::pin(std::future::pending())
    }

    #[tokio::test]
    async fn first_success_wins_over_failures_and_silence() {
        for attempts in [
            vec![ends(Ok(1)), ends(Ok(2))],
            vec![ends(Err(0)), ends(Ok(1))],
            vec![hangs(), ends(Ok(1)), hangs()],
            vec![hangs(), ends(Err(0)), hangs(), ends(Ok(1))],
        ] {
            assert_eq!(first(attempts, |_| true).await, Some(Ok(1)));
        }
    }

    #[tokio::test]
    async fn last_answer_is_told_or_else_the_last_failure() {
        let fail = |failures: [u8; 3]| failures.map(|failure| ends(Err(failure))).into();
        for (failures, told) in [([1, 2, 3], 2), ([1, 1, 3], 3), ([2, 1, 3], 2), ([2, 4, 1], 4)] {
            assert_eq!(first(fail(failures), |error| error % 2 == 0).await, Some(Err(told)));
        }
        assert_eq!(first(Vec::<Attempt>::new(), |_| true).await, None);
    }
}
