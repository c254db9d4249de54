//! A key is opaque text: only the same bytes find the record.

use crate::probe::{
    MINUTE, create, ensure_gone, ensure_holds, fresh_key, fresh_payload, is_written, lease, open,
};
use crate::verdict::{ensure, not_applicable_if};
use crate::{Subject, Verdict};
use session_core::{ErrorKind, Precondition, StoreKey};

/// Tried where the store names no limit: SHA-256 in hex under a long prefix.
const USUAL_KEY: usize = 200;

const HOSTILE: [&str; 40] = [
    "",
    " ",
    "\t",
    "\n",
    "\r\n",
    "\0",
    "\u{7f}",
    "\u{1f36a}",
    "\u{202e}",
    "*",
    "?",
    "[a-z]",
    "{a}{b}",
    "{}",
    "{",
    "..",
    "../",
    "../../etc/passwd",
    "/",
    "//",
    "\\",
    "~/",
    "C:",
    ".",
    "-rf ",
    "'",
    "\"",
    "`",
    "' OR '1'='1",
    "'; DROP TABLE sessions; --",
    "\"); DELETE FROM sessions; --",
    "%",
    "_",
    "%s%n",
    "$(id)",
    "${HOME}",
    "$where",
    "\r\nflush_all\r\n",
    "x 0 0 1\r\ny\r\nset ",
    "\r\n*1\r\n$8\r\nFLUSHALL\r\n",
];

/// A key with its case swapped or spaces around it misses, for every operation.
pub async fn keys_match_byte_for_byte(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let key = fresh_key();
    let payload = fresh_payload();
    let loaded = create(&*store, &key, payload.clone(), &lease(MINUTE)).await?;
    let text = key.as_str();
    let upper = text.to_ascii_uppercase();
    let lower = text.to_ascii_lowercase();
    let variants = [upper, lower, format!("{text} "), format!(" {text}"), format!("{text}\t")];
    for variant in variants {
        let other = StoreKey::new("", &variant);
        // A store may report that it cannot hold such a key; what counts is that it never hits.
        let hit = matches!(store.load(&other).await, Ok(Some(_)));
        ensure!(!hit, "{variant:?} loaded the record of {text:?}");
        let when = Precondition::Unchanged(&loaded);
        let written = store.write(&other, fresh_payload(), &lease(MINUTE), when).await;
        ensure!(!written.is_ok_and(is_written), "{variant:?} updated the record of {text:?}");
        let touched = store.touch(&other, &lease(MINUTE), &loaded).await;
        ensure!(!touched.is_ok_and(is_written), "{variant:?} touched the record of {text:?}");
        let deleted = store.delete(&other, None, None).await;
        ensure!(!matches!(deleted, Ok(true)), "{variant:?} deleted the record of {text:?}");
    }
    ensure_holds(&*store, &key, &payload).await
}

/// A key under a prefix that means something to a server, a shell or a file system is a key like
/// any other, or one that the store refuses for good; no other record notices.
pub async fn hostile_prefixes_are_parts_of_keys(subject: &dyn Subject) -> Verdict {
    let (store, _) = open(subject).await?;
    let (bystander, kept) = (fresh_key(), fresh_payload());
    create(&*store, &bystander, kept.clone(), &lease(MINUTE)).await?;
    for prefix in HOSTILE {
        // Two, so that what they have in common is not taken for the key.
        let mut written = Vec::new();
        for key in [0, 1].map(|_| StoreKey::new(prefix, fresh_key().as_str())) {
            let payload = fresh_payload();
            let when = Precondition::Absent;
            match store.write(&key, payload.clone(), &lease(MINUTE), when).await {
                Ok(outcome) => {
                    ensure!(is_written(outcome), "creating a record under {prefix:?} was refused");
                    written.push((key, payload));
                }
                Err(error) => {
                    let is_clear = !error.is_retryable() && error.kind() != ErrorKind::Unknown;
                    ensure!(is_clear, "a key under {prefix:?} gave {error:?}");
                }
            }
        }
        for (key, payload) in &written {
            ensure_holds(&*store, key, payload).await?;
            let removed = store.delete(key, None, None).await?;
            ensure!(removed, "the record under {prefix:?} was not deleted");
        }
    }
    ensure_holds(&*store, &bystander, &kept).await
}

/// Keys as long as the store takes that differ in the last byte are different keys.
pub async fn longest_keys_are_told_apart(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    let length = capabilities.max_key.unwrap_or(USUAL_KEY);
    let stem = padded_key(length - 1);
    let [first, second] = ["a", "b"].map(|end| StoreKey::new(&stem, end));
    let payloads = [fresh_payload(), fresh_payload()];
    create(&*store, &first, payloads[0].clone(), &lease(MINUTE)).await?;
    ensure_gone(&*store, &second).await?;
    create(&*store, &second, payloads[1].clone(), &lease(MINUTE)).await?;
    ensure_holds(&*store, &first, &payloads[0]).await?;
    ensure_holds(&*store, &second, &payloads[1]).await
}

/// A key longer than the store takes is an error, never a record under its beginning.
pub async fn overlong_key_is_an_error(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    not_applicable_if!(capabilities.max_key.is_none(), "its keys have no limit");
    let stem = padded_key(capabilities.max_key.unwrap_or(USUAL_KEY));
    let overlong = StoreKey::new(&stem, "x");
    let written =
        store.write(&overlong, fresh_payload(), &lease(MINUTE), Precondition::Absent).await;
    ensure!(written.is_err(), "a create under an overlong key was answered with {written:?}");
    ensure_gone(&*store, &StoreKey::new(&stem, "")).await
}

fn padded_key(length: usize) -> String {
    let mut key = fresh_key().as_str().to_owned();
    while key.len() < length {
        key.push('k');
    }
    key
}
