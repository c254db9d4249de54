//! A scan shows the records of a prefix, all that live and nothing else.

use crate::probe::{
    MINUTE, create, ensure_remains, fresh_key, fresh_payload, kind_of, lease, open, outlive,
    random_name, short_ttl, update,
};
use crate::verdict::{ensure, not_applicable_if};
use crate::{Finding, Subject, Verdict};
use session_core::store::{Cursor, Scan};
use session_core::{Bytes, Capabilities, ErrorKind, Record, Store, StoreKey};
use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::task::yield_now;
use tokio::time::Instant;

/// Some pages of a few records, none of them even.
const CROWD: usize = 40;
const FEW: NonZeroUsize = NonZeroUsize::new(7).unwrap();

/// A scan lists the records of its prefix whole: key, payload and what is left of the lease.
pub async fn scan_lists_whole_records(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = scanned(subject).await?;
    let started = Instant::now();
    let (prefix, written) = crowd(&*store).await?;
    create(&*store, &fresh_key(), fresh_payload(), &lease(MINUTE)).await?;
    let listed = read(&*store, &prefix, FEW, capabilities.scan).await?;
    ensure!(
        listed.len() == written.len(),
        "{} records are listed of {}",
        listed.len(),
        written.len()
    );
    for (key, record) in &listed {
        ensure!(written.contains_key(key), "a key is listed that is not of this prefix");
        let is_whole = written.get(key) == Some(&record.payload);
        ensure!(is_whole, "a payload of {} bytes is listed as another", record.payload.len());
        ensure_remains(record.ttl, MINUTE, started, &capabilities)?;
    }
    Ok(())
}

/// A record that a scan lists is one that was loaded: it can be updated and renewed.
pub async fn scanned_record_is_its_own_version(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = scanned(subject).await?;
    let prefix = fresh_prefix();
    let key = StoreKey::new(&prefix, "a");
    create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
    let listed = read(&*store, &prefix, FEW, capabilities.scan).await?;
    let Some(record) = listed.get(&key) else {
        return Err(Finding::Broken("a live record is not listed".into()));
    };
    update(&*store, &key, fresh_payload(), &lease(MINUTE), record).await?;
    Ok(())
}

/// Each page begins where the last one ended, also in a store that was opened later.
pub async fn scan_is_resumed_by_another_store(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = scanned(subject).await?;
    let (prefix, written) = crowd(&*store).await?;
    let (mut listed, mut pages, mut after) = (HashSet::new(), 0, None::<Cursor>);
    loop {
        let store = subject.store().await?;
        let page = store.scan(&prefix, after.as_ref(), FEW).await?;
        pages += usize::from(!page.records.is_empty());
        for (key, _) in page.records {
            let is_new = listed.insert(key);
            ensure!(is_new || may_repeat(&capabilities), "a record is listed twice after a resume");
        }
        match page.next {
            Some(next) => after = Some(Cursor::new(next.as_str())),
            None => break,
        }
    }
    let is_whole = written.keys().all(|key| listed.contains(key));
    ensure!(is_whole, "{} records of {CROWD} are listed in pages of {FEW}", listed.len());
    ensure!(pages > 1, "{CROWD} records are listed in one page that should hold {FEW}");
    Ok(())
}

/// A page holds no more records than it may, in a store that lists each record once.
pub async fn page_is_bounded(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = scanned(subject).await?;
    not_applicable_if!(
        may_repeat(&capabilities),
        "its pages are as large as its server makes them"
    );
    let (prefix, _) = crowd(&*store).await?;
    for most in [NonZeroUsize::MIN, FEW] {
        let page = store.scan(&prefix, None, most).await?;
        ensure!(
            page.records.len() <= most.get(),
            "a page of {} records should hold {most}",
            page.records.len()
        );
    }
    Ok(())
}

/// What lives all the while is listed, whoever comes and goes.
pub async fn what_lives_all_along_is_listed(subject: &dyn Subject) -> Verdict {
    let (store, _) = scanned(subject).await?;
    let (prefix, written) = crowd(&*store).await?;
    let is_over = Arc::new(AtomicBool::new(false));
    let others = tokio::spawn(come_and_go(store.clone(), prefix.clone(), is_over.clone()));
    let mut missing = 0;
    for _ in 0..4 {
        let listed = read(&*store, &prefix, FEW, Scan::MayRepeat).await?;
        missing += written.keys().filter(|key| !listed.contains_key(key)).count();
    }
    is_over.store(true, Ordering::SeqCst);
    others.await??;
    ensure!(missing == 0, "{missing} records that lived all along were not listed");
    Ok(())
}

/// Creates, changes and deletes records among the others until it is told to stop.
async fn come_and_go(
    store: Arc<dyn Store>,
    prefix: String,
    is_over: Arc<AtomicBool>,
) -> Result<(), Finding> {
    while !is_over.load(Ordering::SeqCst) {
        let key = StoreKey::new(&prefix, &random_name());
        let loaded = create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
        yield_now().await;
        update(&*store, &key, fresh_payload(), &lease(MINUTE), &loaded).await?;
        yield_now().await;
        store.delete(&key, None, None).await?;
    }
    Ok(())
}

