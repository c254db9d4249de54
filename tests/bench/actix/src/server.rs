//! The server that runs under valgrind: one application behind each session middleware.

use crate::row::Row;
use crate::subject::Subject;
use crate::visitor::{ENTRIES, VISITS};
use actix_session::config::BrowserSession;
use actix_session::storage::RedisSessionStore;
use actix_web::cookie::{self, Key};
use actix_web::web::{self, ServiceConfig, get};
use actix_web::{App, HttpServer};
use std::error::Error;
use std::io::{Read as _, Write as _, stdin, stdout};
use std::time::Duration;
use web_session::config::Settings;

/// How long the sessions of a run stay in Redis.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Serves at a port that it prints, until standard input ends.
pub async fn run(subject: Subject, redis: &str) -> Result<(), Box<dyn Error>> {
    let prefix = format!("bench-actix-{}:", std::process::id());
    match subject {
        Subject::Bare => serve(bare).await,
        Subject::Session => session(redis, &prefix, "false").await,
        Subject::Signed => session(redis, &prefix, "true").await,
        Subject::ActixSession => peer(redis, prefix).await,
    }
}

async fn serve(
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> Result<(), Box<dyn Error>> {
    let server = HttpServer::new(move || App::new().configure(&configure));
    let server = server
        .workers(1)
        .disable_signals()
        // Under valgrind, on a busy machine, a request may take longer than a browser's.
        .client_request_timeout(Duration::from_secs(60))
        .keep_alive(Duration::from_secs(60))
        .bind("127.0.0.1:0")?;
    let port = server.addrs().first().ok_or("no address is bound")?.port();
    std::thread::spawn(|| {
        let _ = stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    writeln!(stdout(), "{port}")?;
    Ok(server.run().await?)
}

async fn untouched() -> String {
    1000.to_string()
}

fn bare(app: &mut ServiceConfig) {
    app.service(
        web::scope("")
            .route(Row::Untouched.path(), get().to(untouched))
            .route(Row::Read.path(), get().to(untouched))
            .route(Row::Increment.path(), get().to(untouched))
            .route(Row::New.path(), get().to(untouched)),
    );
}

async fn session(redis: &str, prefix: &str, is_signed: &str) -> Result<(), Box<dyn Error>> {
    use web_session::{Result, Session, SessionMiddleware};

    async fn read(session: Session) -> Result<String> {
        Ok(session.get::<u64>(VISITS)?.unwrap_or_default().to_string())
    }

    async fn increment(session: Session) -> Result<String> {
        let visits = session.get::<u64>(VISITS)?.unwrap_or_default() + 1;
        session.insert(VISITS, visits)?;
        Ok(visits.to_string())
    }

    async fn new(session: Session) -> Result<String> {
        for (key, value) in ENTRIES {
            session.insert(key, value)?;
        }
        Ok(1000.to_string())
    }

    let settings = Settings::from_iter([
        ("SESSION_TYPE", "redis"),
        ("SESSION_REDIS", redis),
        ("SESSION_KEY_PREFIX", prefix),
        ("PERMANENT_SESSION_LIFETIME", &LIFETIME.as_secs().to_string()),
        ("SESSION_USE_SIGNER", is_signed),
        ("SECRET_KEY", "a key that signs nothing but what is measured"),
    ]);
    let manager = web_session::manager(&settings).await?;
    serve(move |app| {
        app.service(
            web::scope("")
                .wrap(SessionMiddleware::new(manager.clone()))
                .route(Row::Untouched.path(), get().to(untouched))
                .route(Row::Read.path(), get().to(read))
                .route(Row::Increment.path(), get().to(increment))
                .route(Row::New.path(), get().to(new)),
        );
    })
    .await
}

async fn peer(redis: &str, prefix: String) -> Result<(), Box<dyn Error>> {
    use actix_session::{Session, SessionMiddleware};
    use actix_web::Result;

    async fn read(session: Session) -> Result<String> {
        Ok(session.get::<u64>(VISITS)?.unwrap_or_default().to_string())
    }

    async fn increment(session: Session) -> Result<String> {
        let visits = session.get::<u64>(VISITS)?.unwrap_or_default() + 1;
        session.insert(VISITS, visits)?;
        Ok(visits.to_string())
    }

    async fn new(session: Session) -> Result<String> {
        for (key, value) in ENTRIES {
            session.insert(key, value)?;
        }
        Ok(1000.to_string())
    }

    let store = RedisSessionStore::builder(redis);
    let store = store.cache_keygen(move |key| format!("{prefix}{key}")).build().await?;
    let ttl = cookie::time::Duration::try_from(LIFETIME)?;
    let lifecycle = BrowserSession::default().state_ttl(ttl);
    serve(move |app| {
        let sessions = SessionMiddleware::builder(store.clone(), Key::from(&[7; 64]))
            .session_lifecycle(lifecycle.clone())
            .build();
        app.service(
            web::scope("")
                .wrap(sessions)
                .route(Row::Untouched.path(), get().to(untouched))
                .route(Row::Read.path(), get().to(read))
                .route(Row::Increment.path(), get().to(increment))
                .route(Row::New.path(), get().to(new)),
        );
    })
    .await
}
