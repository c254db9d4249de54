//! A subscriber that keeps every word of every event and span.

use std::cell::RefCell;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex, OnceLock};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    static LISTENER: RefCell<Option<Capture>> = const { RefCell::new(None) };
}

/// What one test, on its thread, has heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Capture(Arc<Mutex<String>>);

/// Makes this process hear everything; to be called before anything could be said.
pub(crate) fn listen() {
    static LISTENING: OnceLock<()> = OnceLock::new();
    LISTENING.get_or_init(|| tracing::subscriber::set_global_default(Listener).unwrap());
}

impl Capture {
    /// Keeps what this thread says from here on.
    pub(crate) fn start() -> Self {
        listen();
        let capture = Self::default();
        LISTENER.set(Some(capture.clone()));
        capture
    }

    pub(crate) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }

    fn note(metadata: &Metadata<'_>, record: impl FnOnce(&mut Words)) {
        let mut words = Words(format!("{} {}:", metadata.level(), metadata.target()));
        record(&mut words);
        words.0.push('\n');
        Self::append(&words);
    }

    fn append(words: &Words) {
        LISTENER.with_borrow(|listener| {
            if let Some(capture) = listener {
                capture.0.lock().unwrap().push_str(&words.0);
            }
        });
    }
}

/// The subscriber of the whole process; each thread has a capture of its own.
struct Listener;

struct Words(String);

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Subscriber for Listener {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        Capture::note(span.metadata(), |words| span.record(words));
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        let mut words = Words(String::new());
        values.record(&mut words);
        Capture::append(&words);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        Capture::note(event.metadata(), |words| event.record(words));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
