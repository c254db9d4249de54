//! On this library.

use actix_web::web;
use web_session::{Result, Session, SessionManager, SessionMiddleware, SignedIn};

async fn home(session: Session) -> Result<String> {
    session.modify("visits", |n| n.map_or(1, |visits: u64| visits + 1))?;
    let visits = session.get::<u64>("visits")?.unwrap_or(0);
    Ok(format!("visit {visits}"))
}

async fn login(session: Session) -> Result<String> {
    session.set_owner("ann")?;
    session.forget("visits")?;
    session.insert("note", "tea")?;
    session.insert("cups", 1)?;
    if session.contains_key("cups")? {
        session.modify("cups", |n| n.map_or(0, |n: u64| n + 1))?;
    }
    assert!(session.is_modified() && !session.is_new());
    Ok(String::new())
}

async fn account(SignedIn { owner, .. }: SignedIn) -> String {
    owner
}

async fn note(session: Session) -> Result<String> {
    let entries = session.entries()?;
    let count = entries.iter().filter(|(key, _)| ["note", "cups"].contains(&&**key)).count();
    let cups = session.remove::<u64>("cups")?;
    let note = session.remove::<String>("note")?;
    assert!(!session.contains_key("note")?);
    Ok(match (note, cups) {
        (Some(note), Some(cups)) => format!("{note} and {cups} cups of {count} values"),
        _ => format!("nothing of {count} values"),
    })
}

async fn logout(session: Session) -> Result<String> {
    session.clear()?;
    session.flush()?;
    Ok(String::new())
}

/// A new id without a login.
async fn raise(session: Session) -> Result<String> {
    session.regenerate()?;
    Ok(String::new())
}

pub(super) fn routes(app: &mut web::ServiceConfig, manager: SessionManager) {
    app.service(
        web::scope("")
            .wrap(SessionMiddleware::new(manager))
            .route("/", web::get().to(home))
            .route("/login", web::get().to(login))
            .route("/account", web::get().to(account))
            .route("/note", web::get().to(note))
            .route("/raise", web::get().to(raise))
            .route("/logout", web::get().to(logout)),
    );
}
