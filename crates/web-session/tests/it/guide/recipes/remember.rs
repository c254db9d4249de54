use axum::extract::Form;
use axum::response::Redirect;
use serde::Deserialize;
use std::time::Duration;
use web_session::{Result, Session};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

#[derive(Deserialize)]
struct Login {
    name: String,
    /// `<input type=checkbox name=remember>`: there if it is ticked.
    remember: Option<String>,
}

async fn login(session: Session, Form(login): Form<Login>) -> Result<Redirect> {
    let is_remembered = login.remember.is_some();
    // After the password is found right:
    session.set_owner(&login.name)?;
    session.set_permanent(is_remembered)?; // whether the cookie outlives the browser
    session.set_lifetime(if is_remembered { 90 * DAY } else { DAY / 2 })?; // without use
    Ok(Redirect::to("/"))
}

#[cfg(test)]
mod tests {
    use super::login;
    use crate::guide::browser::{Browser, manager};
    use axum::http::header::SET_COOKIE;
    use axum::{Router, routing::post};
    use web_session::SessionLayer;

    #[tokio::test]
    async fn the_box_says_whether_the_cookie_outlives_the_browser() {
        let app = Router::new().route("/login", post(login));
        let mut browser = Browser::new(&app.layer(SessionLayer::new(manager([]).await)));
        let answer = browser.post("/login", "name=ann&remember=on").await;
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        assert!(cookie.contains("Max-Age=7776000"), "{cookie}");
        let answer = browser.post("/login", "name=bob").await;
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        assert!(!cookie.contains("Max-Age"), "{cookie}");
    }
}