/// Expired records are not listed, whether or not a sweep removed them.
pub async fn expired_records_are_not_scanned(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = scanned(subject).await?;
    let prefix = fresh_prefix();
    let kept = StoreKey::new(&prefix, "kept");
    let ttl = short_ttl(&capabilities);
    create(&*store, &kept, fresh_payload(), &lease(MINUTE)).await?;
    for name in ["ends-a", "ends-b"] {
        let key = StoreKey::new(&prefix, name);
        create(&*store, &key, fresh_payload(), &lease(ttl)).await?;
    }
    outlive(subject, ttl, &capabilities).await;
    let listed = read(&*store, &prefix, FEW, capabilities.scan).await?;
    let is_right = listed.len() == 1 && listed.contains_key(&kept);
    ensure!(is_right, "{} records are listed where one lives and two expired", listed.len());
    Ok(())
}

/// A prefix is compared byte for byte: no sign in it stands for others, and case counts.
pub async fn prefixes_match_byte_for_byte(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = scanned(subject).await?;
    let stem = fresh_prefix();
    let signs = ["%", "_", "*", "?", "[a-z]", "\\", "a", "A", "~", "'", "."];
    let mut keys = Vec::new();
    for (number, sign) in signs.iter().enumerate() {
        // A table may hold no two keys that differ in case alone.
        let key = StoreKey::new(&format!("{stem}{sign}"), &number.to_string());
        create(&*store, &key, fresh_payload(), &lease(MINUTE)).await?;
        keys.push(key);
    }
    for (sign, key) in signs.iter().zip(&keys) {
        let listed = read(&*store, &format!("{stem}{sign}"), FEW, capabilities.scan).await?;
        let is_right = listed.len() == 1 && listed.contains_key(key);
        ensure!(is_right, "{} records are listed under a prefix that ends in {sign}", listed.len());
    }
    Ok(())
}

/// A cursor that no store handed out is an error, for good, and nothing worse.
pub async fn damaged_cursor_is_an_error(subject: &dyn Subject) -> Verdict {
    let (store, _) = scanned(subject).await?;
    let prefix = fresh_prefix();
    // Where a cursor is a key any text is a place; what a store makes of it must be sound.
    for text in ["", ":", "-1", "99999999999999999999:0", "\u{e9}", "{}", "' OR 1=1 --"] {
        match store.scan(&prefix, Some(&Cursor::new(text)), FEW).await {
            Ok(page) => ensure!(page.records.is_empty(), "{text:?} leads to records of others"),
            Err(error) => {
                let is_clear = error.kind() == ErrorKind::Decode && !error.is_retryable();
                ensure!(is_clear, "a damaged cursor gave {:?}", error.kind());
            }
        }
    }
    Ok(())
}

/// A store that cannot list its keys says so instead of listing nothing.
pub async fn scan_without_a_listing_is_unsupported(subject: &dyn Subject) -> Verdict {
    let (store, capabilities) = open(subject).await?;
    not_applicable_if!(capabilities.scan != Scan::Unsupported, "it lists its keys");
    let kind = kind_of(store.scan(&fresh_prefix(), None, FEW).await);
    ensure!(kind == Ok(ErrorKind::Unsupported), "a scan that is not supported gave {kind:?}");
    Ok(())
}

async fn scanned(subject: &dyn Subject) -> Result<(Arc<dyn Store>, Capabilities), Finding> {
    let (store, capabilities) = open(subject).await?;
    not_applicable_if!(capabilities.scan == Scan::Unsupported, "it cannot list its keys");
    Ok((store, capabilities))
}

fn may_repeat(capabilities: &Capabilities) -> bool {
    capabilities.scan == Scan::MayRepeat
}

fn fresh_prefix() -> String {
    format!("testkit:{}:", random_name())
}

/// Records under a prefix that nobody used before.
async fn crowd(store: &dyn Store) -> Result<(String, HashMap<StoreKey, Bytes>), Finding> {
    let prefix = fresh_prefix();
    let mut written = HashMap::new();
    for _ in 0..CROWD {
        let (key, payload) = (StoreKey::new(&prefix, &random_name()), fresh_payload());
        create(store, &key, payload.clone(), &lease(MINUTE)).await?;
        written.insert(key, payload);
    }
    Ok((prefix, written))
}

/// All pages of a scan.
async fn read(
    store: &dyn Store,
    prefix: &str,
    most: NonZeroUsize,
    scan: Scan,
) -> Result<HashMap<StoreKey, Record>, Finding> {
    let (mut listed, mut after) = (HashMap::new(), None::<Cursor>);
    loop {
        let page = store.scan(prefix, after.as_ref(), most).await?;
        for (key, record) in page.records {
            ensure!(key.as_str().starts_with(prefix), "a key is listed that is not of this prefix");
            let former = listed.insert(key, record);
            ensure!(former.is_none() || scan == Scan::MayRepeat, "a record is listed twice");
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(listed),
        }
    }
}
