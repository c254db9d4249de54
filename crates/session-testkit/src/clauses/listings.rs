//! A listing is exact and complete, whatever the owner is called and whoever writes meanwhile.

use super::owners::{ensure_lists, indexed, owned_record};
use crate::probe::{
    MINUTE, create, ensure_gone, fresh_key, fresh_owner, fresh_payload, is_written, lease,
    load_live, update,
};
use crate::verdict::ensure;
use crate::{Finding, Subject, Verdict};
use session_core::{Error, ErrorKind, Lease, Precondition, Store, StoreKey};
use std::collections::HashSet;
use tokio::task::JoinSet;

const CROWD: usize = 1_000;
const WRITERS: usize = 16;

/// Owners that differ in case, spaces, quotes, wildcards, separators or a part of their name are
/// different owners; one that the store cannot hold is refused for good.
pub async fn owners_match_byte_for_byte(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let mut entries = Vec::new();
    for owner in lookalikes(&fresh_owner()) {
        let key = fresh_key();
        let lease = Lease { ttl: MINUTE, owner: Some(&owner) };
        let written = store.write(&key, fresh_payload(), &lease, Precondition::Absent).await;
        let keys = match written {
            Ok(outcome) => {
                ensure!(is_written(outcome), "creating a record for {owner:?} was refused");
                vec![key]
            }
            Err(error) => {
                ensure!(!entries.is_empty(), "a plain owner is an error: {error:?}");
                ensure_for_good(&error, &owner)?;
                ensure_gone(&*store, &key).await?;
                Vec::new()
            }
        };
        entries.push((owner, keys));
    }
    for (owner, keys) in &entries {
        match store.list_by_owner(owner).await {
            Ok(listed) => ensure!(
                listed == *keys,
                "{owner:?} has {} records and {} keys listed, or others",
                keys.len(),
                listed.len()
            ),
            Err(error) => {
                ensure!(keys.is_empty(), "listing {owner:?}, who has a record, gave {error:?}");
                ensure_for_good(&error, owner)?;
            }
        }
    }
    // Others may own records under such names, but these are not theirs.
    let ours: HashSet<_> = entries.iter().flat_map(|(_, keys)| keys).collect();
    for stranger in ["", "*", "%", "owner", "owner-", "owner-*", "owner-%", "owner-?", "?", "."] {
        let listed = store.list_by_owner(stranger).await.unwrap_or_default();
        ensure!(!listed.iter().any(|key| ours.contains(key)), "{stranger:?} lists others' keys");
    }
    Ok(())
}

/// Owners that differ in the last of many bytes are told apart, or are `TooLarge` and nothing is
/// written.
pub async fn long_owners_are_told_apart(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    for length in [255, 256, 1 << 10, 64 << 10] {
        let stem = format!("{:k<width$}", fresh_owner(), width = length - 1);
        for owner in [format!("{stem}a"), format!("{stem}b")] {
            let key = fresh_key();
            let lease = Lease { ttl: MINUTE, owner: Some(&owner) };
            let written = store.write(&key, fresh_payload(), &lease, Precondition::Absent).await;
            match written {
                Ok(_) => ensure_lists(&*store, &owner, &[key]).await?,
                Err(error) => {
                    let kind = error.kind();
                    ensure!(
                        kind == ErrorKind::TooLarge,
                        "an owner of {length} bytes gave {kind:?}"
                    );
                    ensure_gone(&*store, &key).await?;
                    let listed = store.list_by_owner(&owner).await.unwrap_or_default();
                    ensure!(listed.is_empty(), "an owner of {length} bytes without a record lists");
                }
            }
        }
    }
    Ok(())
}

/// An owner of a thousand records has a thousand keys listed, each once.
pub async fn thousand_records_are_listed(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let owner = fresh_owner();
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, owner) = (store.clone(), owner.clone());
        writers.spawn(async move {
            let mut keys = Vec::new();
            for _ in 0..CROWD.div_ceil(WRITERS) {
                let key = fresh_key();
                let lease = Lease { ttl: MINUTE, owner: Some(&owner) };
                let when = Precondition::Absent;
                ensure!(
                    is_written(store.write(&key, fresh_payload(), &lease, when).await?),
                    "creating a record under a fresh key was refused"
                );
                keys.push(key);
            }
            Ok::<_, Finding>(keys)
        });
    }
    let mut keys = Vec::new();
    while let Some(written) = writers.join_next().await {
        keys.extend(written??);
    }
    ensure_lists(&*store, &owner, &keys).await
}

