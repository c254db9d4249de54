//! Sessions go through five stores, by copies that are killed and go on.
//!
//! `SESSION_TEST_COPIES` is how many there are, 2,000 if it is not set; `just copies` takes 100,000
//! and prints the rates.

use crate::common::{SECRET, Site, Stored, id, session};
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use web_session::store::{Scan, Scanner};
use web_session::{Bytes, Config, Format, MemoryStore, Record, SessionManager, Store, StoreKey};

/// How often each copy is killed, where it gets as far.
const KILLS: u32 = 3;
const TOLERANCE: Duration = Duration::from_secs(2);

fn count() -> u32 {
    std::env::var("SESSION_TEST_COPIES").map_or(2_000, |count| count.parse().unwrap())
}

/// Values of all types, in all formats, of many owners and of none, and now and then nothing that
/// could be decoded.
fn varied(manager: &SessionManager, number: u32) -> Stored {
    let owner = (!number.is_multiple_of(3)).then(|| format!("user-{}", number % 97));
    let mut stored = session(number, owner.as_deref());
    stored.ttl = Duration::from_secs(7_200 + u64::from(number));
    if number % 50 == 7 {
        return Stored { payload: SECRET.as_bytes().to_vec(), owner: None, ..stored };
    }
    let values = json!({
        "_user_id": owner,
        "number": number,
        "large": i64::MIN + i64::from(number),
        "price": f64::from(number) / 7.0,
        "is_odd": number % 2 == 1,
        "nothing": null,
        "words": "naïve 日本 \u{1f375} \"'\\\n".repeat(number as usize % 40),
        "cart": [[number, "tea"], [], {"deep": {"deeper": [true, -1, 0.5]}}],
    });
    let record =
        Record { payload: serde_json::to_vec(&values).unwrap().into(), cas: 0, ttl: stored.ttl };
    let format = [Format::Json, Format::MessagePack, Format::Pickle][number as usize % 3];
    let info = manager.info(&StoreKey::new("", &stored.name), record).unwrap();
    stored.payload = info.encoded(format).unwrap().to_vec();
    stored
}

async fn fill(site: &Site, count: u32) {
    let config = Config::builder().build().unwrap();
    let manager = SessionManager::new(Arc::new(MemoryStore::new()), config, None).unwrap();
    let store = site.store().await;
    let puts = (0..count).map(|number| {
        let (store, session) = (&store, varied(&manager, number));
        async move { site.put(store.as_ref(), &session).await }
    });
    stream::iter(puts).buffer_unordered(32).collect::<()>().await;
}

/// A record, and when it ends.
type Found = (Bytes, Instant);

/// What is there, in the order of numbers.
async fn found(site: &Site, count: u32) -> Vec<Found> {
    let store = site.store().await;
    let mut scanner = Scanner::new(store.as_ref(), site.prefix());
    let mut all: Vec<Option<Found>> = vec![None; count as usize];
    while let Some(page) = scanner.next_page().await.unwrap() {
        let read_at = Instant::now();
        for (key, record) in page.records {
            let name = key.as_str().strip_prefix(site.prefix()).unwrap();
            let number: usize = name[..42].parse().unwrap();
            all[number] = Some((record.payload, read_at + record.ttl));
        }
    }
    let there = all.iter().flatten().count();
    assert_eq!(there, all.len());
    all.into_iter().flatten().collect()
}

/// Payloads are the same byte for byte, and so are the ends of lives within the tolerance; returns
/// the largest difference.
#[track_caller]
fn assert_same(from: &[Found], to: &[Found], tolerance: Duration) -> Duration {
    let mut largest = Duration::ZERO;
    for (number, ((payload, end), (copy, copy_end))) in from.iter().zip(to).enumerate() {
        assert!(payload == copy, "payload of {number}");
        let off = end.max(copy_end).duration_since(*end.min(copy_end));
        assert!(off <= tolerance, "{number} ends {off:?} before or after its time");
        largest = largest.max(off);
    }
    largest
}

/// Copies all, killed each time that a session which was picked at random has arrived.
async fn copy(from: &Site, to: &Site, count: u32) {
    let place = from.folder().join("place");
    let (from_file, to_file) = (from.file(), to.file());
    let place_file = place.display().to_string();
    let args = [
        "copy",
        "--from",
        &from_file,
        "--to",
        &to_file,
        "--to-prefix",
        to.prefix(),
        "--resume",
        &place_file,
        "--json",
    ];
    let store = to.store().await;
    let began = Instant::now();
    let (mut killed, mut resumed) = (0, 0);
    while killed < KILLS {
        let awaited = missing(store.as_ref(), to.prefix(), count).await;
        let mut child = from.command(&args).stdout(Stdio::null()).spawn().unwrap();
        while store.load(&awaited).await.unwrap().is_none() && child.try_wait().unwrap().is_none() {
            tokio::task::yield_now().await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        killed += 1;
        resumed += u32::from(place.exists());
    }
    let last = from.run(&args).keeps_secrets();
    let took = began.elapsed().as_secs_f64();
    assert_eq!(last.code, Some(0), "{} {}", last.stdout, last.stderr);
    let json = last.json();
    let [copied, already_there] =
        ["copied", "already_there"].map(|field| json[field].as_u64().unwrap());
    let read = u32::try_from(copied + already_there).unwrap();
    assert!(read == count || repeats(from).await && read > count, "{json}");
    assert!(!Path::new(&place).exists(), "the next copy begins anew");
    let name = |site: &Site| site.vars["SESSION_TYPE"].clone();
    println!(
        "{} -> {}: {count} sessions in {took:.1} s, {:.0} a second, killed {killed} times, of \
         which {resumed} behind a page; {already_there} were there already",
        name(from),
        name(to),
        f64::from(count) / took,
    );
}

/// One that has not arrived; any, once nearly all have.
async fn missing(store: &dyn Store, prefix: &str, count: u32) -> StoreKey {
    let any = || StoreKey::new(prefix, &id(rand::random_range(0..count)));
    for _ in 0..100 {
        let key = any();
        if store.load(&key).await.unwrap().is_none() {
            return key;
        }
    }
    any()
}

async fn repeats(site: &Site) -> bool {
    site.store().await.capabilities().scan == Scan::MayRepeat
}

#[tokio::test]
async fn sessions_go_through_five_stores_by_copies_that_are_killed() {
    let count = count();
    let sites = [Site::redis(), Site::postgres(), Site::dynamodb(), Site::files(), Site::sqlite()];
    fill(&sites[0], count).await;
    let first = found(&sites[0], count).await;
    let mut last = first.clone();
    for pair in sites.windows(2) {
        let [from, to] = pair else { unreachable!("they are two") };
        copy(from, to, count).await;
        let there = found(to, count).await;
        println!("  ends off by {:?} at most", assert_same(&last, &there, TOLERANCE));
        last = there;
    }
    // Those that keep whole seconds round up, two of them here.
    let off = assert_same(&first, &last, TOLERANCE + Duration::from_secs(2));
    println!("from the first to the last, ends are off by {off:?} at most");
}
