use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream};
use std::time::Duration;
use tokio::time::interval;
use web_session::{ErrorKind, Result, SignedIn};

/// Says every five seconds how many messages are unread, until the session ends.
async fn unread(SignedIn { session, .. }: SignedIn) -> Sse<impl Stream<Item = Result<Event>>> {
    let start = (session, interval(Duration::from_secs(5)));
    let events = stream::try_unfold(start, |(session, mut timer)| async move {
        timer.tick().await;
        let now = match session.reopen().await {
            Err(error) if error.kind() == ErrorKind::Gone => return Ok(None), // logged out
            reopened => reopened?,
        };
        let unread: u64 = now.get("unread")?.unwrap_or(0);
        Ok(Some((Event::default().data(unread.to_string()), (session, timer))))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}

#[cfg(test)]
mod tests {
    use super::unread;
    use crate::guide::browser::manager;
    use crate::guide::recipes::signed_in;
    use axum::body::Body;
    use axum::http::Request;
    use axum::http::header::COOKIE;
    use axum::{Router, routing::get};
    use futures_util::StreamExt as _;
    use tower::ServiceExt as _;
    use web_session::SessionLayer;

    #[tokio::test(start_paused = true)]
    async fn events_end_with_the_session() {
        let manager = manager([("SESSION_OWNER_INDEX", "true")]).await;
        let app = Router::new().route("/unread", get(unread));
        let app = app.layer(SessionLayer::new(manager.clone()));
        let cookie = signed_in(&manager, "ann").await;
        let request = Request::get("/unread").header(COOKIE, cookie).body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let mut events = response.into_body().into_data_stream();
        for _ in 0..2 {
            let event = events.next().await.unwrap().unwrap();
            assert_eq!(event, "data: 0\n\n");
        }
        manager.owners().end_all("ann").await.unwrap();
        assert!(events.next().await.is_none());
    }
}
