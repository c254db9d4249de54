//! Records in this process's memory, each for as long as its server would tell of a change.
//!
//! A connection with `CLIENT TRACKING` is told, in between the answers, which of the keys that it
//! read have changed since, by whatever client or by their end. What was told comes before any later
//! answer, so an answer proves that all changes from before its question have been heard of. A record
//! is given out only for a second after such a question: a connection that died without a word tells
//! of nothing.

mod changes;
mod records;
#[cfg(test)]
mod tests;

use self::changes::{Changes, Moment};
use self::records::Records;
use redis::Value;
use session_core::Record;
use session_core::store::left_ms;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long after a question that was answered the silence of the server means that nothing changed.
const TRUST: Duration = Duration::from_secs(1);

/// After which part of that time the server is asked for a sign of life, if records are still read.
pub(super) const DOUBT: Duration = Duration::from_millis(500);

/// What one server's connection has read.
pub(crate) struct Near(Mutex<State>);

struct State {
    source: Option<Source>,
    /// Of the newest connection.
    number: u64,
    changes: Changes,
    records: Records,
}

/// The connection over which the server tells of changes.
struct Source {
    /// When the last question was sent that it answered.
    vouched: Instant,
    /// Whether it was asked for a sign of life since.
    is_asked: bool,
}

/// The moment before something is sent.
#[derive(Clone, Copy)]
pub(super) struct Question {
    sent: Instant,
    seen: Moment,
}

/// What is held.
#[derive(Debug, PartialEq)]
pub(super) enum Held {
    Vouched(Record),
    /// The server is to be asked for a sign of life: told once.
    Doubted(Record),
}

impl Near {
    /// With room for this many sessions of up to 4 KiB, or for fewer that are larger.
    pub(super) fn new(sessions: NonZeroUsize) -> Self {
        let (changes, records) = (Changes::default(), Records::new(sessions));
        Self(Mutex::new(State { source: None, number: 0, changes, records }))
    }

    /// The server has said that it will tell the connection of this number, in answer to `question`.
    pub(super) fn begin(&self, number: u64, question: Question) {
        let mut state = self.state();
        // An attempt that was given up may succeed after the next one.
        if number >= state.number {
            state.number = number;
            state.records.clear();
            state.source = Some(Source { vouched: question.sent, is_asked: false });
        }
    }

    /// The connection of this number is used no longer.
    pub(super) fn end(&self, number: u64) {
        let mut state = self.state();
        if number == state.number {
            state.source = None;
            state.records.clear();
        }
    }

    /// Before anything is sent whose answer is to count.
    pub(super) fn question(&self) -> Question {
        let seen = self.state().changes.now();
        Question { sent: Instant::now(), seen }
    }

    /// The connection of this number has answered.
    pub(super) fn answered(&self, number: u64, question: Question) {
        self.state().vouch(number, question);
    }

    /// The same with the answers to `GET` and `PTTL` of `key`.
    pub(super) fn read(&self, number: u64, question: Question, key: &[u8], replies: &[Value]) {
        let mut state = self.state();
        if !state.vouch(number, question) || state.changes.since(question.seen, key) {
            return;
        }
        let [Value::BulkString(payload), Value::Int(left)] = replies else { return };
        let until = match *left {
            -2 => return,
            -1 => None,
            // The server looked after the question was sent, so a record ends no later here.
            left => question.sent.checked_add(left_ms(left)),
        };
        state.records.hold(key, payload, until);
    }

    /// What is known of `key` without asking.
    pub(super) fn held(&self, key: &[u8]) -> Option<Held> {
        let mut state = self.state();
        let now = Instant::now();
        let State { source, records, .. } = &mut *state;
        let source = source.as_mut()?;
        let age = now.saturating_duration_since(source.vouched);
        if age >= TRUST {
            return None;
        }
        let record = records.get(key, now)?;
        if age >= DOUBT && !std::mem::replace(&mut source.is_asked, true) {
            Some(Held::Doubted(record))
        } else {
            Some(Held::Vouched(record))
        }
    }

    /// This process has changed the record of `key`, or may have.
    pub(super) fn forget(&self, key: &[u8]) {
        self.state().forget(key);
    }

    /// What the server told: a list of keys, or nothing if all of them are gone.
    pub(super) fn told(&self, data: &[Value]) {
        let mut state = self.state();
        let [Value::Array(keys)] = data else { return state.forget_all() };
        for key in keys {
            match key {
                Value::BulkString(key) => state.forget(key),
                _ => state.forget_all(),
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|poisoned| {
            // Nothing in here panics; if something did, nothing that is held is believed.
            let mut state = PoisonError::into_inner(poisoned);
            state.forget_all();
            state
        })
    }
}

impl State {
    /// Whether the connection is still the one that is told of changes.
    fn vouch(&mut self, number: u64, question: Question) -> bool {
        let is_newest = number == self.number;
        match &mut self.source {
            Some(source) if is_newest => {
                if question.sent > source.vouched {
                    *source = Source { vouched: question.sent, is_asked: false };
                }
                true
            }
            _ => false,
        }
    }

    fn forget(&mut self, key: &[u8]) {
        self.changes.note(key);
        self.records.remove(key);
    }

    fn forget_all(&mut self) {
        self.changes.note_all();
        self.records.clear();
    }
}
