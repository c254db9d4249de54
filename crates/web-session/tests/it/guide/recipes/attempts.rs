use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web_session::{Key, Result, SignedIn};

const TRIES: Key<u32> = Key::new("tries");
const MOST: u32 = 5;

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// The second factor: five tries for the code, also if they come at once.
async fn second_factor(
    SignedIn { owner, session }: SignedIn,
    Form(form): Form<Code>,
) -> Result<Response> {
    // Counted in the store before the code is looked at.
    let tries = session.update(TRIES, |tries| tries.unwrap_or(0) + 1).await?;
    if tries > MOST {
        session.flush()?;
        return Ok((StatusCode::TOO_MANY_REQUESTS, "Please log in again.").into_response());
    }
    if !is_code(&owner, &form.code).await {
        return Ok((StatusCode::UNAUTHORIZED, "That is not the code.").into_response());
    }
    session.forget(TRIES)?;
    session.insert("second_factor", true)?;
    Ok(Redirect::to("/").into_response())
}

/// Stands for the check of a time-based code.
async fn is_code(_owner: &str, code: &str) -> bool {
    code == "123456"
}

#[cfg(test)]
mod tests {
    use super::second_factor;
    use crate::guide::browser::{Browser, manager};
    use crate::guide::recipes::signed_in;
    use axum::{Router, routing::post};
    use web_session::SessionLayer;

    #[tokio::test]
    async fn five_tries_end_the_session() {
        let manager = manager([]).await;
        let app = Router::new().route("/code", post(second_factor));
        let app = app.layer(SessionLayer::new(manager.clone()));
        let mut browser = Browser::new(&app);
        for last in ["123456", "0"] {
            browser.cookie = signed_in(&manager, "ann").await;
            for _ in 0..4 {
                assert_eq!(browser.post("/code", "code=0").await.status, 401);
            }
            browser.post("/code", &format!("code={last}")).await;
            let next = browser.post("/code", "code=123456").await;
            assert_eq!(next.status, if last == "0" { 429 } else { 303 });
        }
        assert_eq!(browser.cookie, "");
    }
}
