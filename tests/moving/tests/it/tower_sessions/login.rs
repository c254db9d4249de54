//! On axum-login 0.18 and axum-messages 0.8.

use axum::extract::Query;
use axum::{Router, routing::get};
use axum_login::tower_sessions::{SessionManagerLayer, SessionStore};
use axum_login::{AuthManagerLayerBuilder, AuthUser, AuthnBackend, UserId, login_required};
use axum_messages::{Messages, MessagesManagerLayer};
use serde::Deserialize;
use std::convert::Infallible;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    name: String,
}

impl AuthUser for User {
    type Id = String;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn session_auth_hash(&self) -> &[u8] {
        b"hash of the password"
    }
}

#[derive(Clone, Debug)]
struct Users;

impl AuthnBackend for Users {
    type User = User;
    type Credentials = User;
    type Error = Infallible;

    async fn authenticate(&self, user: User) -> Result<Option<User>, Infallible> {
        Ok(Some(user))
    }

    async fn get_user(&self, id: &UserId<Self>) -> Result<Option<User>, Infallible> {
        Ok(Some(User { name: id.clone() }))
    }
}

type AuthSession = axum_login::AuthSession<Users>;

async fn login(mut auth: AuthSession, messages: Messages, Query(user): Query<User>) {
    let user = auth.authenticate(user).await.unwrap().unwrap();
    auth.login(&user).await.unwrap();
    messages.success(format!("Welcome, {}", user.name));
}

async fn account(auth: AuthSession, messages: Messages) -> String {
    let messages: Vec<String> = messages.into_iter().map(|message| message.message).collect();
    format!("{} [{}]", auth.user.unwrap().name, messages.join(", "))
}

async fn logout(mut auth: AuthSession) {
    auth.logout().await.unwrap();
}

pub(super) fn app(store: impl SessionStore + Clone) -> Router {
    let sessions = SessionManagerLayer::new(store).with_secure(false);
    Router::new()
        .route("/account", get(account))
        .route_layer(login_required!(Users, login_url = "/login"))
        .route("/login", get(login))
        .route("/logout", get(logout))
        .layer(MessagesManagerLayer)
        .layer(AuthManagerLayerBuilder::new(Users, sessions).build())
}
