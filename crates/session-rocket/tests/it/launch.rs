//! What keeps an application from being launched.

use crate::support::{app, manager};
use rocket::error::ErrorKind;
use rocket::{Build, Rocket, get, routes};
use session_core::{Named, Session, SignedIn};
use session_rocket::SessionFairing;

enum Admin {}

#[get("/")]
fn plain(_session: Session) {}

#[get("/option")]
fn option(_session: Option<Session>) {}

#[get("/named")]
fn named(_session: Named<Admin, Session>) {}

#[get("/member")]
fn member(_member: SignedIn) {}

#[get("/named-member")]
fn named_member(_member: Named<Admin, SignedIn>) {}

async fn failure(app: Rocket<Build>) -> Option<String> {
    let error = app.ignite().await.err()?;
    Some(match error.kind() {
        ErrorKind::SentinelAborts(found) => format!("{} sentinels", found.len()),
        ErrorKind::FailedFairings(failed) => format!("{} fairings", failed.len()),
        other => format!("{other:?}"),
    })
}

#[tokio::test]
async fn route_with_a_session_needs_the_fairing() {
    for routes in [routes![plain], routes![option], routes![member]] {
        let found = failure(app().mount("/", routes.clone())).await;
        assert_eq!(found.as_deref(), Some("1 sentinels"), "{routes:?}");
        let named = SessionFairing::named::<Admin>(manager().0);
        let found = failure(app().mount("/", routes.clone()).attach(named)).await;
        assert_eq!(found.as_deref(), Some("1 sentinels"), "{routes:?}");
        let fairing = SessionFairing::new(manager().0);
        assert_eq!(failure(app().mount("/", routes).attach(fairing)).await, None);
    }
    for routes in [routes![named], routes![named_member]] {
        let unnamed = SessionFairing::new(manager().0);
        let found = failure(app().mount("/", routes.clone()).attach(unnamed)).await;
        assert_eq!(found.as_deref(), Some("1 sentinels"), "{routes:?}");
        let fairing = SessionFairing::named::<Admin>(manager().0);
        assert_eq!(failure(app().mount("/", routes).attach(fairing)).await, None);
    }
}

#[tokio::test]
async fn two_fairings_of_one_name_are_refused() {
    let twice = || {
        let (first, second) = (manager().0, manager().0);
        app().attach(SessionFairing::new(first)).attach(SessionFairing::new(second))
    };
    assert_eq!(failure(twice()).await.as_deref(), Some("1 fairings"));
    let (site, admin) = (manager().0, manager().0);
    let both =
        app().attach(SessionFairing::named::<Admin>(admin)).attach(SessionFairing::new(site));
    assert_eq!(failure(both).await, None);
}
