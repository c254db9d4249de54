//! The provider: where visitors are sent to log in, and what it vouches for when they are back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointNotSet, EndpointSet,
    ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    Scope, StandardRevocableToken, StandardTokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};
use std::io;
use std::time::{Duration, UNIX_EPOCH};

type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// As `oauth2::basic::BasicClient`, with the ID token in the answer.
type Client = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<IdToken, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// What OpenID Connect adds to the answer of the token endpoint.
#[derive(Debug, Deserialize, Serialize)]
struct IdToken {
    id_token: String,
}

impl ExtraTokenFields for IdToken {}

/// Who logged in, and for whom the provider says so (OpenID Connect Core, section 2).
#[derive(Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) sub: String,
    pub(crate) name: Option<String>,
    aud: Audience,
    exp: u64,
    nonce: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// A login that has begun: what is kept in the session until the visitor is back.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Begun {
    pub(crate) state: String,
    nonce: String,
    verifier: String,
}

/// A client of one provider.
pub(crate) struct Provider {
    issuer: String,
    client: Client,
    http: ureq::Agent,
}

impl Provider {
    /// Takes what the provider's `/.well-known/openid-configuration` says, and what it gave this
    /// application at the registration, from the variables that are missed by name.
    pub(crate) fn new(
        var: impl Fn(&str) -> Option<String>,
        redirect: String,
    ) -> Result<Self, Refusal> {
        let var = |name| var(name).ok_or_else(|| format!("set {name}"));
        let token_url = TokenUrl::new(var("OIDC_TOKEN_ENDPOINT")?)?;
        let host = token_url.url().host_str();
        if token_url.url().scheme() != "https" && host != Some("127.0.0.1") {
            return Err("OIDC_TOKEN_ENDPOINT: only TLS says who vouches; use https".into());
        }
        let client = oauth2::Client::new(ClientId::new(var("OIDC_CLIENT_ID")?))
            .set_client_secret(ClientSecret::new(var("OIDC_CLIENT_SECRET")?))
            .set_auth_uri(AuthUrl::new(var("OIDC_AUTHORIZATION_ENDPOINT")?)?)
            .set_token_uri(token_url)
            .set_redirect_uri(RedirectUrl::new(redirect)?);
        let http = ureq::Agent::config_builder()
            // An endpoint that redirects could send the client's secret anywhere.
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)));
        Ok(Self { issuer: var("OIDC_ISSUER")?, client, http: http.build().into() })
    }

    /// Begins a login: where to send the visitor, and what to remember meanwhile.
    pub(crate) fn begin(&self) -> (String, Begun) {
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = CsrfToken::new_random();
        let url = self.client.authorize_url(CsrfToken::new_random);
        let (url, state) = url
            .add_scopes(["openid", "profile"].map(|scope| Scope::new(scope.into())))
            .add_extra_param("nonce", nonce.secret())
            .set_pkce_challenge(challenge)
            .url();
        let begun = Begun {
            state: state.into_secret(),
            nonce: nonce.into_secret(),
            verifier: verifier.into_secret(),
        };
        (url.into(), begun)
    }

    /// Asks the provider who it was that came back with `code`.
    pub(crate) async fn redeem(&self, code: String, begun: Begun) -> Result<Claims, Refusal> {
        let http = |request| send(self.http.clone(), request);
        let exchange = self.client.exchange_code(AuthorizationCode::new(code));
        let exchange = exchange.set_pkce_verifier(PkceCodeVerifier::new(begun.verifier));
        let answer = exchange.request_async(&http).await?;
        let claims = read(&answer.extra_fields().id_token).ok_or("the ID token is none")?;
        let now = UNIX_EPOCH.elapsed()?.as_secs();
        match self.objection(&claims, &begun.nonce, now) {
            None => Ok(claims),
            Some(objection) => Err(format!("the ID token is {objection}").into()),
        }
    }

    /// Why `claims` say nothing about this login (OpenID Connect Core, section 3.1.3.7).
    fn objection(&self, claims: &Claims, nonce: &str, now: u64) -> Option<&'static str> {
        let client = self.client.client_id().as_str();
        let is_for_us = match &claims.aud {
            Audience::One(one) => one == client,
            // Others would have to be trusted, too.
            Audience::Many(many) => many.iter().all(|one| one == client) && !many.is_empty(),
        };
        match () {
            () if claims.iss != self.issuer => Some("another issuer's"),
            () if !is_for_us => Some("for another client"),
            () if claims.exp <= now => Some("expired"),
            () if claims.nonce.as_deref() != Some(nonce) => Some("of another login"),
            () => None,
        }
    }
}

/// Reads the claims of an ID token (RFC 7519, section 7.2), which came from the token endpoint itself
/// over TLS: then its signature says nothing more (section 3.1.3.7, number 6). One that came by way
/// of the browser would have to be verified; the crate `openidconnect` does that.
fn read(id_token: &str) -> Option<Claims> {
    let payload = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

/// Lends ureq to oauth2; it blocks, so it has a thread to itself meanwhile.
async fn send(http: ureq::Agent, request: HttpRequest) -> io::Result<HttpResponse> {
    let answer = tokio::task::spawn_blocking(move || {
        let (head, mut body) = http.run(request)?.into_parts();
        Ok(HttpResponse::from_parts(head, body.read_to_vec()?))
    });
    answer.await?.map_err(ureq::Error::into_io)
}
