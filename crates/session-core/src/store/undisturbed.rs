//! Work that a caller who goes away does not cut short.

use super::Lost;

/// Runs `work` to its end on a task of its own, whoever waits for it.
///
/// For clients that leave a connection in doubt, or an answer for the next call to read, if the
/// future of a call is dropped half-way. Put the deadline inside. Needs a tokio runtime.
///
/// # Errors
///
/// `Lost::Broken` if the work panicked, or the runtime ends.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use web_session::Result;
/// use web_session::store::{Call, Outcome, undisturbed};
///
/// # async fn send(payload: Vec<u8>) -> Result<Outcome> { Ok(Outcome::Written { cas: 0 }) }
/// async fn update(payload: Vec<u8>) -> Result<Outcome> {
///     undisturbed(send(payload)).await.map_err(|lost| Call::Update.lost("mystore", lost))?
/// }
/// ```
pub fn undisturbed<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Result<T, Lost>> + Send {
    // A dropped handle leaves its task running. Begun here, so that the future of the caller holds
    // the handle and not the work.
    let task = tokio::spawn(work);
    async { task.await.map_err(|_| Lost::Broken) }
}

#[cfg(test)]
mod tests {
    use super::undisturbed;
    use crate::store::Lost;
    use std::sync::Arc;
    use tokio::sync::{Notify, oneshot};

    #[tokio::test]
    async fn work_ends_though_nobody_waits() {
        let (go_on, (done, is_done)) = (Arc::new(Notify::new()), oneshot::channel());
        let work = {
            let go_on = Arc::clone(&go_on);
            async move {
                go_on.notified().await;
                done.send("done").expect("the test waits");
            }
        };
        let mut call = Box::pin(undisturbed(work));
        tokio::select! {
            biased;
            _ = &mut call => unreachable!("the work waits for the test"),
            () = tokio::task::yield_now() => drop(call),
        }
        go_on.notify_one();
        assert_eq!(is_done.await, Ok("done"));
    }

    #[tokio::test]
    async fn answer_of_work_that_panicked_is_lost() {
        assert_eq!(undisturbed(async { 1 }).await, Ok(1));
        let panics = async { panic!("as a bug of a client would") };
        assert_eq!(undisturbed::<()>(panics).await, Err(Lost::Broken));
    }
}
