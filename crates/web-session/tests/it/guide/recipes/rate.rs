use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use std::time::UNIX_EPOCH;
use web_session::{Key, Result, SignedIn};

#[derive(Deserialize, Serialize)]
struct Window {
    minute: u64,
    requests: u32,
}

const WINDOW: Key<Window> = Key::new("window");
const MOST: u32 = 30;

/// Thirty requests a minute for each session.
async fn limited(
    SignedIn { session, .. }: SignedIn,
    request: Request,
    next: Next,
) -> Result<Response> {
    let minute = UNIX_EPOCH.elapsed().unwrap_or_default().as_secs() / 60;
    let counted = session.update(WINDOW, |window| match window {
        Some(window) if window.minute == minute => {
            Window { minute, requests: window.requests.saturating_add(1) }
        }
        _ => Window { minute, requests: 1 },
    });
    if counted.await?.requests > MOST {
        return Ok((StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "60")]).into_response());
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::{MOST, limited};
    use crate::guide::browser::{Browser, manager};
    use crate::guide::recipes::signed_in;
    use axum::middleware::from_fn;
    use axum::{Router, routing::get};
    use web_session::SessionLayer;

    #[tokio::test]
    async fn requests_over_the_limit_are_refused() {
        let manager = manager([]).await;
        let app = Router::new().route("/", get(|| async {})).layer(from_fn(limited));
        let mut browser = Browser::new(&app.layer(SessionLayer::new(manager.clone())));
        browser.cookie = signed_in(&manager, "ann").await;
        let mut refused = 0;
        // A minute may begin between two of them, and begins no second time so soon.
        for _ in 0..=2 * MOST {
            refused += u32::from(browser.get("/").await.status == 429);
        }
        assert!((1..=MOST + 1).contains(&refused), "{refused}");
    }
}
