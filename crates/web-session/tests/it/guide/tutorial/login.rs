use axum::extract::Form;
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Router, routing::get, routing::post};
use serde::Deserialize;
use web_session::{Result, Session, SessionLayer, SessionManager};

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

/// Stands for a look into your table of users, where passwords are hashed.
fn is_right(login: &Login) -> bool {
    matches!((&*login.name, &*login.password), ("ann", "open sesame") | ("bob", "swordfish"))
}

async fn home(session: Session) -> Result<Html<String>> {
    let visits = session.modify("visits", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(Html(match session.owner()? {
        Some(name) => format!(
            "<p>Hello {name}, visit {visits}.</p>
             <form method=post action=/logout><button>Log out</button></form>"
        ),
        None => format!("<p>Hello stranger, visit {visits}.</p> <a href=/login>Log in</a>"),
    }))
}

async fn login_page() -> Html<&'static str> {
    Html(
        "<form method=post>
         <input name=name placeholder=ann>
         <input name=password type=password placeholder='open sesame'>
         <button>Log in</button></form>",
    )
}

async fn login(session: Session, Form(login): Form<Login>) -> Result<Response> {
    if !is_right(&login) {
        return Ok((StatusCode::UNAUTHORIZED, "Wrong name or password.").into_response());
    }
    session.set_owner(&login.name)?; // this is the login
    Ok(Redirect::to("/").into_response())
}

async fn logout(session: Session) -> Result<Redirect> {
    session.flush()?; // and this is the logout
    Ok(Redirect::to("/"))
}

fn app(manager: SessionManager) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/login", get(login_page).post(login))
        .route("/logout", post(logout))
        .layer(SessionLayer::new(manager))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let manager = web_session::manager_from_env().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(manager)).await?)
}

#[cfg(test)]
mod tests {
    use super::app;
    use crate::guide::browser::{Browser, manager};

    #[tokio::test]
    async fn login_changes_the_id_and_keeps_the_count() {
        let mut browser = Browser::new(&app(manager([]).await));
        assert!(browser.get("/").await.body.contains("Hello stranger, visit 1"));
        let before = browser.cookie.clone();
        let refused = browser.post("/login", "name=ann&password=no").await;
        assert_eq!(refused.status, 401);
        assert_eq!(browser.cookie, before);
        let answer = browser.post("/login", "name=ann&password=open+sesame").await;
        assert_eq!(answer.location(), "/");
        assert_ne!(browser.cookie, before);
        assert!(browser.get("/").await.body.contains("Hello ann, visit 2"));
    }

    #[tokio::test]
    async fn after_a_logout_everything_begins_anew() {
        let app = app(manager([]).await);
        let mut browser = Browser::new(&app);
        browser.post("/login", "name=ann&password=open+sesame").await;
        let mut thief = Browser::new(&app);
        thief.cookie = browser.cookie.clone();
        assert!(thief.get("/").await.body.contains("Hello ann"));
        assert_eq!(browser.post("/logout", "").await.location(), "/");
        assert_eq!(browser.cookie, "");
        assert!(browser.get("/").await.body.contains("Hello stranger, visit 1"));
        assert!(thief.get("/").await.body.contains("Hello stranger"));
    }

    #[tokio::test]
    async fn nobody_inherits_the_count_of_another() {
        let mut browser = Browser::new(&app(manager([]).await));
        browser.post("/login", "name=ann&password=open+sesame").await;
        assert!(browser.get("/").await.body.contains("Hello ann, visit 1"));
        browser.post("/login", "name=bob&password=swordfish").await;
        assert!(browser.get("/").await.body.contains("Hello bob, visit 1"));
    }
}
