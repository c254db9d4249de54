use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use web_session::{Key, Result, Session};

/// What the application has to remember until the visitor comes back from the provider.
#[derive(Clone, Deserialize, Serialize)]
struct Pending {
    state: String,
    nonce: String,
    verifier: String,
}

/// Several, the oldest first: a visitor may have begun in two tabs.
const PENDING: Key<Vec<Pending>> = Key::new("oauth");
const MOST: usize = 5;

fn random() -> String {
    format!("{:032x}{:032x}", rand::random::<u128>(), rand::random::<u128>())
}

async fn login(session: Session) -> Result<Redirect> {
    let (state, nonce, verifier) = (random(), random(), random());
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let url = format!(
        "https://id.example/authorize?response_type=code&client_id=shop&scope=openid\
         &redirect_uri=https%3A%2F%2Fshop.example%2Fcallback\
         &state={state}&nonce={nonce}&code_challenge={challenge}&code_challenge_method=S256"
    );
    let new = Pending { state, nonce, verifier };
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
    code: Option<String>, // none from somebody who has declined
}

async fn callback(session: Session, Query(callback): Query<Callback>) -> Result<Response> {
    // Taken out of the store at once, so that no `state` counts twice.
    let taken = session.transaction(|values| {
        let mut pending = values.get(PENDING)?.unwrap_or_default();
        let Some(at) = pending.iter().position(|one| one.state == callback.state) else {
            return Ok(None); // another browser began it, or it is over
        };
        let taken = pending.remove(at);
        values.insert(PENDING, &pending)?;
        Ok::<_, web_session::Error>(Some(taken))
    });
    let Some(Pending { nonce, verifier, .. }) = taken.await? else {
        return Ok((StatusCode::BAD_REQUEST, "Please begin again.").into_response());
    };
    let Some(code) = callback.code else {
        return Ok((StatusCode::FORBIDDEN, "You have not logged in.").into_response());
    };
    let Some(claims) = redeem(&code, &verifier).await.filter(|c| c.nonce == nonce) else {
        return Ok((StatusCode::BAD_REQUEST, "The provider did not vouch for you.").into_response());
    };
    session.forget(PENDING)?;
    session.set_owner(&claims.subject)?;
    Ok(Redirect::to("/").into_response())
}

struct Claims {
    subject: String,
    nonce: String,
}

/// Stands for the request to the provider's token endpoint, with `code` and `code_verifier`, and for
/// the check of the ID token that it answers; a crate such as `openidconnect` does both.
async fn redeem(code: &str, verifier: &str) -> Option<Claims> {
    let (subject, nonce) = code.split_once('.')?;
    (verifier.len() == 64).then(|| Claims { subject: subject.into(), nonce: nonce.into() })
}

#[cfg(test)]
mod tests {
    use super::{callback, login};
    use crate::guide::browser::{Answer, Browser, manager};
    use axum::{Router, routing::get};
    use web_session::{Result, Session, SessionLayer};

    async fn who(session: Session) -> Result<String> {
        Ok(session.owner()?.unwrap_or_default())
    }

    fn parameter(answer: &Answer, name: &str) -> String {
        let (_, rest) = answer.location().split_once(&format!("&{name}=")).unwrap();
        rest.split('&').next().unwrap().to_owned()
    }

    /// Where the provider sends the visitor who began with `answer`.
    fn back(answer: &Answer, nonce: &str) -> String {
        format!("/callback?state={}&code=ann.{nonce}", parameter(answer, "state"))
    }

    #[tokio::test]
    async fn a_visitor_comes_back_once_with_the_state_of_this_browser() {
        let app = Router::new()
            .route("/login", get(login))
            .route("/callback", get(callback))
            .route("/", get(who))
            .layer(SessionLayer::new(manager([]).await));
        let (mut ann, mut mallory) = (Browser::new(&app), Browser::new(&app));
        let first_tab = ann.get("/login").await;
        let second_tab = ann.get("/login").await;
        assert_eq!(parameter(&first_tab, "code_challenge").len(), 43);
        let way_back = back(&first_tab, &parameter(&first_tab, "nonce"));
        let of_mallory = mallory.get("/login").await;
        assert_eq!(mallory.get(&way_back).await.status, 400);
        let planted = back(&of_mallory, &parameter(&of_mallory, "nonce"));
        assert_eq!(ann.get(&planted).await.status, 400);
        assert_eq!(ann.get(&back(&second_tab, "another")).await.status, 400);
        let third_tab = ann.get("/login").await;
        let state = parameter(&third_tab, "state");
        let declined = format!("/callback?state={state}&error=access_denied");
        assert_eq!(ann.get(&declined).await.status, 403);
        assert_eq!(ann.get(&declined).await.status, 400);
        let before = ann.cookie.clone();
        assert_eq!(ann.get(&way_back).await.location(), "/");
        assert_ne!(ann.cookie, before);
        assert_eq!(ann.get("/").await.body, "ann");
        assert_eq!(ann.get(&way_back).await.status, 400);
    }
}
