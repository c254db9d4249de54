//! The end of an owner's oldest sessions, where a sign-in makes them more than
//! `SESSION_MAX_PER_OWNER`.
//!
//! Of sign-ins at once in several processes each looks after it is stored, so the one that looks
//! last sees all. They agree on what to end by one order, that of `_created`. One that looks and
//! finds itself too old for that (its clock is behind, or its write took longer) is no less a
//! sign-in: it stamps its record anew, after the newest, under the condition that nobody has ended
//! it meanwhile. Each does so once, so one of them comes out as the newest; a condition on every end
//! sees to it that nothing is ended that was stamped anew.

use super::create::Created;
use crate::data::Data;
use crate::error::{Error, ErrorKind, Result};
use crate::id::SessionHandle;
use crate::observer::EndedBy;
use crate::request::context::Context;
use crate::request::deadline::Deadline;
use crate::request::home::{Home, Presented};
use crate::request::owned::{End, Look, Owned, WIDTH, each, end_one, list, look};
use crate::request::state::State;
use crate::store::{Lease, Outcome, Precondition, Record, StoreKey, undisturbed, unix_time};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How far the clocks of two machines may be apart. A session that says that it begins later than
/// that has none to be believed.
const SKEW: Duration = Duration::from_secs(60);
/// The least difference that is left when times are stored as seconds in a float of 64 bits.
const STEP: Duration = Duration::from_micros(2);

/// A session that has just been signed in and stored, of an owner who has a limit.
pub(super) struct Newcomer {
    context: Arc<Context>,
    owner: Arc<str>,
    max: usize,
    key: StoreKey,
    record: Record,
    age: Age,
    is_restamped: bool,
}

/// The order in which sessions of an owner are ended, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Age {
    /// Since 1970; not known of sessions from before the setting, and of other programs'.
    created: Option<Duration>,
    /// Of two that nobody knows the age of, the one that was not used for longer is the older.
    left: Duration,
    handle: SessionHandle,
}

impl Age {
    fn of(owned: &Owned, now: Duration) -> Self {
        let created = owned.created.filter(|created| *created <= now.saturating_add(SKEW));
        let left = if created.is_some() { Duration::ZERO } else { owned.ttl };
        Self { created, left, handle: owned.handle }
    }
}

/// What the newcomer has to do about the others that it sees.
#[derive(Debug, PartialEq, Eq)]
enum Ruling<T> {
    /// End these, which are too many.
    End(Vec<T>),
    /// Be the newest first: so many as may be are younger, the youngest from this time on.
    Overtaken(Duration),
}

/// Decides which of `others` are too many beside the newcomer, and takes them out.
fn rule<T>(own: Age, others: &mut Vec<(Age, T)>, max: usize) -> Ruling<T> {
    others.sort_unstable_by_key(|(age, _)| std::cmp::Reverse(*age));
    let places = max.saturating_sub(1).min(others.len());
    match (others.get(places), others.first()) {
        (Some((last, _)), Some((Age { created: Some(newest), .. }, _))) if *last > own => {
            Ruling::Overtaken(*newest)
        }
        _ => Ruling::End(others.split_off(places).into_iter().map(|(_, other)| other).collect()),
    }
}

/// Whether a look at all sessions was the last one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Settled,
    Again,
}

impl Newcomer {
    /// `None` if there is no limit, or nobody is signed in.
    pub(super) fn of(context: &Arc<Context>, state: &State, new: &Created) -> Option<Self> {
        let max = context.config.max_per_owner()?;
        let owner = state.indexed_owner(&context.config)?;
        let payload = state.data.encode().ok()?;
        let key = new.address.key.clone();
        let handle = context.handle_of(&key);
        Some(Self {
            context: Arc::clone(context),
            owner: owner.into(),
            max,
            key,
            record: Record { payload, cas: new.cas, ttl: new.ttl },
            age: Age { created: state.created(), left: Duration::ZERO, handle },
            is_restamped: false,
        })
    }

    /// Ends the oldest sessions of the owner, as many as there are too many; never this one.
    ///
    /// The sign-in is stored whatever comes of it, so a failure is logged, and for the next sign-in
    /// to mend. A client that hangs up cuts nothing short.
    pub(super) fn settle(mut self) -> impl Future<Output = ()> + Send {
        let context = Arc::clone(&self.context);
        let work = undisturbed(async move {
            if let Err(error) = self.end_oldest().await {
                self.context.telemetry.limit_failed(&error);
            }
        });
        async move {
            if work.await.is_err() {
                let error = "end an owner's oldest sessions in a store that panicked";
                context.telemetry.limit_failed(&Error::new(ErrorKind::Unknown, error));
            }
        }
    }

    /// Lists and ends until nothing has moved or was stamped anew meanwhile.
    async fn end_oldest(&mut self) -> Result<()> {
        let deadline = self.context.deadline();
        let mut gone = HashSet::new();
        loop {
            let mut keys = list(&self.context, &self.owner, deadline).await?;
            let is_own = |key: &StoreKey| self.context.handle_of(key) == self.age.handle;
            keys.retain(|key| !is_own(key) && !gone.contains(key));
            if keys.len() < self.max {
                return Ok(());
            }
            if self.round(&keys, &mut gone, deadline).await? == Round::Settled {
                return Ok(());
            }
            if deadline.is_over() {
                let error = "end an owner's oldest sessions within the request's deadline";
                return Err(Error::new(ErrorKind::Timeout, error));
            }
        }
    }

