use anyhow::Context;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use web_session::Session;

struct AppError(anyhow::Error);

/// Takes every error by `?`.
impl<E: Into<anyhow::Error>> From<E> for AppError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for AppError {
    fn into_response(self) -> Response {
        match self.0.downcast::<web_session::Error>() {
            Ok(error) => error.into_response(), // 409, 503 or 500
            Err(error) => {
                tracing::error!("{error:#}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

async fn profile(session: Session) -> Result<String, AppError> {
    let name: String = session.get("name").context("read the name")?.unwrap_or_default();
    let age: u8 = "twelve".parse()?;
    Ok(format!("{name} is {age}"))
}

#[cfg(test)]
mod tests {
    use super::{AppError, profile};
    use crate::guide::browser::{Browser, manager};
    use anyhow::Context as _;
    use axum::response::IntoResponse as _;
    use axum::{Router, routing::get};
    use web_session::{Error, ErrorKind, SessionLayer};

    #[tokio::test]
    async fn the_sessions_own_errors_keep_their_status() {
        let app = Router::new().route("/", get(profile));
        let app = app.layer(SessionLayer::new(manager([]).await));
        assert_eq!(Browser::new(&app).get("/").await.status, 500);
        let conflict = Err::<(), _>(Error::new(ErrorKind::Conflict, "store the session"));
        let error = conflict.context("save").unwrap_err();
        assert_eq!(AppError(error).into_response().status(), 409);
    }
}
