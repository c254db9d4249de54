//! Logins end to end, at a provider that is a few routes here.

use super::{MOST, OURS, PENDING, app};
use crate::provider::Provider;
use axum::body::{Body, to_bytes};
use axum::extract::{Form, Query, State};
use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Router, routing::get, routing::post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tower::ServiceExt as _;
use web_session::testing::Browser;
use web_session::{Config, MemoryStore, SessionManager, Signer};

/// The provider, which logs everybody in as Ann. A code of its opens what was asked for with it.
#[derive(Default)]
struct Told {
    issued: HashMap<String, Asked>,
    /// How often somebody came with a code.
    redeemed: usize,
    /// What the next ID tokens say in place of what is right.
    lies: Option<(&'static str, Value)>,
}

type Shared = State<Arc<Mutex<Told>>>;

#[derive(Clone, Deserialize)]
struct Asked {
    redirect_uri: String,
    state: String,
    nonce: String,
    code_challenge: String,
    code_challenge_method: String,
}

async fn authorize(State(told): Shared, Query(asked): Query<Asked>) -> Redirect {
    assert_eq!(asked.code_challenge_method, "S256");
    let mut told = told.lock().unwrap();
    let code = format!("code-{}", told.issued.len());
    let back = format!("{}?state={}&code={code}", asked.redirect_uri, asked.state);
    told.issued.insert(code, asked);
    Redirect::to(&back)
}

#[derive(Deserialize)]
struct Redeeming {
    code: String,
    code_verifier: String,
    redirect_uri: String,
}

/// Checks what a provider has to check (RFC 6749, section 4.1.3; RFC 7636, section 4.6).
async fn token(
    State(told): Shared,
    headers: HeaderMap,
    Form(redeeming): Form<Redeeming>,
) -> Response {
    let mut told = told.lock().unwrap();
    told.redeemed += 1;
    let asked = told.issued.remove(&redeeming.code).filter(|asked| {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&redeeming.code_verifier));
        let client = format!("Basic {}", STANDARD.encode("shop:client-secret"));
        asked.code_challenge == challenge
            && asked.redirect_uri == redeeming.redirect_uri
            && headers[AUTHORIZATION] == client
    });
    let Some(asked) = asked else {
        return (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}).to_string())
            .into_response();
    };
    let mut claims = json!({
        "iss": "https://id.example",
        "sub": "17",
        "name": "Ann",
        "aud": "shop",
        "exp": u32::MAX,
        "nonce": asked.nonce,
    });
    if let Some((name, value)) = &told.lies {
        claims[name] = value.clone();
    }
    let id_token = format!("e30.{}.signature", URL_SAFE_NO_PAD.encode(claims.to_string()));
    let answer = json!({"access_token": "t", "token_type": "Bearer", "id_token": id_token});
    ([(CONTENT_TYPE, "application/json")], answer.to_string()).into_response()
}

/// The application, and the provider that it knows.
struct Site {
    manager: SessionManager,
    app: Router,
    told: Arc<Mutex<Told>>,
}

/// What a request got.
struct Answer {
    status: StatusCode,
    location: String,
    body: String,
}

impl Site {
    async fn start() -> Self {
        let told = Arc::new(Mutex::new(Told::default()));
        let routes = Router::new().route("/authorize", get(authorize)).route("/token", post(token));
        let routes = routes.with_state(told.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });

        let config = Config::hardened().build().unwrap();
        let signer = Some(Signer::new([7; 32]).unwrap());
        let manager = SessionManager::new(Arc::new(MemoryStore::new()), config, signer).unwrap();
        let provider = provider(&format!("http://{address}")).unwrap();
        let app = app(manager.clone(), provider).unwrap();
        Self { manager, app, told }
    }

    fn browser(&self) -> Browser {
        Browser::new(&self.manager)
    }

    /// Asks the application as a browser that loads a page.
    async fn get(&self, browser: &mut Browser, path: &str) -> Answer {
        let request =
            Request::get(path).header(COOKIE, browser.cookie()).header(ACCEPT, "text/html");
        let response = self.app.clone().oneshot(request.body(Body::empty()).unwrap()).await;
        let (parts, body) = response.unwrap().into_parts();
        browser.heed(parts.headers.get_all("set-cookie"));
        let location = parts.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap());
        let body = to_bytes(body, 1 << 20).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status: parts.status, location: location.to_owned(), body }
    }

    /// Begins a login, and goes to the provider and no further; returns the way back.
    async fn way_back(&self, browser: &mut Browser, login: &str) -> String {
        let url = self.get(browser, login).await.location;
        let http = ureq::get(url).config().max_redirects(0).build();
        let response = tokio::task::spawn_blocking(|| http.call()).await.unwrap().unwrap();
        let back = response.headers()[LOCATION].to_str().unwrap();
        back.strip_prefix(OURS).unwrap().to_owned()
    }

    async fn owner(&self, browser: &Browser) -> Option<String> {
        browser.session().await.unwrap().owner().unwrap()
    }
}

