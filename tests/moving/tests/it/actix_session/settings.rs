//! Each setting of the page does what it stands for.

use super::get;
use crate::browser::Browser;
use crate::settings::{A_WHILE, manager};
use crate::told::Told;
use actix_session::config::{
    BrowserSession, PersistentSession, SessionMiddlewareBuilder, TtlExtensionPolicy,
};
use actix_session::storage::CookieSessionStore;
use actix_session::{Session as TheirSession, SessionMiddleware as TheirMiddleware};
use actix_web::App;
use actix_web::cookie::{Key, SameSite, time::Duration};
use actix_web::test::init_service;
use actix_web::web::{self, ServiceConfig};
use web_session::{Result, Session, SessionMiddleware};

type Builder = SessionMiddlewareBuilder<CookieSessionStore>;
type Pairs = &'static [(&'static str, &'static str)];
/// One setting of theirs.
type Change = fn(Builder) -> Builder;

/// What the middleware says without being told.
const DEFAULTS: Pairs = &[
    ("SESSION_COOKIE_NAME", "id"),
    ("SESSION_COOKIE_SECURE", "true"),
    ("SESSION_COOKIE_SAMESITE", "Lax"),
    ("SESSION_PERMANENT", "false"),
];

/// What a visitor is told who writes, and a while later reads.
async fn told_by(configure: impl FnOnce(&mut ServiceConfig)) -> [Vec<Told>; 2] {
    let app = init_service(App::new().configure(configure)).await;
    let mut ann = Browser::default();
    get(&app, &mut ann, "/write").await;
    let at_once = ann.take_told();
    tokio::time::advance(A_WHILE).await;
    get(&app, &mut ann, "/read").await;
    [at_once, ann.take_told()]
}

async fn theirs(builder: fn(Builder) -> Builder) -> [Vec<Told>; 2] {
    async fn write(session: TheirSession) -> actix_web::Result<String> {
        session.insert("n", 1)?;
        Ok(String::new())
    }

    async fn read(session: TheirSession) -> actix_web::Result<String> {
        session.get::<u64>("n")?;
        Ok(String::new())
    }

    let builder = builder(TheirMiddleware::builder(CookieSessionStore::default(), key()));
    told_by(|app| {
        app.service(
            web::scope("")
                .wrap(builder.build())
                .route("/write", web::get().to(write))
                .route("/read", web::get().to(read)),
        );
    })
    .await
}

fn key() -> Key {
    Key::from(&[7; 64])
}

async fn ours(settings: Pairs) -> [Vec<Told>; 2] {
    async fn write(session: Session) -> Result<String> {
        session.insert("n", 1)?;
        Ok(String::new())
    }

    async fn read(session: Session) -> Result<String> {
        session.get::<u64>("n")?;
        Ok(String::new())
    }

    let sessions = SessionMiddleware::new(manager(&[DEFAULTS, settings].concat()).await);
    told_by(|app| {
        app.service(
            web::scope("")
                .wrap(sessions)
                .route("/write", web::get().to(write))
                .route("/read", web::get().to(read)),
        );
    })
    .await
}

#[actix_web::test]
async fn cookies_are_the_same() {
    tokio::time::pause();
    let table: [(Change, Pairs); 9] = [
        (|builder| builder, &[]),
        (|builder| builder.cookie_name("shop".into()), &[("SESSION_COOKIE_NAME", "shop")]),
        (|builder| builder.cookie_secure(false), &[("SESSION_COOKIE_SECURE", "false")]),
        (
            |builder| builder.cookie_same_site(SameSite::Strict),
            &[("SESSION_COOKIE_SAMESITE", "Strict")],
        ),
        (|builder| builder.cookie_http_only(false), &[("SESSION_COOKIE_HTTPONLY", "false")]),
        (|builder| builder.cookie_path("/shop".into()), &[("SESSION_COOKIE_PATH", "/shop")]),
        (
            |builder| builder.cookie_domain(Some("a.example".into())),
            &[("SESSION_COOKIE_DOMAIN", "a.example")],
        ),
        (
            |builder| {
                builder
                    .session_lifecycle(BrowserSession::default().state_ttl(Duration::minutes(10)))
            },
            &[("SESSION_PERMANENT", "false"), ("PERMANENT_SESSION_LIFETIME", "600")],
        ),
        (
            |builder| {
                builder
                    .session_lifecycle(PersistentSession::default().session_ttl(Duration::weeks(2)))
            },
            &[("SESSION_PERMANENT", "true"), ("PERMANENT_SESSION_LIFETIME", "1209600")],
        ),
    ];
    for (builder, settings) in table {
        assert_eq!(ours(settings).await[0], theirs(builder).await[0], "{settings:?}");
    }
}

#[actix_web::test]
async fn a_request_that_only_reads_renews_where_it_did() {
    fn lasting(policy: TtlExtensionPolicy) -> PersistentSession {
        let lasting = PersistentSession::default().session_ttl(Duration::days(31));
        lasting.session_ttl_extension_policy(policy)
    }

    tokio::time::pause();
    let table: [(Change, Pairs, bool); 2] = [
        (
            |builder| builder.session_lifecycle(lasting(TtlExtensionPolicy::OnEveryRequest)),
            &[("SESSION_PERMANENT", "true"), ("SESSION_REFRESH_EACH_REQUEST", "true")],
            true,
        ),
        (
            |builder| builder.session_lifecycle(lasting(TtlExtensionPolicy::OnStateChanges)),
            &[("SESSION_PERMANENT", "true"), ("SESSION_REFRESH_EACH_REQUEST", "false")],
            false,
        ),
    ];
    for (builder, settings, is_renewed) in table {
        let ([_, ours], [_, theirs]) = (ours(settings).await, theirs(builder).await);
        assert_eq!(!theirs.is_empty(), is_renewed, "{theirs:?}");
        assert_eq!(ours, theirs, "{settings:?}");
    }
}
