//! A login by an OpenID Connect provider, with `state`, `nonce` and PKCE in the session.
//!
//! ```text
//! export OIDC_ISSUER=https://accounts.google.com
//! export OIDC_AUTHORIZATION_ENDPOINT=https://accounts.google.com/o/oauth2/v2/auth
//! export OIDC_TOKEN_ENDPOINT=https://oauth2.googleapis.com/token
//! export OIDC_CLIENT_ID=.. OIDC_CLIENT_SECRET=..
//! cargo run -p oauth2-login                            in memory
//! SESSION_TYPE=filesystem cargo run -p oauth2-login    in ./flask_session, across restarts
//! ```
//!
//! Any other provider's `/.well-known/openid-configuration` says the same of it. Register
//! `http://localhost:3000/callback` there as the redirect URI, and open <http://localhost:3000>.

mod provider;
#[cfg(test)]
mod tests;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Router, routing::get, routing::post};
use provider::{Begun, Claims, Provider};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use web_session::{Config, Error, MemoryStore, SessionManager, Signer};
use web_session::{Key, Result, ReturnTo, Session, SessionLayer, SignedIn};

/// Where browsers reach this program.
const OURS: &str = "http://localhost:3000";

/// What the application has to remember until the visitor comes back from the provider.
#[derive(Clone, Deserialize, Serialize)]
struct Pending {
    begun: Begun,
    next: String,
}

/// Several, the oldest first: a visitor may have begun in two tabs.
const PENDING: Key<Vec<Pending>> = Key::new("oauth");
const MOST: usize = 5;

const NAME: Key<String> = Key::new("name");

/// Sends the visitor to the provider. `ReturnTo` is a path of this application, whoever made the link.
async fn login(
    State(provider): State<Arc<Provider>>,
    session: Session,
    next: ReturnTo,
) -> Result<Redirect> {
    let (url, begun) = provider.begin();
    let new = Pending { begun, next: next.or("/").to_owned() };
    session.modify(PENDING, move |pending| {
        let mut pending = pending.unwrap_or_default();
        if pending.len() >= MOST {
            pending.remove(0);
        }
        pending.push(new.clone());
        pending
    })?;
    Ok(Redirect::to(&url))
}

#[derive(Deserialize)]
struct Callback {
    state: String,
    /// Missing if the visitor has declined: then there is an `error` in its place (RFC 6749, section
    /// 4.1.2.1).
    code: Option<String>,
}

/// Takes the visitor back who has been to the provider.
async fn callback(
    State(provider): State<Arc<Provider>>,
    session: Session,
    Query(Callback { state, code }): Query<Callback>,
) -> Result<Response> {
    let Some(Pending { begun, next }) = take(&session, &state).await? else {
        return Ok((StatusCode::BAD_REQUEST, "Please begin again.").into_response());
    };
    let Some(code) = code else {
        return Ok((StatusCode::FORBIDDEN, "You have not logged in.").into_response());
    };
    match provider.redeem(code, begun).await {
        Ok(claims) => {
            session.set_owner(&account_of(&claims))?; // the login, with a new id
            session.insert(NAME, claims.name.unwrap_or_default())?;
            session.forget(PENDING)?;
            Ok(Redirect::to(&next).into_response())
        }
        Err(refusal) => {
            tracing::warn!("no login: {refusal}");
            Ok((StatusCode::FORBIDDEN, "The provider did not vouch for you.").into_response())
        }
    }
}

/// Takes what began with `state` out of the store at once, so that no `state` counts twice. Another
/// browser's session has no such login, so nobody is logged in by a link of somebody else.
async fn take(session: &Session, state: &str) -> Result<Option<Pending>> {
    let taken = session.transaction(|values| {
        let mut pending = values.get(PENDING)?.unwrap_or_default();
        let Some(at) = pending.iter().position(|one| one.begun.state == state) else {
            return Ok(None);
        };
        let taken = pending.remove(at);
        values.insert(PENDING, &pending)?;
        Ok::<_, Error>(Some(taken))
    });
    taken.await
}

/// Stands for your table of users: the account that belongs to issuer and subject together. Names
/// and mail addresses change hands.
fn account_of(claims: &Claims) -> String {
    format!("{} {}", claims.iss, claims.sub)
}

async fn home(signed_in: Option<SignedIn>) -> Result<Html<String>> {
    let Some(SignedIn { session, .. }) = signed_in else {
        return Ok(Html("<a href=/account>To my account</a>".into()));
    };
    let name = session.get(NAME)?.unwrap_or_default().replace('&', "&amp;").replace('<', "&lt;");
    Ok(Html(format!(
        "<p>Hello {name}.</p> <a href=/account>To my account</a>
         <form method=post action=/logout><button>Log out</button></form>"
    )))
}

/// Who is not logged in is sent to `/login?next=/account`.
async fn account(SignedIn { owner, .. }: SignedIn) -> String {
    format!("the account of {owner}")
}

async fn logout(session: Session) -> Result<Redirect> {
    session.flush()?; // here; the provider's own session goes on
    Ok(Redirect::to("/"))
}

fn app(manager: SessionManager, provider: Provider) -> Result<Router> {
    Ok(Router::new()
        .route("/", get(home))
        .route("/account", get(account))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/logout", post(logout))
        .with_state(Arc::new(provider))
        .layer(SessionLayer::new(manager).with_sign_in_page("/login")?))
}

/// As the environment says, or hardened and in memory, signed with a key of this run.
async fn sessions() -> Result<SessionManager> {
    if std::env::var_os("SESSION_TYPE").is_some() {
        return web_session::manager_from_env().await;
    }
    let key: [u8; 32] = rand::random();
    let config = Config::hardened().build()?;
    SessionManager::new(Arc::new(MemoryStore::new()), config, Some(Signer::new(key)?))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    tracing_subscriber::fmt::init();
    let provider = Provider::new(|name| std::env::var(name).ok(), format!("{OURS}/callback"))?;
    let app = app(sessions().await?, provider)?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    eprintln!("{OURS} logs in by a provider");
    Ok(axum::serve(listener, app).await?)
}
