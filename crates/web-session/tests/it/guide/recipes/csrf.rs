use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use web_session::{Key, Result, Session};

const CSRF_TOKEN: Key<String> = Key::new("csrf_token");

/// The token of this session, made once.
async fn csrf_token(session: &Session) -> Result<String> {
    if let Some(token) = session.get(CSRF_TOKEN)? {
        return Ok(token);
    }
    let random = || format!("{:032x}", rand::random::<u128>());
    session.update(CSRF_TOKEN, |token: Option<String>| token.unwrap_or_else(random)).await
}

async fn form(session: Session) -> Result<Html<String>> {
    let token = csrf_token(&session).await?;
    Ok(Html(format!(
        "<form method=post>
         <input type=hidden name=csrf_token value={token}>
         <input name=email><button>Save</button></form>"
    )))
}

#[derive(Deserialize)]
struct Email {
    csrf_token: String,
    email: String,
}

async fn save(session: Session, Form(form): Form<Email>) -> Result<Response> {
    if session.get(CSRF_TOKEN)? != Some(form.csrf_token) {
        return Ok((StatusCode::FORBIDDEN, "Please reload the page.").into_response());
    }
    session.insert("email", form.email)?;
    Ok(Redirect::to("/").into_response())
}

#[cfg(test)]
mod tests {
    use super::{form, save};
    use crate::guide::browser::{Answer, Browser, manager};
    use axum::{Router, routing::get};
    use web_session::SessionLayer;

    fn token(answer: &Answer) -> String {
        let (_, value) = answer.body.split_once("value=").unwrap();
        value.split('>').next().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_form_needs_the_token_of_its_session() {
        let app = Router::new().route("/", get(form).post(save));
        let app = app.layer(SessionLayer::new(manager([]).await));
        let (mut ann, mut bob) = (Browser::new(&app), Browser::new(&app));
        let of_ann = token(&ann.get("/").await);
        assert_eq!(of_ann.len(), 32);
        assert_eq!(token(&ann.get("/").await), of_ann);
        assert_ne!(token(&bob.get("/").await), of_ann);
        let form = format!("email=x&csrf_token={of_ann}");
        assert_eq!(bob.post("/", &form).await.status, 403);
        assert_eq!(ann.post("/", &form).await.location(), "/");
        assert_eq!(Browser::new(&app).post("/", &form).await.status, 403);
    }
}
