use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use web_session::{Session, SignedIn};

enum AppError {
    Session(web_session::Error),
    NotFound,
}

impl From<web_session::Error> for AppError {
    fn from(error: web_session::Error) -> Self {
        Self::Session(error)
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        match self {
            Self::Session(error) => error.into_response(), // 409, 503 or 500
            Self::NotFound => (StatusCode::NOT_FOUND, "There is no such page.").into_response(),
        }
    }
}

async fn article(session: Session) -> Result<String, AppError> {
    let Some(title) = session.get::<String>("last_title")? else { return Err(AppError::NotFound) };
    Ok(title)
}

/// Answers 402 on its own account, and what it changed shall not be stored.
async fn buy(SignedIn { session, .. }: SignedIn) -> Result<Response, AppError> {
    session.insert("credit", 0)?;
    session.abandon()?;
    Ok(StatusCode::PAYMENT_REQUIRED.into_response())
}

#[cfg(test)]
mod tests {
    use super::{article, buy};
    use crate::guide::browser::{Browser, manager};
    use crate::guide::recipes::{signed_in, with_values};
    use axum::{Router, routing::get};
    use web_session::{Result, Session, SessionLayer};

    async fn credit(session: Session) -> Result<String> {
        Ok(format!("{:?}", session.get::<u64>("credit")?))
    }

    #[tokio::test]
    async fn an_error_of_the_application_keeps_the_sessions_status() {
        let manager = manager([]).await;
        let app = Router::new().route("/", get(article)).route("/buy", get(buy));
        let app = app.route("/credit", get(credit)).layer(SessionLayer::new(manager.clone()));
        let mut browser = Browser::new(&app);
        assert_eq!(browser.get("/").await.status, 404);
        browser.cookie = signed_in(&manager, "ann").await;
        assert_eq!(browser.get("/buy").await.status, 402);
        assert_eq!(browser.get("/credit").await.body, "None");
        browser.cookie = with_values(&manager, |session| session.insert("last_title", 5)).await;
        assert_eq!(browser.get("/").await.status, 500);
    }
}
