use axum::extract::{FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::get};
use web_session::{Result, SessionLayer, SessionManager, SignedIn};

/// One route: the parameter is the guard.
async fn account(SignedIn { owner, .. }: SignedIn) -> String {
    format!("the account of {owner}")
}

/// Many routes: a middleware, for handlers that do not ask themselves.
async fn members_only(_: SignedIn, request: Request, next: Next) -> Response {
    next.run(request).await
}

async fn lesson() -> &'static str {
    "lesson 1"
}

/// A role: an extractor of your own.
struct Admin(SignedIn);

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Response> {
        let signed_in = <SignedIn as FromRequestParts<S>>::from_request_parts(parts, state).await;
        let signed_in = signed_in.map_err(IntoResponse::into_response)?;
        match is_admin(&signed_in.owner).await {
            true => Ok(Self(signed_in)),
            false => Err(StatusCode::FORBIDDEN.into_response()),
        }
    }
}

/// Stands for your table of users: a role that is taken away is gone at once.
async fn is_admin(owner: &str) -> bool {
    owner == "ann"
}

async fn orders(Admin(SignedIn { owner, .. }): Admin) -> String {
    format!("all orders, for {owner}")
}

fn app(manager: SessionManager) -> Result<Router> {
    let members = Router::new().route("/lesson", get(lesson)).route_layer(from_fn(members_only));
    Ok(Router::new()
        .route("/account", get(account))
        .route("/orders", get(orders))
        .merge(members)
        .layer(SessionLayer::new(manager).with_sign_in_page("/login")?))
}

#[cfg(test)]
mod tests {
    use super::app;
    use crate::guide::browser::{Browser, manager};
    use crate::guide::recipes::signed_in;

    #[tokio::test]
    async fn guarded_routes_send_strangers_to_the_login() {
        let manager = manager([]).await;
        let app = app(manager.clone()).unwrap();
        let (mut ann, mut bob) = (Browser::new(&app), Browser::new(&app));
        for path in ["/account", "/lesson", "/orders"] {
            assert_eq!(ann.get(path).await.location(), format!("/login?next={path}"));
        }
        ann.cookie = signed_in(&manager, "ann").await;
        bob.cookie = signed_in(&manager, "bob").await;
        assert_eq!(ann.get("/account").await.body, "the account of ann");
        assert_eq!(ann.get("/lesson").await.body, "lesson 1");
        assert_eq!(ann.get("/orders").await.body, "all orders, for ann");
        assert_eq!(bob.get("/orders").await.status, 403);
    }
}
