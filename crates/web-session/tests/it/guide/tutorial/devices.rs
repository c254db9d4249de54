use axum::extract::Form;
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, USER_AGENT};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Router, routing::get, routing::post};
use serde::Deserialize;
use web_session::{
    Result, ReturnTo, Session, SessionHandle, SessionLayer, SessionManager, SignedIn,
};

#[derive(Deserialize)]
struct Login {
    name: String,
    password: String,
}

/// Stands for a look into your table of users, where passwords are hashed.
fn is_right(login: &Login) -> bool {
    matches!((&*login.name, &*login.password), ("ann", "open sesame") | ("bob", "swordfish"))
}

async fn login_page() -> Html<&'static str> {
    Html(
        "<form method=post>
         <input name=name placeholder=ann>
         <input name=password type=password placeholder='open sesame'>
         <button>Log in</button></form>",
    )
}

async fn login(
    session: Session,
    next: ReturnTo,
    headers: HeaderMap,
    Form(login): Form<Login>,
) -> Result<Response> {
    if !is_right(&login) {
        return Ok((StatusCode::UNAUTHORIZED, "Wrong name or password.").into_response());
    }
    session.set_owner(&login.name)?;
    let device = headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    session.insert("device", device.unwrap_or("unknown"))?;
    Ok(Redirect::to(next.or("/")).into_response())
}

async fn devices(SignedIn { owner, session }: SignedIn) -> Result<Html<String>> {
    let mut page = format!("<h1>{owner} is logged in on</h1><ul>");
    for info in session.owners().sessions(&owner).await? {
        let device = escape(&info.get::<String>("device")?.unwrap_or_default());
        if info.is_current(&session) {
            page += &format!("<li>{device} (this device)</li>");
        } else {
            page += &format!(
                "<li>{device} <form method=post action=/end>
                 <button name=handle value={}>Log out</button></form></li>",
                info.handle()
            );
        }
    }
    page += "</ul><form method=post action=/end-others><button>Log out all others</button></form>
             <form method=post action=/logout><button>Log out here</button></form>";
    Ok(Html(page))
}

#[derive(Deserialize)]
struct End {
    handle: SessionHandle,
}

async fn end(SignedIn { owner, session }: SignedIn, Form(form): Form<End>) -> Result<Redirect> {
    session.owners().end(&owner, form.handle).await?;
    Ok(Redirect::to("/"))
}

async fn end_others(SignedIn { session, .. }: SignedIn) -> Result<Redirect> {
    session.owners().end_others(&session).await?;
    Ok(Redirect::to("/"))
}

async fn logout(session: Session) -> Result<Redirect> {
    session.flush()?;
    Ok(Redirect::to("/"))
}

/// The name of a device is what its browser sends, so it is text and not HTML.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

fn app(manager: SessionManager) -> Result<Router> {
    let sessions = SessionLayer::new(manager).with_sign_in_page("/login")?;
    Ok(Router::new()
        .route("/", get(devices))
        .route("/login", get(login_page).post(login))
        .route("/logout", post(logout))
        .route("/end", post(end))
        .route("/end-others", post(end_others))
        .layer(sessions))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt::init();
    let manager = web_session::manager_from_env().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    Ok(axum::serve(listener, app(manager)?).await?)
}

#[cfg(test)]
mod tests {
    use super::app;
    use crate::guide::browser::{Browser, manager};

    const ANN: &str = "name=ann&password=open+sesame";

    #[tokio::test]
    async fn one_device_logs_the_others_out() {
        let app = app(manager([("SESSION_OWNER_INDEX", "true")]).await).unwrap();
        let mut laptop = Browser::called("Lap<top", &app);
        let mut phone = Browser::called("Phone", &app);
        let mut tablet = Browser::called("Tablet", &app);
        assert_eq!(laptop.get("/").await.location(), "/login?next=/");
        for device in [&mut laptop, &mut phone, &mut tablet] {
            assert_eq!(device.post("/login", ANN).await.location(), "/");
        }
        let page = laptop.get("/").await.body;
        assert!(page.contains("Lap&lt;top (this device)"), "{page}");
        let (_, of_phone) = page.split_once("<li>Phone").unwrap();
        let (_, handle) = of_phone.split_once("value=").unwrap();
        let form = format!("handle={}", &handle[..32]);
        let mut bob = Browser::new(&app);
        bob.post("/login", "name=bob&password=swordfish").await;
        assert_eq!(bob.post("/end", &form).await.location(), "/");
        assert_eq!(phone.get("/").await.status, 200);
        assert_eq!(laptop.post("/end", &form).await.location(), "/");
        assert_eq!(phone.get("/").await.location(), "/login?next=/");
        assert_eq!(tablet.get("/").await.status, 200);
        assert_eq!(laptop.post("/end-others", "").await.location(), "/");
        assert_eq!(tablet.get("/").await.location(), "/login?next=/");
        assert_eq!(bob.get("/").await.status, 200);
        assert!(!laptop.get("/").await.body.contains("Tablet"));
        laptop.post("/logout", "").await;
        assert_eq!(laptop.get("/").await.location(), "/login?next=/");
    }
}
