//! On actix-session 0.11 and actix-identity 0.9.

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::config::{BrowserSession, PersistentSession, TtlExtensionPolicy};
use actix_session::storage::CookieSessionStore;
use actix_session::{Session, SessionMiddleware, SessionStatus};
use actix_web::cookie::{Key, time::Duration};
use actix_web::{Error, HttpMessage as _, HttpRequest, web};

async fn home(session: Session) -> Result<String, Error> {
    session.update_or("visits", 1, |n: u64| n + 1)?;
    let visits = session.get::<u64>("visits")?.unwrap_or(0);
    Ok(format!("visit {visits}"))
}

async fn login(request: HttpRequest, session: Session) -> Result<String, Error> {
    Identity::login(&request.extensions(), "ann".into())?;
    session.renew();
    session.remove("visits");
    session.insert("note", "tea")?;
    session.insert("cups", 1)?;
    session.update("cups", |n: u64| n + 1)?;
    assert_eq!(session.status(), SessionStatus::Renewed);
    Ok(String::new())
}

async fn account(identity: Identity) -> Result<String, Error> {
    identity.id().map_err(actix_web::error::ErrorInternalServerError)
}

async fn note(session: Session) -> Result<String, Error> {
    let ours = |key: &&String| ["note", "cups"].contains(&key.as_str());
    let count = session.entries().keys().filter(ours).count();
    let cups = session.remove_as::<u64>("cups").and_then(Result::ok);
    let note = session.remove_as::<String>("note").and_then(Result::ok);
    assert!(!session.contains_key("note"));
    Ok(match (note, cups) {
        (Some(note), Some(cups)) => format!("{note} and {cups} cups of {count} values"),
        _ => format!("nothing of {count} values"),
    })
}

async fn logout(session: Session) -> Result<String, Error> {
    session.clear();
    session.purge();
    Ok(String::new())
}

pub(super) fn routes(app: &mut web::ServiceConfig) {
    let policy = TtlExtensionPolicy::OnEveryRequest;
    let _other = TtlExtensionPolicy::OnStateChanges;
    let key = Key::from(&[7; 64]);
    let _plain = SessionMiddleware::new(CookieSessionStore::default(), key.clone());
    let _default = BrowserSession::default().state_ttl(Duration::days(1));
    let lifecycle = PersistentSession::default().session_ttl(Duration::weeks(2));
    let sessions = SessionMiddleware::builder(CookieSessionStore::default(), key)
        .cookie_name("id".into())
        .cookie_secure(false)
        .session_lifecycle(lifecycle.session_ttl_extension_policy(policy))
        .build();
    app.service(
        web::scope("")
            .wrap(IdentityMiddleware::default())
            .wrap(sessions)
            .route("/", web::get().to(home))
            .route("/login", web::get().to(login))
            .route("/account", web::get().to(account))
            .route("/note", web::get().to(note))
            .route("/logout", web::get().to(logout)),
    );
}
