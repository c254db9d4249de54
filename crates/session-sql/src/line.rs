//! The line in which writes wait for a database that takes one at a time.
//!
//! One task at a time serves it. A write is in the line, and then was never sent, or was taken out.

use crate::error::Fault;
use crate::statement::{Bound, Value};
use session_core::store::Lost;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How many writes share a transaction at most.
pub(crate) const MOST: usize = 32;

/// How many bytes of values they have at most, unless one alone has more.
const MOST_BYTES: usize = 1 << 20;

/// How many rows a write changed.
pub(crate) type Written = Result<u64, Fault>;

pub(crate) type Answer = oneshot::Receiver<Written>;

#[derive(Default)]
pub(crate) struct Line {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Write>,
    /// How many ever waited.
    tickets: u64,
    is_served: bool,
}

/// A write that waits, or was taken.
pub(crate) struct Write {
    ticket: u64,
    pub(crate) bound: Bound,
    pub(crate) deadline: Instant,
    answer: oneshot::Sender<Written>,
}

impl Write {
    /// A caller who left wants no answer.
    pub(crate) fn answer(self, written: Written) {
        drop(self.answer.send(written));
    }
}

/// Who waits at one moment.
pub(crate) struct Waiting {
    /// How many of them go together.
    pub(crate) group: usize,
    /// When the last of their deadlines is.
    pub(crate) deadline: Instant,
    last_ticket: u64,
}

impl Line {
    /// Puts a write at the end; whoever gets a service has to serve the line.
    pub(crate) fn enter(
        self: &Arc<Self>,
        bound: Bound,
        deadline: Instant,
    ) -> (Answer, Option<Service>) {
        let (sender, answer) = oneshot::channel();
        let mut state = self.state();
        state.tickets += 1;
        let ticket = state.tickets;
        state.waiting.push_back(Write { ticket, bound, deadline, answer: sender });
        let is_unserved = !state.is_served;
        state.is_served = true;
        drop(state);
        let service = is_unserved.then(|| Service { line: Arc::clone(self), is_over: false });
        (answer, service)
    }

    /// What a caller is told whose deadline has passed: others may have found that out before.
    pub(crate) fn late(&self, mut answer: Answer) -> Written {
        if let Ok(written) = answer.try_recv() {
            return written;
        }
        turn_away_late(&mut self.state().waiting);
        answer.try_recv().unwrap_or(Err(Lost::Silent.into()))
    }

    /// No code panics while it holds this lock, so what a poisoned one guards is whole.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to serve the line, which one task has until nobody waits.
pub(crate) struct Service {
    line: Arc<Line>,
    is_over: bool,
}

impl Service {
    /// Who waits, all of them in time; nobody ends the service.
    pub(crate) fn waiting(&mut self) -> Option<Waiting> {
        let mut state = self.line.state();
        turn_away_late(&mut state.waiting);
        let deadline = state.waiting.iter().map(|write| write.deadline).max();
        self.is_over = deadline.is_none();
        state.is_served = !self.is_over;
        let group = together(&state.waiting);
        deadline.map(|deadline| Waiting { group, deadline, last_ticket: state.tickets })
    }

    /// Takes the first, and those that say the same with other values: as many as go together, `most`
    /// at most.
    pub(crate) fn take(&mut self, most: usize) -> Vec<Write> {
        let mut state = self.line.state();
        turn_away_late(&mut state.waiting);
        let mut left = together(&state.waiting).min(most);
        let Some(first) = state.waiting.front() else { return Vec::new() };
        let sql = Arc::clone(&first.bound.sql);
        let (taken, kept): (VecDeque<_>, _) =
            std::mem::take(&mut state.waiting).into_iter().partition(|write| {
                let is_taken = left > 0 && Arc::ptr_eq(&write.bound.sql, &sql);
                left -= usize::from(is_taken);
                is_taken
            });
        state.waiting = kept;
        taken.into()
    }

