//! What a handler does with its session, as the request says it.
//!
//! A program is steps between semicolons, each a verb and its words; values are whole numbers.
//!
//! | step | what the handler does |
//! |---|---|
//! | `get K`, `set K N`, `overwrite K N`, `remove K` | the method of that name; `get` and `remove` answer the value or `-` |
//! | `count K`, `add K` | `modify` and `update`, by one; answer the new value |
//! | `flash T`, `flashes` | adds a message, takes them all |
//! | `login WHO`, `regenerate`, `logout` | `set_owner`, `regenerate`, `flush` |
//! | `say S` | sets the signal `S` |
//! | `wait S` | sets `S:reached`, then waits for the signal `S` |
//! | `fail`, `panic` | answers 500, panics |
//! | `stream S` | answers a body of which the second half waits for the signal `S` |

use crate::signals::Signals;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::StatusCode;
use session_core::{Error, Session};
use std::convert::Infallible;

/// Runs the steps of `program`; answers what they said, one line each.
///
/// # Errors
///
/// Those of the session's methods.
///
/// # Panics
///
/// If the program says so, or is none.
#[expect(clippy::panic, reason = "handlers that panic are what some tests are about")]
pub async fn run(program: &str, session: &Session, signals: &Signals) -> Result<Response, Error> {
    let mut said = Vec::new();
    for step in program.split(';') {
        let words: Vec<&str> = step.split_whitespace().collect();
        match *words {
            ["get", key] => said.push(shown(session.get(key)?)),
            ["set", key, value] => session.insert(key, number(value))?,
            ["overwrite", key, value] => session.overwrite(key, number(value))?,
            ["remove", key] => said.push(shown(session.remove(key)?)),
            ["count", key] => {
                let sum: i64 = session.modify(key, |n: Option<i64>| n.unwrap_or(0) + 1)?;
                said.push(sum.to_string());
            }
            ["add", key] => {
                let sum: i64 = session.update(key, |n: Option<i64>| n.unwrap_or(0) + 1).await?;
                said.push(sum.to_string());
            }
            ["flash", text] => session.flash("message", text)?,
            ["flashes"] => {
                said.extend(session.take_flashes()?.into_iter().map(|flash| flash.message));
            }
            ["login", who] => session.set_owner(who)?,
            ["regenerate"] => session.regenerate()?,
            ["logout"] => session.flush()?,
            ["say", signal] => signals.set(signal),
            ["wait", signal] => {
                signals.set(format!("{signal}:reached"));
                signals.wait(signal).await;
            }
            ["fail"] => return Ok(StatusCode::INTERNAL_SERVER_ERROR.into_response()),
            ["panic"] => panic!("as the program says"),
            ["stream", signal] => return Ok(stream_until(signal, signals)),
            _ => panic!("no step: {step}"),
        }
    }
    Ok(said.join("\n").into_response())
}

fn number(word: &str) -> i64 {
    word.parse().expect("values are whole numbers")
}

fn shown(value: Option<i64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// A body in two parts, the second once `signal` is set.
fn stream_until(signal: &str, signals: &Signals) -> Response {
    let (signal, signals) = (signal.to_owned(), signals.clone());
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from("first "))]);
    let second = stream::once(async move {
        signals.wait(&signal).await;
        Ok(Bytes::from("second"))
    });
    Body::from_stream(first.chain(second)).into_response()
}