/// A record that was written for nobody, as one from before the index was turned on, is listed for
/// the owner that an update names.
pub async fn update_lists_a_record_that_had_no_owner(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let owner = fresh_owner();
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let owned = Lease { ttl: MINUTE, owner: Some(&owner) };
    update(&*store, &key, fresh_payload(), &owned, &loaded).await?;
    ensure_lists(&*store, &owner, &[key]).await
}

/// A record that was written for nobody is listed for the owner that a touch names.
pub async fn touch_lists_a_record_that_had_no_owner(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let owner = fresh_owner();
    let key = fresh_key();
    let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let owned = Lease { ttl: MINUTE, owner: Some(&owner) };
    // Whether it is applied is another clause's; this one is about the index.
    let _ = store.touch(&key, &owned, &loaded).await?;
    ensure_lists(&*store, &owner, &[key]).await
}

/// Many who create, change and delete records of one owner at once lose no entry, and a record
/// that lives all the while is in every listing.
pub async fn no_entry_is_lost_among_many_writers(subject: &dyn Subject) -> Verdict {
    let (store, _) = indexed(subject).await?;
    let owner = fresh_owner();
    let bystander = owned_record(&*store, &owner, MINUTE).await?;
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let (store, owner) = (store.clone(), owner.clone());
        writers.spawn(async move { come_and_go(&*store, &owner).await });
    }
    let mut keys = vec![bystander.clone()];
    loop {
        let listed = store.list_by_owner(&owner).await?;
        ensure!(listed.contains(&bystander), "a live record was missing from a listing");
        match writers.join_next().await {
            Some(kept) => keys.push(kept??),
            None => break,
        }
    }
    ensure_lists(&*store, &owner, &keys).await
}

/// Leaves one record of two.
async fn come_and_go(store: &dyn Store, owner: &str) -> Result<StoreKey, Finding> {
    let lease = Lease { ttl: MINUTE, owner: Some(owner) };
    let kept = owned_record(store, owner, MINUTE).await?;
    let dropped = owned_record(store, owner, MINUTE).await?;
    let loaded = load_live(store, &kept).await?;
    // Lets others in between, even on a store that never waits.
    tokio::task::yield_now().await;
    let loaded = update(store, &kept, fresh_payload(), &lease, &loaded).await?;
    store.delete(&dropped, Some(owner), None).await?;
    tokio::task::yield_now().await;
    let _ = store.touch(&kept, &lease, &loaded).await?;
    Ok(kept)
}

fn ensure_for_good(error: &Error, owner: &str) -> Verdict {
    let is_clear = !error.is_retryable() && error.kind() != ErrorKind::Unknown;
    ensure!(is_clear, "an owner that cannot be held, {owner:?}, gave {error:?}");
    Ok(())
}

/// Names that a careless index takes for `owner` or for a part of it; `owner` comes first.
fn lookalikes(owner: &str) -> Vec<String> {
    let shorter = &owner[..owner.len() - 1];
    let mut names = vec![owner.to_owned(), owner.to_ascii_uppercase(), shorter.to_owned()];
    names.extend(["*", "%", "_", "?", "[0-9a-f]"].map(|wildcard| format!("{shorter}{wildcard}")));
    names.extend([" ", "\t", "\n", "../", "*", ":", "'"].map(|before| format!("{before}{owner}")));
    names.extend(
        [
            "x",
            " ",
            "\t",
            "\n",
            "\0",
            "\0x",
            ":",
            ":*",
            "::",
            "/",
            "/..",
            "\\",
            "'",
            "\"",
            "`",
            "' OR '1'='1",
            "\";--",
            "$",
            "{x}",
            "%00",
            "é",
            "e\u{301}",
            "ß",
            "ss",
            "ſ",
            "s",
            "🦀",
            "\u{200b}",
            "\u{feff}",
        ]
        .map(|after| format!("{owner}{after}")),
    );
    names
}
