//! The servers: one application behind each session layer.

mod actix;
mod actix_session;
mod axum;
mod axum_session;
mod floor;
mod session;
mod session_actix;
mod tower_sessions;

use crate::payload::Payload;
use crate::subject::Subject;
use crate::visitor::Entry;
use std::io::{Read as _, Write as _, stdin, stdout};
use std::time::Duration;

/// How long a session lives: none is renewed during a measurement, and none stays for long.
const LIFETIME: Duration = Duration::from_secs(120);

/// What a server needs to know.
#[derive(Clone)]
struct Site {
    redis: String,
    /// Of the keys in Redis.
    prefix: String,
    payload: Payload,
    entries: &'static [(&'static str, Entry)],
}

/// Serves at a port that it prints, until standard input ends.
pub fn serve(subject: Subject, payload: Payload, redis: &str) -> anyhow::Result<()> {
    let prefix = format!("bench-peers-{}:", std::process::id());
    let entries = payload.entries();
    let site = Site { redis: redis.to_owned(), prefix, payload, entries };
    std::thread::spawn(|| {
        let _ = stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    match subject {
        Subject::SessionActix => actix::block_on(session_actix::serve(site)),
        Subject::ActixSession => actix::block_on(actix_session::serve(site)),
        Subject::Session => axum::block_on(session::serve(site)),
        Subject::TowerSessions => axum::block_on(tower_sessions::serve(site)),
        Subject::AxumSession => axum::block_on(axum_session::serve(site)),
        Subject::Floor => axum::block_on(floor::serve(site)),
        Subject::Bare => axum::block_on(axum::serve_bare()),
    }
}

/// Tells the other process where it listens.
fn say(port: u16) -> anyhow::Result<()> {
    writeln!(stdout(), "{port}")?;
    Ok(())
}

/// What a handler answers that does not ask for a session.
async fn untouched() -> String {
    1000.to_string()
}
