//! One application behind each session layer, and behind none.

use crate::row::{Row, UnknownName};
use crate::visitor::{ENTRIES, VISITS};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use axum::routing::get;
use futures_util::FutureExt as _;
use session_core::{
    Bytes, Config, Lease, MemoryStore, Precondition, Result, SessionManager, Signer, Store,
    StoreKey,
};
use session_core::{Error, Session};
use session_tower::SessionLayer;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt as _;
use tower_sessions::{MemoryStore as PeerStore, SessionManagerLayer};

/// Records in the store before the first request: so many that a few more make no table grow.
const POPULATION: u32 = 5_120;

/// Whose cost is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// The application without any sessions.
    Bare,
    /// This library.
    Session,
    /// This library, with signed cookies.
    Signed,
    /// tower-sessions.
    TowerSessions,
}

impl Subject {
    /// All of them; the bare application first.
    pub const ALL: [Self; 4] = [Self::Bare, Self::Session, Self::Signed, Self::TowerSessions];

    /// A word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Session => "session",
            Self::Signed => "signed",
            Self::TowerSessions => "tower-sessions",
        }
    }
}

impl FromStr for Subject {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        Self::ALL.into_iter().find(|subject| subject.as_str() == name).ok_or(UnknownName)
    }
}

/// An application with a visitor whose session is stored.
#[derive(Debug)]
pub struct App {
    router: Router,
    cookie: Option<String>,
}

impl App {
    /// Builds the application of `subject`.
    ///
    /// # Errors
    ///
    /// Those of the library that is measured; there are none.
    pub fn new(subject: Subject) -> Result<Self, Box<dyn std::error::Error>> {
        match subject {
            Subject::Bare => Ok(Self { router: bare(), cookie: None }),
            Subject::Session => session(Config::default(), None),
            Subject::Signed => {
                let signer = Signer::new("thirty-two bytes nobody can guess")?;
                session(Config::builder().use_signer(true).build()?, Some(signer))
            }
            Subject::TowerSessions => tower_sessions(),
        }
    }

    /// The service, as a server clones it for a connection.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// A request of `row`; without a session layer it carries the cookies of a stranger.
    pub fn request(&self, row: Row) -> Request<Body> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = axum::http::Uri::from_static(row.path());
        let cookies = match (&self.cookie, row) {
            (Some(cookie), Row::Untouched | Row::Read | Row::Increment) => {
                format!("consent=necessary; {cookie}")
            }
            (None, _) | (_, Row::New) => "consent=necessary".to_owned(),
        };
        let cookies = cookies.try_into().expect("a cookie is a field value");
        request.headers_mut().insert(header::COOKIE, cookies);
        request
    }
}

/// Sends one request; nothing in it waits for anything.
#[inline]
pub fn serve(router: Router, request: Request<Body>) -> Response<Body> {
    match router.oneshot(request).now_or_never() {
        Some(Ok(response)) => response,
        Some(Err(never)) => match never {},
        None => Response::new(Body::from("memory made somebody wait")),
    }
}

fn bare() -> Router {
    Router::new()
        .route(Row::Untouched.path(), get(untouched))
        .route(Row::Read.path(), get(untouched))
        .route(Row::Increment.path(), get(untouched))
        .route(Row::New.path(), get(untouched))
}

async fn untouched() -> String {
    1000.to_string()
}

fn session(config: Config, signer: Option<Signer>) -> Result<App, Box<dyn std::error::Error>> {
    async fn read(session: Session) -> Result<String, Error> {
        Ok(session.get::<u64>(VISITS)?.unwrap_or_default().to_string())
    }

    async fn increment(session: Session) -> Result<String, Error> {
        let visits = session.get::<u64>(VISITS)?.unwrap_or_default() + 1;
        session.insert(VISITS, visits)?;
        Ok(visits.to_string())
    }

    async fn new(session: Session) -> Result<String, Error> {
        for (key, value) in ENTRIES {
            session.insert(key, value)?;
        }
        Ok(1000.to_string())
    }

    let store = Arc::new(MemoryStore::new());
    populate(&store)?;
    let manager = SessionManager::new(store, config, signer)?;
    let session = manager.create();
    for (key, value) in ENTRIES {
        session.insert(key, value)?;
    }
    let commit = now(session.commit())??;
    let router = Router::new()
        .route(Row::Untouched.path(), get(untouched))
        .route(Row::Read.path(), get(read))
        .route(Row::Increment.path(), get(increment))
        .route(Row::New.path(), get(new))
        .layer(SessionLayer::new(manager));
    let cookie = commit.id_field().and_then(|cookie| Some(cookie.split_once(';')?.0.to_owned()));
    Ok(App { router, cookie })
}

fn populate(store: &MemoryStore) -> Result<(), Box<dyn std::error::Error>> {
    let lease = Lease { ttl: Duration::from_secs(3600), owner: None };
    for number in 0..POPULATION {
        let key = StoreKey::new("session:", &spread_id(number));
        let write = store.write(&key, Bytes::from_static(b"\x80"), &lease, Precondition::Absent);
        now(write)?.map(drop)?;
    }
    Ok(())
}

/// The same ids in each run, spread over a store as evenly as random ones: no table of the store is
/// about to grow.
fn spread_id(number: u32) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mixed = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let digit = |place: u32| (mixed.checked_shr(6 * place).unwrap_or(0) % 64) as usize;
    (0..43).rev().map(|place| char::from(ALPHABET[digit(place)])).collect()
}

fn tower_sessions() -> Result<App, Box<dyn std::error::Error>> {
    type Failure = axum::http::StatusCode;
    const FAILED: Failure = Failure::INTERNAL_SERVER_ERROR;

    async fn read(session: tower_sessions::Session) -> Result<String, Failure> {
        let visits = session.get::<u64>(VISITS).await.map_err(|_| FAILED)?;
        Ok(visits.unwrap_or_default().to_string())
    }

    async fn increment(session: tower_sessions::Session) -> Result<String, Failure> {
        let visits = session.get::<u64>(VISITS).await.map_err(|_| FAILED)?;
        let visits = visits.unwrap_or_default() + 1;
        session.insert(VISITS, visits).await.map_err(|_| FAILED)?;
        Ok(visits.to_string())
    }

    async fn new(session: tower_sessions::Session) -> Result<String, Failure> {
        for (key, value) in ENTRIES {
            session.insert(key, value).await.map_err(|_| FAILED)?;
        }
        Ok(1000.to_string())
    }

    let store = PeerStore::default();
    let seed = Arc::new(store.clone());
    for _ in 0..POPULATION {
        let session = tower_sessions::Session::new(None, seed.clone(), None);
        now(session.save())??;
    }
    let session = tower_sessions::Session::new(None, seed, None);
    for (key, value) in ENTRIES {
        now(session.insert(key, value))??;
    }
    now(session.save())??;
    let cookie = session.id().map(|id| format!("id={id}"));
    let router = Router::new()
        .route(Row::Untouched.path(), get(untouched))
        .route(Row::Read.path(), get(read))
        .route(Row::Increment.path(), get(increment))
        .route(Row::New.path(), get(new))
        .layer(SessionManagerLayer::new(store));
    Ok(App { router, cookie })
}

fn now<T>(future: impl Future<Output = T>) -> Result<T, &'static str> {
    future.now_or_never().ok_or("wait for a store in memory")
}