    /// Tells those who waited at that moment, and still do, why they were not served.
    pub(crate) fn turn_away(&mut self, waiting: &Waiting, fault: &Fault) {
        let mut state = self.line.state();
        turn_away(&mut state.waiting, |write| write.ticket <= waiting.last_ticket, || fault.copy());
    }
}

impl Drop for Service {
    /// The runtime of the task ended, say.
    fn drop(&mut self) {
        if !self.is_over {
            let mut state = self.line.state();
            state.is_served = false;
            turn_away(&mut state.waiting, |_| true, || Lost::Unreached.into());
        }
    }
}

fn turn_away_late(waiting: &mut VecDeque<Write>) {
    let now = Instant::now();
    turn_away(waiting, |write| write.deadline <= now, || Lost::Unsent.into());
}

fn turn_away(
    waiting: &mut VecDeque<Write>,
    is_meant: impl Fn(&Write) -> bool,
    fault: impl Fn() -> Fault,
) {
    if !waiting.iter().any(&is_meant) {
        return;
    }
    let (meant, kept): (VecDeque<_>, _) = std::mem::take(waiting).into_iter().partition(is_meant);
    *waiting = kept;
    meant.into_iter().for_each(|write| write.answer(Err(fault())));
}

/// How many writes that say what the first one does go together: a power of two, for each number
/// of them is prepared by itself.
fn together(waiting: &VecDeque<Write>) -> usize {
    let Some(first) = waiting.front() else { return 0 };
    let same = waiting.iter().filter(|write| Arc::ptr_eq(&write.bound.sql, &first.bound.sql));
    let mut bytes = 0;
    let fitting = same.take(MOST).take_while(|write| {
        bytes += write.bound.values.iter().map(size).sum::<usize>();
        bytes <= MOST_BYTES
    });
    let count = fitting.count().max(1);
    1 << count.ilog2()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) | Value::Nullable(Some(text)) => text.len(),
        Value::Bytes(bytes) => bytes.len(),
        Value::Number(_) | Value::Nullable(None) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, Line, MOST, MOST_BYTES, Service};
    use crate::error::Fault;
    use crate::statement::{Bound, Value};
    use session_core::store::Lost;
    use std::sync::Arc;
    use std::time::Duration;
    use tokio::time::{Instant, advance};

    const SECOND: Duration = Duration::from_secs(1);

    /// A line, who serves it, and writes in it: what each says and the bytes that it has.
    fn line(writes: &[(&Arc<str>, usize)]) -> (Arc<Line>, Service, Vec<Answer>) {
        let line = Arc::<Line>::default();
        let mut service = None;
        let mut answers = Vec::new();
        for (sql, bytes) in writes {
            let values = vec![Value::Bytes(vec![0; *bytes].into())];
            let bound = Bound { sql: Arc::clone(sql), values };
            let (answer, served) = line.enter(bound, Instant::now() + SECOND);
            answers.push(answer);
            service = service.or(served);
        }
        (line, service.unwrap(), answers)
    }

    #[tokio::test]
    async fn groups_are_bounded_and_of_one_statement() {
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let many = |count| vec![(&a, 1); count];
        let half = MOST_BYTES / 2;
        for (writes, groups) in [
            (many(1), &[1][..]),
            (many(3), &[2, 1]),
            (many(39), &[32, 4, 2, 1]),
            (many(2 * MOST), &[MOST, MOST]),
            (vec![(&a, 1), (&b, 1), (&a, 1), (&b, 1), (&b, 1)], &[2, 2, 1]),
            (vec![(&a, half), (&a, half), (&a, 1)], &[2, 1]),
            (vec![(&a, half), (&a, half + 1), (&a, half)], &[1, 1, 1]),
            (vec![(&a, 2 * MOST_BYTES), (&a, 1), (&a, 1)], &[1, 2]),
        ] {
            let (_line, mut service, _answers) = line(&writes);
            for group in groups {
                assert_eq!(service.waiting().unwrap().group, *group);
                let taken = service.take(MOST);
                assert_eq!(taken.len(), *group);
                assert!(
                    taken.iter().all(|write| Arc::ptr_eq(&write.bound.sql, &taken[0].bound.sql))
                );
            }
            assert!(service.waiting().is_none());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn late_write_is_not_taken_and_told_so() {
        let sql = "a".into();
        let (line, mut service, mut answers) = line(&[(&sql, 1), (&sql, 1)]);
        advance(SECOND / 2).await;
        let (_last, none) = line.enter(Bound::plain("b"), Instant::now() + SECOND);
        assert!(none.is_none(), "it is served already");
        assert_eq!(service.waiting().unwrap().group, 2);
        advance(SECOND / 2).await;
        assert_eq!(service.take(MOST).len(), 1);
        for answer in &mut answers {
            let told = answer.try_recv().unwrap();
            assert!(matches!(told, Err(Fault::Lost(Lost::Unsent, None))), "{told:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn late_caller_knows_whether_the_write_was_taken() {
        let sql = "a".into();
        let (line, mut service, mut answers) = line(&[(&sql, 1), (&sql, 1), (&sql, 1)]);
        let mut taken = service.take(2);
        taken.remove(0).answer(Ok(1));
        advance(SECOND).await;
        let told = answers.drain(..).map(|answer| line.late(answer)).collect::<Vec<_>>();
        assert!(matches!(told[0], Ok(1)), "{told:?}");
        assert!(matches!(told[1], Err(Fault::Lost(Lost::Silent, None))), "{told:?}");
        assert!(matches!(told[2], Err(Fault::Lost(Lost::Unsent, None))), "{told:?}");
        assert!(service.waiting().is_none());
    }

    #[tokio::test]
    async fn those_who_came_later_are_not_turned_away() {
        let sql = "a".into();
        let (line, mut service, mut answers) = line(&[(&sql, 1)]);
        let waiting = service.waiting().unwrap();
        answers.push(line.enter(Bound::plain("b"), Instant::now() + SECOND).0);
        service.turn_away(&waiting, &Lost::Unreached.into());
        assert!(answers[0].try_recv().unwrap().is_err());
        assert!(answers[1].try_recv().is_err(), "it still waits");
    }

    #[tokio::test]
    async fn line_that_is_served_no_longer_is_served_by_the_next_who_comes() {
        let sql = "a".into();
        let (line, service, mut answers) = line(&[(&sql, 1)]);
        drop(service);
        let told = answers[0].try_recv().unwrap();
        assert!(matches!(told, Err(Fault::Lost(Lost::Unreached, None))), "{told:?}");
        let (_answer, service) = line.enter(Bound::plain("b"), Instant::now() + SECOND);
        let mut service = service.unwrap();
        assert_eq!(service.take(MOST).len(), 1);
        assert!(service.waiting().is_none());
        let (_answer, service) = line.enter(Bound::plain("b"), Instant::now() + SECOND);
        assert!(service.is_some());
    }
}