    /// Looks at the sessions under `keys`, a few at a time, and ends those that so many others as
    /// may be are newer than; so a deadline that is over leaves fewer of them for the next time.
    async fn round(
        &mut self,
        keys: &[StoreKey],
        gone: &mut HashSet<StoreKey>,
        deadline: Deadline,
    ) -> Result<Round> {
        let mut others = Vec::new();
        let (mut round, mut failure) = (Round::Settled, None);
        for keys in keys.chunks(WIDTH) {
            for looked in self.look(keys.to_vec(), deadline).await {
                match looked {
                    Ok((key, Look::Found(owned))) if !owned.is_over => {
                        others.push((Age::of(&owned, unix_time()), (key, owned)));
                    }
                    Ok((_, Look::Found(_) | Look::NotTheirs)) => {}
                    // It may have moved to an id that only the next listing names.
                    Ok((key, Look::Gone)) => {
                        gone.insert(key);
                        round = Round::Again;
                    }
                    Err(error) => failure = Some(error),
                }
            }
            let surplus = loop {
                match rule(self.age, &mut others, self.max) {
                    Ruling::End(surplus) => break surplus,
                    // A later sign-in sees this one, and the rest.
                    Ruling::Overtaken(_) if self.is_restamped => return Ok(Round::Settled),
                    Ruling::Overtaken(newest) => {
                        if !self.restamp(newest, deadline).await? {
                            return Ok(Round::Settled);
                        }
                    }
                }
            };
            for end in self.end(surplus, deadline).await {
                match end {
                    Ok(End::Ended | End::NotTheirs) => {}
                    Ok(End::Spared | End::Gone | End::Vanished) => round = Round::Again,
                    Err(error) => failure = Some(error),
                }
            }
        }
        failure.map_or(Ok(round), Err)
    }

    async fn look(&self, keys: Vec<StoreKey>, deadline: Deadline) -> Vec<Result<(StoreKey, Look)>> {
        let looks = each(keys, |key| {
            let (context, owner) = (Arc::clone(&self.context), Arc::clone(&self.owner));
            async move {
                let look = look(&context, &owner, &key, deadline).await?;
                Ok((key, look))
            }
        });
        looks.await
    }

    async fn end(&self, sessions: Vec<(StoreKey, Owned)>, deadline: Deadline) -> Vec<Result<End>> {
        let ends = each(sessions, |(key, seen)| {
            let (context, owner) = (Arc::clone(&self.context), Arc::clone(&self.owner));
            async move {
                let created = seen.created;
                let may_end = |owned: &Owned| owned.created == created;
                end_one(&context, &owner, &key, Some(seen), may_end, EndedBy::Limit, deadline).await
            }
        });
        ends.await
    }

    /// Makes this session newer than `newest`; `false` if another sign-in has ended it.
    async fn restamp(&mut self, newest: Duration, deadline: Deadline) -> Result<bool> {
        self.is_restamped = true;
        let data = Data::parse(self.record.clone(), self.context.limits())?;
        let mut state = State::new(Home::None, data, Presented::Nothing, Instant::now());
        state.stamp_at(unix_time().max(newest + STEP))?;
        let payload = state.data.encode()?;
        let lease = Lease { ttl: self.record.ttl, owner: Some(&self.owner) };
        let when = Precondition::Unchanged(&self.record);
        let write = self.context.store.write(&self.key, payload.clone(), &lease, when);
        let Outcome::Written { cas } = deadline.write(write).await? else { return Ok(false) };
        self.age.created = state.created();
        self.record = Record { payload, cas, ttl: self.record.ttl };
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::{Age, Ruling, rule};
    use crate::id::SessionHandle;
    use crate::store::StoreKey;
    use std::time::Duration;

    fn age(created: Option<u64>, left: u64) -> Age {
        Age {
            created: created.map(Duration::from_secs),
            left: Duration::from_secs(left),
            handle: SessionHandle::of(&StoreKey::new("", "a")),
        }
    }

    #[test]
    fn oldest_are_too_many_and_never_the_newcomer() {
        // When others began, 0 where nobody knows, beside one that begins at 5; what is too many of
        // them, or after whom the newcomer has to begin.
        type Row = (&'static [u64], usize, Result<&'static [u64], u64>);
        let table: [Row; 12] = [
            (&[], 1, Ok(&[])),
            (&[4], 1, Ok(&[4])),
            (&[4], 2, Ok(&[])),
            (&[4, 2, 3], 2, Ok(&[3, 2])),
            (&[4, 2, 3], 3, Ok(&[2])),
            (&[4, 0, 3], 3, Ok(&[0])),
            (&[0, 0], 1, Ok(&[0, 0])),
            (&[6], 1, Err(6)),
            (&[6], 2, Ok(&[])),
            (&[6, 4], 2, Ok(&[4])),
            (&[6, 8, 7, 1], 2, Err(8)),
            (&[6, 8, 7, 1], 4, Ok(&[1])),
        ];
        for (others, max, expected) in table {
            let known = |time: u64| (time > 0).then_some(time);
            let mut seen: Vec<_> = others.iter().map(|&t| (age(known(t), 0), t)).collect();
            let ruling = rule(age(Some(5), 0), &mut seen, max);
            let expected = match expected {
                Ok(surplus) => Ruling::End(surplus.to_vec()),
                Err(newest) => Ruling::Overtaken(Duration::from_secs(newest)),
            };
            assert_eq!(ruling, expected, "{others:?} {max}");
        }
    }

    #[test]
    fn of_those_that_nobody_knows_the_age_of_the_least_used_ends_first() {
        let mut seen =
            vec![(age(None, 9), "used"), (age(Some(1), 0), "old"), (age(None, 3), "idle")];
        assert_eq!(rule(age(Some(5), 0), &mut seen, 3), Ruling::End(vec!["idle"]));
        assert_eq!(rule(age(Some(5), 0), &mut seen, 2), Ruling::End(vec!["used"]));
    }
}
