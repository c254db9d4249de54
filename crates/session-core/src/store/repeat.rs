//! Reading again.

/// Reads, and once more if the answer `is_stale`.
///
/// A connection that a server closed meanwhile is found out by the first call that uses it. What
/// changes nothing may be sent again; a write whose answer was lost must not.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use web_session::store::{Lost, reread};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let connections = AtomicU32::new(0);
/// let load = || async {
///     match connections.fetch_add(1, Ordering::Relaxed) {
///         0 => Err(Lost::Broken),
///         _ => Ok("data"),
///     }
/// };
/// assert_eq!(reread(|lost| *lost == Lost::Broken, load).await, Ok("data"));
/// # }
/// ```
pub async fn reread<T, E, F>(
    is_stale: impl FnOnce(&E) -> bool,
    read: impl Fn() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    match read().await {
        Err(error) if is_stale(&error) => read().await,
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::reread;
    use crate::store::Lost;
    use std::cell::Cell;

    #[tokio::test]
    async fn stale_answers_are_asked_for_once_more_and_others_not() {
        for (answers, expected, asked) in [
            ([Ok(1), Ok(2)], Ok(1), 1),
            ([Err(Lost::Broken), Ok(2)], Ok(2), 2),
            ([Err(Lost::Broken), Err(Lost::Broken)], Err(Lost::Broken), 2),
            ([Err(Lost::Silent), Ok(2)], Err(Lost::Silent), 1),
        ] {
            let count = Cell::new(0);
            let read = || async {
                let answer = answers[count.get()];
                count.set(count.get() + 1);
                answer
            };
            let answer = reread(|lost| *lost == Lost::Broken, read).await;
            assert_eq!((answer, count.get()), (expected, asked), "{answers:?}");
        }
    }
}
