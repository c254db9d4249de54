//! The metrics of every request. A metric's key is an allocation for its labels and a hash over
//! all of it, so the keys of these few are made once.

use super::super::plan::Plan;
use metrics::{Histogram, IntoF64, Key, Label, Level, Metadata, with_recorder};
use tokio::time::Instant;

static METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));

/// The keys of one manager, whose label `backend` is its store's.
#[derive(Debug)]
pub(crate) struct Meters {
    hits: Key,
    misses: Key,
    read_bytes: Key,
    load_seconds: Key,
    commits: [Key; Plan::ALL.len()],
    commit_seconds: [Key; Plan::ALL.len()],
    written_bytes: Key,
}

impl Meters {
    pub(crate) fn new(backend: &'static str) -> Self {
        let backend = Label::from_static_parts("backend", backend);
        let key = |name| Key::from_parts(name, vec![backend.clone()]);
        let labelled = |name, label, value| {
            let label = Label::from_static_parts(label, value);
            Key::from_parts(name, vec![backend.clone(), label])
        };
        Self {
            hits: labelled("session_loads_total", "result", "hit"),
            misses: labelled("session_loads_total", "result", "miss"),
            read_bytes: key("session_read_bytes_total"),
            load_seconds: key("session_load_seconds"),
            commits: Plan::ALL.map(|plan| labelled("session_commits_total", "plan", plan.as_str())),
            commit_seconds: Plan::ALL
                .map(|plan| labelled("session_commit_seconds", "plan", plan.as_str())),
            written_bytes: key("session_written_bytes_total"),
        }
    }

    pub(crate) fn hit(&self, payload_len: usize, started: Instant) {
        with_recorder(|recorder| {
            recorder.register_counter(&self.hits, &METADATA).increment(1);
            let bytes = recorder.register_counter(&self.read_bytes, &METADATA);
            bytes.increment(payload_len as u64);
            let seconds = recorder.register_histogram(&self.load_seconds, &METADATA);
            seconds.record(Since(started));
        });
    }

    pub(crate) fn missed(&self) {
        increment(&self.misses, 1);
    }

    /// The histogram is for what calls the store.
    pub(crate) fn planned(&self, plan: Plan) -> Histogram {
        let (commits, seconds) =
            (&self.commits[plan as usize], &self.commit_seconds[plan as usize]);
        with_recorder(|recorder| {
            recorder.register_counter(commits, &METADATA).increment(1);
            match plan {
                Plan::Nothing | Plan::Refuse => Histogram::noop(),
                _ => recorder.register_histogram(seconds, &METADATA),
            }
        })
    }

    pub(crate) fn written(&self, payload_len: usize) {
        increment(&self.written_bytes, payload_len as u64);
    }
}

/// The seconds since then: the clock is looked at only if somebody records.
pub(super) struct Since(pub(super) Instant);

impl IntoF64 for Since {
    fn into_f64(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

fn increment(key: &Key, by: u64) {
    with_recorder(|recorder| recorder.register_counter(key, &METADATA).increment(by));
}