fn provider(origin: &str) -> Result<Provider, String> {
    let var = |name: &str| match name {
        "OIDC_ISSUER" => Some("https://id.example".to_owned()),
        "OIDC_AUTHORIZATION_ENDPOINT" => Some(format!("{origin}/authorize")),
        "OIDC_TOKEN_ENDPOINT" => Some(format!("{origin}/token")),
        "OIDC_CLIENT_ID" => Some("shop".to_owned()),
        "OIDC_CLIENT_SECRET" => Some("client-secret".to_owned()),
        _ => None,
    };
    Provider::new(var, format!("{OURS}/callback")).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_visitor_is_logged_in_under_a_new_id_and_comes_back_to_where_they_were() {
    let site = Site::start().await;
    let mut ann = site.browser();
    let guarded = site.get(&mut ann, "/account?page=2").await;
    assert_eq!(guarded.status, StatusCode::SEE_OTHER);
    let back = site.way_back(&mut ann, &guarded.location).await;
    let before = ann.clone();
    let logged_in = site.get(&mut ann, &back).await;
    assert_eq!(logged_in.location, "/account?page=2");
    let account = site.get(&mut ann, &logged_in.location).await;
    assert_eq!(account.body, "the account of https://id.example 17");
    assert!(site.get(&mut ann, "/").await.body.contains("Hello Ann."));

    assert_ne!(ann.cookie(), before.cookie());
    assert_eq!(site.owner(&before).await, None);
    assert!(!ann.session().await.unwrap().contains_key(PENDING.name()).unwrap());
}

#[tokio::test]
async fn a_state_counts_once_and_in_the_browser_that_began() {
    let site = Site::start().await;
    let (mut ann, mut mallory) = (site.browser(), site.browser());
    let [first_tab, second_tab] = [
        site.way_back(&mut ann, "/login").await,
        site.way_back(&mut ann, "/login?next=/account").await,
    ];
    let of_mallory = site.way_back(&mut mallory, "/login").await;
    for foreign in [&*of_mallory, "/callback?state=&code=", "/callback?state=x&code=code-0"] {
        assert_eq!(site.get(&mut ann, foreign).await.status, StatusCode::BAD_REQUEST);
    }
    assert_eq!(site.get(&mut site.browser(), &first_tab).await.status, StatusCode::BAD_REQUEST);

    // The other tab's login is still under way.
    assert_eq!(site.get(&mut ann, &second_tab).await.location, "/account");
    assert_eq!(site.get(&mut ann, &second_tab).await.status, StatusCode::BAD_REQUEST);
    // A replay that reaches the session of before the login.
    let mut bob = site.browser();
    let back = site.way_back(&mut bob, "/login").await;
    let mut copy = bob.clone();
    assert_eq!(site.get(&mut bob, &back).await.location, "/");
    assert!(!site.get(&mut copy, &back).await.status.is_redirection());
    assert_eq!(site.owner(&copy).await, None);
}

#[tokio::test]
async fn a_stranger_who_is_sent_back_gets_no_session() {
    let site = Site::start().await;
    let mut stranger = site.browser();
    site.get(&mut stranger, "/callback?state=x&code=y").await;
    assert_eq!(stranger.cookie(), "");
}

#[tokio::test]
async fn a_code_opens_only_the_login_that_it_was_issued_for() {
    let site = Site::start().await;
    let (mut ann, mut mallory) = (site.browser(), site.browser());
    let back = site.way_back(&mut ann, "/login").await;
    let of_mallory = site.way_back(&mut mallory, "/login").await;
    let (_, stolen) = back.split_once("&code=").unwrap();
    let (state, _) = of_mallory.split_once("&code=").unwrap();
    let answer = site.get(&mut mallory, &format!("{state}&code={stolen}")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(site.owner(&mallory).await, None);
}

#[tokio::test]
async fn a_visitor_who_declines_is_told_so_and_the_provider_is_not_asked() {
    let site = Site::start().await;
    let mut ann = site.browser();
    let back = site.way_back(&mut ann, "/login").await;
    let (back, _) = back.split_once("&code=").unwrap();
    let declined = format!("{back}&error=access_denied");
    let answer = site.get(&mut ann, &declined).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.body, "You have not logged in.");
    assert_eq!(site.told.lock().unwrap().redeemed, 0);
    assert_eq!(site.get(&mut ann, &declined).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.owner(&ann).await, None);
}

#[tokio::test]
async fn an_id_token_must_be_for_this_login() {
    let site = Site::start().await;
    let table = [
        ("iss", json!("https://evil.example"), false),
        ("aud", json!("another"), false),
        ("aud", json!(["shop", "another"]), false),
        ("aud", json!([]), false),
        ("aud", json!(["shop"]), true),
        ("exp", json!(1_700_000_000), false),
        ("nonce", json!("another"), false),
        ("nonce", json!(null), false),
        ("name", json!(null), true),
    ];
    for (name, value, is_taken) in table {
        let what = format!("{name}: {value}");
        site.told.lock().unwrap().lies = Some((name, value));
        let mut ann = site.browser();
        let back = site.way_back(&mut ann, "/login").await;
        let answer = site.get(&mut ann, &back).await;
        assert_eq!(answer.status.is_redirection(), is_taken, "{what}");
        assert_eq!(site.owner(&ann).await.is_some(), is_taken, "{what}");
    }
}

#[tokio::test]
async fn the_way_back_is_a_path_of_this_application() {
    let site = Site::start().await;
    for next in ["//evil.example", "https://evil.example/", "/%5Cevil.example", "account"] {
        let mut ann = site.browser();
        let back = site.way_back(&mut ann, &format!("/login?next={next}")).await;
        assert_eq!(site.get(&mut ann, &back).await.location, "/", "{next}");
    }
}

#[tokio::test]
async fn the_oldest_login_is_given_up_where_too_many_have_begun() {
    let site = Site::start().await;
    let mut ann = site.browser();
    let oldest = site.way_back(&mut ann, "/login").await;
    let mut newest = String::new();
    for _ in 0..MOST {
        newest = site.way_back(&mut ann, "/login").await;
    }
    assert_eq!(site.get(&mut ann, &oldest).await.status, StatusCode::BAD_REQUEST);
    assert_eq!(site.get(&mut ann, &newest).await.location, "/");
}

#[test]
fn the_token_endpoint_is_asked_over_tls() {
    provider("https://id.example").unwrap();
    provider("http://id.example").err().unwrap();
}
