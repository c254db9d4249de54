//! The Rust side: the routes of `flask/app.py`.

use crate::rust_types;
use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use e2e::signals::Signals;
use serde_json::{Value, json};
use web_session::SessionManager;
use web_session::{Error, Session, SessionLayer};

type Answered = Result<Json<Value>, Error>;
type Done = Result<(), Error>;

/// Makes the application.
///
/// | route | body | what it does |
/// |---|---|---|
/// | `/set`, `/get` | key and value, key | sets it, answers it |
/// | `/set/rust` | names of rows | sets the values of Rust types in the table |
/// | `/show` | | answers all keys with their values as `Debug` shows them |
/// | `/copy` | pairs of keys | sets the second of each to what the first is |
/// | `/remove` | key | removes it |
/// | `/permanent`, `/permanent/set` | flag | answers or sets whether the session is permanent |
/// | `/flash`, `/flashes` | category and message | adds one, takes all |
/// | `/login`, `/owner`, `/logout` | user | sets, answers the owner; ends the session |
/// | `/clear`, `/regenerate` | | what they say |
/// | `/hold/NAME` | key or null | sets the signal `NAME:reached`, waits for `NAME`, and sets the key if there is one |
/// | `/signals/NAME/set`, `/signals/NAME/wait` | | what they say |
pub fn router(manager: SessionManager) -> Router {
    Router::new()
        .route("/set", post(set))
        .route("/set/rust", post(set_rust))
        .route("/get", post(get))
        .route("/show", post(show))
        .route("/copy", post(copy))
        .route("/remove", post(remove))
        .route("/permanent", post(is_permanent))
        .route("/permanent/set", post(set_permanent))
        .route("/flash", post(flash))
        .route("/flashes", post(flashes))
        .route("/login", post(login))
        .route("/owner", post(owner))
        .route("/logout", post(async |session: Session| -> Done { session.flush() }))
        .route("/clear", post(async |session: Session| -> Done { session.clear() }))
        .route("/regenerate", post(async |session: Session| -> Done { session.regenerate() }))
        .route("/hold/{name}", post(hold))
        .layer(SessionLayer::new(manager))
        .route("/signals/{name}/set", post(set_signal))
        .route("/signals/{name}/wait", post(wait_for_signal))
        .with_state(Signals::new())
}

async fn set(session: Session, body: String) -> Done {
    let (key, value): (String, Value) = parse(&body);
    session.insert(key.as_str(), value)
}

async fn get(session: Session, body: String) -> Answered {
    let key: String = parse(&body);
    Ok(Json(json!([session.get::<Value>(key.as_str())?])))
}

async fn set_rust(session: Session, body: String) -> Done {
    let names: Vec<String> = parse(&body);
    for row in rust_types::ROWS.iter().filter(|row| names.iter().any(|name| name == row.name)) {
        (row.store)(&session, row.name)?;
    }
    Ok(())
}

async fn show(session: Session) -> Answered {
    let entries = session.entries()?;
    Ok(Json(entries.iter().map(|(key, value)| json!([key, format!("{value:?}")])).collect()))
}

async fn copy(session: Session, body: String) -> Done {
    let pairs: Vec<(String, String)> = parse(&body);
    for (from, to) in pairs {
        if let Some(value) = session.get::<web_session::Value>(from.as_str())? {
            session.insert(to.as_str(), value)?;
        }
    }
    Ok(())
}

async fn remove(session: Session, body: String) -> Done {
    let key: String = parse(&body);
    session.remove::<web_session::Value>(key.as_str()).map(drop)
}

async fn is_permanent(session: Session) -> Answered {
    Ok(Json(json!([session.is_permanent()])))
}

async fn set_permanent(session: Session, body: String) -> Done {
    session.set_permanent(parse(&body))
}

async fn flash(session: Session, body: String) -> Done {
    let (category, message): (String, String) = parse(&body);
    session.flash(category, message)
}

async fn flashes(session: Session) -> Answered {
    Ok(Json(json!(session.take_flashes()?)))
}

async fn login(session: Session, body: String) -> Done {
    session.set_owner(&parse::<String>(&body))
}

async fn owner(session: Session) -> Answered {
    Ok(Json(json!([session.owner()?])))
}

async fn hold(
    State(signals): State<Signals>,
    Path(name): Path<String>,
    session: Session,
    body: String,
) -> Done {
    let key: Option<String> = parse(&body);
    signals.set(format!("{name}:reached"));
    signals.wait(&name).await;
    if let Some(key) = key {
        session.insert(key.as_str(), "late")?;
    }
    Ok(())
}

async fn set_signal(State(signals): State<Signals>, Path(name): Path<String>) {
    signals.set(name);
}

async fn wait_for_signal(State(signals): State<Signals>, Path(name): Path<String>) {
    signals.wait(&name).await;
}

fn parse<T: serde::de::DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).expect("tests send what the route takes")
}
