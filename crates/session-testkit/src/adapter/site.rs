//! The site that adapters serve: a path says what its handler does.

use super::Gate;
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use session_core::{Result, Session, SessionManager};
use std::convert::Infallible;
use std::sync::Arc;

/// The name of the inner layer of the route `/admin/..`.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums, reason = "it is a name, and never made")]
pub enum Admin {}

/// What an adapter serves. All routes are `GET`:
///
/// | route | handler |
/// |---|---|
/// | `/plain` | takes no session; answers `plain` |
/// | `/run/..` | takes the `Session`; [`run`](Self::run) with the path of the request, whose error it returns |
/// | `/teapot/..` | the same, but an error is returned as one of the application's own, whose response is that of the session's error with the status 418 |
/// | `/stream/..` | the same as `/run/..`, and the body is [`body`](Self::body) |
/// | `/member` | takes `SignedIn`; answers its owner |
/// | `/admin/..` | within a second layer with [`admin`](Self::admin), named [`Admin`]: takes `Named<Admin, Session>`; as `/run/..` |
/// | `/both/..` | within that layer, too: takes both sessions, and does what `/run/..` does to each |
/// | `/bare` | takes the `Session`, outside of every layer |
///
/// All but the last are within a layer with [`manager`](Self::manager), which is told the sign-in
/// page `/sign-in`.
#[derive(Clone, Debug)]
pub struct Site {
    /// The sessions of the site.
    pub manager: SessionManager,
    /// The sessions of the inner layer.
    pub admin: SessionManager,
    pub(super) gate: Arc<Gate>,
}

/// What a handler answers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Fields of the head, as name and value.
    pub fields: Vec<(&'static str, &'static str)>,
    /// The body.
    pub body: String,
}

impl Site {
    /// The page on which visitors sign in.
    pub const SIGN_IN: &str = "/sign-in";

    /// Does what the path of the request says, step by step, as in `/run/get:n/set:n=2`.
    ///
    /// # Errors
    ///
    /// Those of the session.
    ///
    /// # Panics
    ///
    /// Where the path says so, or a step is unknown.
    pub async fn run(&self, session: &Session, path: &str) -> Result<Reply> {
        let mut reply = Reply { status: 200, fields: Vec::new(), body: String::new() };
        for step in path.split('/').skip(2) {
            self.take(step, session, &mut reply).await?;
        }
        Ok(reply)
    }

    #[expect(clippy::panic, reason = "one of the stories is about handlers that do")]
    async fn take(&self, step: &str, session: &Session, reply: &mut Reply) -> Result<()> {
        let (verb, rest) = step.split_once(':').unwrap_or((step, ""));
        let (key, value) = rest.split_once('=').unwrap_or((rest, ""));
        let count = |n: Option<u64>| n.unwrap_or(0) + 1;
        match verb {
            "get" => reply.body += &session.get::<String>(key)?.unwrap_or_else(|| "none".into()),
            "number" => reply.body += &session.get::<u64>(key)?.unwrap_or(0).to_string(),
            "set" => session.insert(key, value)?,
            "modify" => reply.body += &session.modify(key, count)?.to_string(),
            "update" => reply.body += &session.update(key, count).await?.to_string(),
            "sign-in" => session.set_owner(key)?,
            "sign-out" => session.flush()?,
            "public" => {
                reply.fields.push(("cache-control", "public, max-age=60"));
                reply.fields.push(("cdn-cache-control", "max-age=60"));
            }
            "status" => reply.status = key.parse().unwrap_or(500),
            "pause" => self.gate.pass().await,
            "panic" => panic!("the handler panics, as it was told to"),
            _ => panic!("no such step: {step}"),
        }
        Ok(())
    }

    /// Two chunks: `head`, and, once the story lets it, `tail`.
    pub fn body(
        &self,
    ) -> impl Stream<Item = std::result::Result<Bytes, Infallible>> + Send + 'static {
        let gate = Arc::clone(&self.gate);
        stream::unfold(0, move |sent| {
            let gate = Arc::clone(&gate);
            async move {
                match sent {
                    0 => Some((Ok(Bytes::from_static(b"head")), 1)),
                    1 => {
                        gate.pass().await;
                        Some((Ok(Bytes::from_static(b"tail")), 2))
                    }
                    _ => None,
                }
            }
        })
    }
}
