//! Whatever calls come in whatever order, the memory store answers as a page of plain code does.

use proptest::prelude::{Just, Strategy, any, prop, prop_assert_eq, prop_oneof, proptest};
use proptest::test_runner::TestCaseError;
use session_core::{
    Bytes, Lease, MemoryStore, Outcome, Precondition, Record, Result, Store, StoreKey,
};
use std::time::Duration;

const KEYS: usize = 3;

#[derive(Clone, Debug)]
enum Step {
    Load { key: usize },
    Write { key: usize, payload: u8, ttl: u64, owner: Option<u8>, when: When },
    Touch { key: usize, ttl: u64, owner: Option<u8>, loaded: u8 },
    Delete { key: usize, expected: Option<u8> },
    List { owner: u8 },
    Sweep,
    Wait { seconds: u64 },
}

#[derive(Clone, Copy, Debug)]
enum When {
    Absent,
    Unchanged(u8),
}

/// The contract, as short as it can be said: seconds instead of a clock, one byte per payload.
#[derive(Default)]
struct Model {
    now: u64,
    records: [Option<Kept>; KEYS],
}

#[derive(Clone, Copy)]
struct Kept {
    payload: u8,
    ends: u64,
    owner: Option<u8>,
}

impl Model {
    fn live(&mut self, key: usize) -> Option<&mut Kept> {
        let now = self.now;
        self.records[key].as_mut().filter(|kept| kept.ends > now)
    }

    fn write(&mut self, key: usize, new: Kept, when: When) -> bool {
        let found = self.live(key).map(|kept| kept.payload);
        let holds = match when {
            When::Absent => found.is_none(),
            When::Unchanged(loaded) => found == Some(loaded),
        };
        if holds {
            self.records[key] = Some(new);
        }
        holds
    }

    fn delete(&mut self, key: usize, expected: Option<u8>) -> bool {
        let found = self.live(key).map(|kept| kept.payload);
        let holds = found.is_some() && expected.is_none_or(|payload| found == Some(payload));
        if holds {
            self.records[key] = None;
        }
        holds
    }

    fn sweep(&mut self) -> u64 {
        let now = self.now;
        let expired = self.records.iter_mut().filter(|kept| kept.is_some_and(|k| k.ends <= now));
        expired.map(|kept| *kept = None).count() as u64
    }

    fn list(&mut self, owner: u8) -> Vec<usize> {
        (0..KEYS).filter(|key| self.live(*key).is_some_and(|k| k.owner == Some(owner))).collect()
    }
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    // Few keys, payloads and owners, so that they meet.
    let (key, payload, owner, ttl) = (0..KEYS, 0..3u8, 0..2u8, 1..6u64);
    let when = prop_oneof![Just(When::Absent), payload.clone().prop_map(When::Unchanged)];
    let step = prop_oneof![
        key.clone().prop_map(|key| Step::Load { key }),
        (key.clone(), payload.clone(), ttl.clone(), prop::option::of(owner.clone()), when)
            .prop_map(|(key, payload, ttl, owner, when)| Step::Write {
                key,
                payload,
                ttl,
                owner,
                when
            }),
        (key.clone(), ttl, payload.clone(), prop::option::of(owner.clone()))
            .prop_map(|(key, ttl, loaded, owner)| Step::Touch { key, ttl, loaded, owner }),
        (key, prop::option::of(payload)).prop_map(|(key, expected)| Step::Delete { key, expected }),
        owner.prop_map(|owner| Step::List { owner }),
        any::<()>().prop_map(|()| Step::Sweep),
        (1..4u64).prop_map(|seconds| Step::Wait { seconds }),
    ];
    prop::collection::vec(step, 1..60)
}

async fn compare(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let fail = |error: session_core::Error| TestCaseError::fail(error.to_string());
    let store = MemoryStore::new();
    let mut model = Model::default();
    for step in steps {
        match step {
            Step::Load { key } => {
                let found = store.load(&name(key)).await.map_err(fail)?;
                let now = model.now;
                let expected = model.live(key).map(|kept| (vec![kept.payload], kept.ends - now));
                let found = found.map(|record| (record.payload.to_vec(), record.ttl.as_secs()));
                prop_assert_eq!(found, expected);
            }
            Step::Write { key, payload, ttl, owner, when } => {
                let kept = Kept { payload, ends: model.now + ttl, owner };
                let expected = model.write(key, kept, when);
                let owner = owner.map(|owner| owner.to_string());
                let lease = Lease { ttl: Duration::from_secs(ttl), owner: owner.as_deref() };
                let loaded;
                let when = match when {
                    When::Absent => Precondition::Absent,
                    When::Unchanged(payload) => {
                        loaded = record(payload);
                        Precondition::Unchanged(&loaded)
                    }
                };
                let written = store.write(&name(key), bytes(payload), &lease, when).await;
                prop_assert_eq!(written.map_err(fail)? != Outcome::Refused, expected);
            }
            Step::Touch { key, ttl, loaded, owner } => {
                let kept = Kept { payload: loaded, ends: model.now + ttl, owner };
                let expected = model.write(key, kept, When::Unchanged(loaded));
                let owner = owner.map(|owner| owner.to_string());
                let lease = Lease { ttl: Duration::from_secs(ttl), owner: owner.as_deref() };
                let touched = store.touch(&name(key), &lease, &record(loaded)).await;
                prop_assert_eq!(touched.map_err(fail)? != Outcome::Refused, expected);
            }
            Step::Delete { key, expected } => {
                let removes = model.delete(key, expected);
                let expected = expected.map(record);
                let removed = store.delete(&name(key), None, expected.as_ref()).await;
                prop_assert_eq!(removed.map_err(fail)?, removes);
            }
            Step::List { owner } => {
                let mut listed = store.list_by_owner(&owner.to_string()).await.map_err(fail)?;
                listed.sort();
                let expected: Vec<StoreKey> = model.list(owner).into_iter().map(name).collect();
                prop_assert_eq!(listed, expected);
            }
            Step::Sweep => {
                let removed = store.delete_expired().await.map_err(fail)?;
                prop_assert_eq!(removed, model.sweep());
            }
            Step::Wait { seconds } => {
                tokio::time::advance(Duration::from_secs(seconds)).await;
                model.now += seconds;
            }
        }
    }
    Ok(())
}

fn name(key: usize) -> StoreKey {
    StoreKey::new("key-", &key.to_string())
}

fn bytes(payload: u8) -> Bytes {
    Bytes::copy_from_slice(&[payload])
}

fn record(payload: u8) -> Record {
    Record { payload: bytes(payload), cas: 0, ttl: Duration::ZERO }
}

proptest! {
    #[test]
    fn memory_store_answers_as_the_model_does(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()?;
        runtime.block_on(compare(steps))?;
    }
}
