//! An application on axum-login and axum-messages, as their users write it.

use axum::Router;
use axum::extract::Query;
use axum::routing::get;
use axum_login::tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend, UserId};
use axum_messages::{Messages, MessagesManagerLayer};
use serde::Deserialize;
use std::convert::Infallible;

/// Somebody whose password is `open sesame`.
#[derive(Clone, Debug)]
pub(crate) struct User(String);

/// What axum-login compares with the session, so that a new password signs out.
pub(crate) const AUTH_HASH: &[u8] = b"hash of the password";

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.0.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        AUTH_HASH
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Users;

#[derive(Clone, Deserialize)]
pub(crate) struct Credentials {
    name: String,
    password: String,
}

impl AuthnBackend for Users {
    type User = User;
    type Credentials = Credentials;
    type Error = Infallible;

    async fn authenticate(&self, login: Credentials) -> Result<Option<User>, Infallible> {
        Ok((login.password == "open sesame").then_some(User(login.name)))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, Infallible> {
        Ok(Some(User(id.clone())))
    }
}

async fn login(
    mut auth: AuthSession<Users>,
    messages: Messages,
    Query(credentials): Query<Credentials>,
) -> &'static str {
    let Some(user) = auth.authenticate(credentials).await.unwrap() else { return "no" };
    auth.login(&user).await.unwrap();
    messages.success(format!("Welcome, {}", user.0));
    "yes"
}

async fn logout(mut auth: AuthSession<Users>) -> &'static str {
    auth.logout().await.unwrap();
    "bye"
}

/// Who is signed in, the messages for this page, and how often it was seen.
async fn page(auth: AuthSession<Users>, messages: Messages, session: Session) -> String {
    let visits = session.get::<u64>("visits").await.unwrap().unwrap_or(0) + 1;
    session.insert("visits", visits).await.unwrap();
    let name = auth.user.map_or_else(|| "nobody".to_owned(), |user| user.0);
    let messages: Vec<String> = messages.into_iter().map(|message| message.message).collect();
    format!("{name}, visit {visits} [{}]", messages.join(", "))
}

/// Looks without counting.
async fn who(auth: AuthSession<Users>) -> String {
    auth.user.map_or_else(|| "nobody".to_owned(), |user| user.0)
}

pub(crate) fn app(store: impl SessionStore + Clone, expiry: Expiry) -> Router {
    let sessions = SessionManagerLayer::new(store).with_expiry(expiry);
    Router::new()
        .route("/", get(page))
        .route("/who", get(who))
        .route("/login", get(login))
        .route("/logout", get(logout))
        .layer(MessagesManagerLayer)
        .layer(AuthManagerLayerBuilder::new(Users, sessions).build())
}
