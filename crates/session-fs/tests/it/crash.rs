//! A process killed at any moment leaves each record old or new, whole, and listed if it lives.

use crate::common::{MINUTE, WRITTEN, child_dir, drafts, names, open, owned, owner_42, spawn};
use session_core::{Bytes, Outcome, Precondition, Record, Store, StoreKey};
use session_fs::{Durability, FileOptions, FileStore};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const ROUNDS: usize = 300;

fn subject() -> StoreKey {
    StoreKey::new("session:", "crash")
}

/// What the key holds after step `step`: now and then nothing, else a payload of its own length.
fn state(step: u64) -> Option<Bytes> {
    let line = format!("{step};");
    let repeats = 1 + (step * 7_919 % 3_000) as usize;
    (!step.is_multiple_of(4)).then(|| Bytes::from(line.repeat(repeats)))
}

async fn take(store: &FileStore, step: u64) {
    let (key, lease) = (subject(), owned(MINUTE));
    let before = state(step - 1).map(|payload| Record { payload, cas: 0, ttl: MINUTE });
    match (before, state(step)) {
        (None, Some(new)) => {
            assert_eq!(
                store.write(&key, new, &lease, Precondition::Absent).await.unwrap(),
                WRITTEN
            );
        }
        (Some(loaded), Some(new)) => {
            assert_eq!(store.touch(&key, &lease, &loaded).await.unwrap(), WRITTEN);
            let when = Precondition::Unchanged(&loaded);
            let outcome: Outcome = store.write(&key, new, &lease, when).await.unwrap();
            assert_eq!(outcome, WRITTEN);
        }
        (Some(loaded), None) => {
            assert!(store.delete(&key, lease.owner, Some(&loaded)).await.unwrap());
        }
        (None, None) => unreachable!("no two steps in a row leave nothing"),
    }
}

#[test]
#[ignore = "the part of every_record_is_whole_after_a_kill that is killed"]
fn child_steps() {
    let Some(dir) = child_dir() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut step = String::new();
        std::io::stdin().read_line(&mut step).unwrap();
        let mut step: u64 = step.trim().parse().unwrap();
        // Flushes spread the parts of a step over time, so that kills fall between them.
        let durability = match step % 3 {
            0 => Durability::Process,
            1 => Durability::Session,
            _ => Durability::PowerCut,
        };
        // However long a busy disk takes.
        let options = FileOptions::new(&dir).operation_timeout(Duration::from_secs(30));
        let options = options.owner_index(true).durability(durability);
        let store = open(options).await;
        let mut acknowledged = std::io::stdout().lock();
        loop {
            step += 1;
            take(&store, step).await;
            writeln!(acknowledged, "step {step}").unwrap();
            acknowledged.flush().unwrap();
        }
    });
}

/// Lets a child go on from `step`, kills it, and returns the last step that it acknowledged.
fn run_and_kill(dir: &Path, step: u64) -> u64 {
    let mut child = spawn("crash::child_steps", dir);
    writeln!(child.stdin.take().unwrap(), "{step}").unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    // What the harness prints before the first step has no "step" of its own.
    while !text.contains("step ") {
        assert_ne!(output.read_line(&mut text).unwrap(), 0, "the child failed: {text}");
    }
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    thread::sleep(Duration::from_nanos(u64::from(nanos / 7 % 8_000_000)));
    // std's kill is SIGKILL.
    child.kill().unwrap();
    output.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    // A line that was cut short was not acknowledged.
    let whole = &text[..=text.rfind('\n').unwrap()];
    let acknowledged = whole.rmatches("step ").count() as u64;
    step + acknowledged
}

#[test]
fn every_record_is_whole_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let store = runtime.block_on(open(FileOptions::new(dir.path()).owner_index(true)));
    let mut step = 0;
    let mut unheard = 0;
    let mut orphans = 0;
    for round in 0..ROUNDS {
        let acknowledged = run_and_kill(dir.path(), step);
        let found = runtime.block_on(store.load(&subject())).unwrap();
        let found = found.map(|record| record.payload);
        let listed = runtime.block_on(store.list_by_owner("42")).unwrap();
        let live: &[StoreKey] = if found.is_some() { &[subject()] } else { &[] };
        assert!(listed == live, "round {round}: the index is not that of the live records");
        let has_entry = || owner_42(dir.path()).is_dir() && !names(owner_42(dir.path())).is_empty();
        orphans += usize::from(found.is_none() && has_entry());
        assert_eq!(runtime.block_on(store.delete_expired()).unwrap(), 0);
        assert_eq!(has_entry(), found.is_some(), "round {round}: a sweep takes orphans alone");
        step = if found == state(acknowledged) {
            acknowledged
        } else {
            assert!(found == state(acknowledged + 1), "round {round}: neither old nor new");
            unheard += 1;
            acknowledged + 1
        };
    }
    let left = drafts(dir.path()).len();
    println!(
        "{step} steps, {unheard} of them unheard, {left} drafts and {orphans} entries left behind"
    );
    assert!(step > ROUNDS as u64);
}
