//! Prints what calls of the store cost beside the bare steps on files, in one run.
//!
//! `cargo bench -p session-fs --bench files -- DIR...`; without a directory one on the disk of the
//! target and one in memory. All rows take turns. A busy machine and a busy disk slow the medians
//! most, so the ratios are those of the least, to the first row.

use rustix::fs::{CWD, RenameFlags, renameat_with};
use session_core::{Bytes, Lease, Precondition, Record, Store, StoreKey};
use session_fs::{Durability, FileOptions, FileStore};
use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write as _, stdout};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::task::spawn_blocking;

type Done = Result<(), Box<dyn Error>>;

const ROUNDS: usize = 201;
/// Calls of each row in a round.
const CALLS: usize = 10;
const TTL: Duration = Duration::from_secs(3600);
const PAYLOAD: usize = 500;

fn main() -> Done {
    let named: Vec<PathBuf> =
        std::env::args().skip(1).filter(|arg| arg != "--bench").map(PathBuf::from).collect();
    let usual = [env!("CARGO_TARGET_TMPDIR"), "/dev/shm"].map(PathBuf::from);
    let dirs = if named.is_empty() { usual.to_vec() } else { named };
    for dir in dirs.iter().filter(|dir| dir.is_dir()) {
        report(dir)?;
    }
    Ok(())
}

fn report(dir: &Path) -> Done {
    let bare = Bare::new(dir)?;
    let stores = [Subject::new(dir, Durability::Process)?, Subject::new(dir, Durability::Session)?];
    let [fast, safe] = &stores;
    type Row<'a> = (&'static str, &'a dyn Fn() -> Done);
    let rows: [Row<'_>; 10] = [
        ("file: rename over another", &|| bare.rename()),
        ("file: exchange, remove", &|| bare.exchange()),
        ("file: link, remove both", &|| bare.link()),
        ("thread: there and back", &|| fast.visit()),
        ("store: write, Process", &|| fast.write()),
        ("store: write, Session", &|| safe.write()),
        ("store: create and delete", &|| safe.create()),
        ("store: touch", &|| safe.touch()),
        ("store: load", &|| safe.load()),
        ("store: load of nothing", &|| safe.miss()),
    ];
    let mut times = vec![Vec::new(); rows.len()];
    for _ in 0..ROUNDS {
        for ((_, row), times) in rows.iter().zip(&mut times) {
            let begun = Instant::now();
            for _ in 0..CALLS {
                row()?;
            }
            times.push(begun.elapsed().as_secs_f64() * 1e6 / CALLS as f64);
        }
    }
    let mut out = stdout().lock();
    writeln!(out, "\n{}\n{:<28} {:>8} {:>8} {:>8}", dir.display(), "", "median", "least", "ratio")?;
    let mut first = None;
    for ((name, _), mut times) in rows.iter().zip(times) {
        times.sort_by(f64::total_cmp);
        let (least, median) = (times[0], times[ROUNDS / 2]);
        let ratio = least / *first.get_or_insert(least);
        writeln!(out, "{name:<28} {median:>5.1} µs {least:>5.1} µs {ratio:>8.2}")?;
    }
    Ok(())
}

/// What a program does that keeps no promise but that nobody sees half a file.
struct Bare {
    dir: TempDir,
}

impl Bare {
    fn new(dir: &Path) -> io::Result<Self> {
        let bare = Self { dir: TempDir::new_in(dir)? };
        fs::write(bare.path("file"), [0; PAYLOAD])?;
        Ok(bare)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn draft(&self) -> io::Result<PathBuf> {
        let path = self.path("draft");
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).open(&path)?.write_all(&[1; PAYLOAD])?;
        Ok(path)
    }

    fn rename(&self) -> Done {
        Ok(fs::rename(self.draft()?, self.path("file"))?)
    }

    fn exchange(&self) -> Done {
        let draft = self.draft()?;
        renameat_with(CWD, &draft, CWD, self.path("file"), RenameFlags::EXCHANGE)?;
        Ok(fs::remove_file(draft)?)
    }

    fn link(&self) -> Done {
        let (draft, new) = (self.draft()?, self.path("new"));
        fs::hard_link(&draft, &new)?;
        fs::remove_file(draft)?;
        Ok(fs::remove_file(new)?)
    }
}

/// A store with one session.
struct Subject {
    _dir: TempDir,
    runtime: Runtime,
    store: FileStore,
    key: StoreKey,
    record: Record,
}

impl Subject {
    fn new(dir: &Path, durability: Durability) -> Result<Self, Box<dyn Error>> {
        let dir = TempDir::new_in(dir)?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        // However long a busy disk takes.
        let options = FileOptions::new(dir.path()).operation_timeout(TTL);
        let options = options.durability(durability);
        let store = runtime.block_on(FileStore::connect(options))?;
        let key = StoreKey::new("session:", "bench");
        let record = Record { payload: Bytes::from(vec![1; PAYLOAD]), cas: 0, ttl: TTL };
        let subject = Self { _dir: dir, runtime, store, key, record };
        subject.put(&subject.key, Precondition::Absent)?;
        Ok(subject)
    }

    fn put(&self, key: &StoreKey, when: Precondition<'_>) -> Done {
        let (payload, lease) = (self.record.payload.clone(), Lease { ttl: TTL, owner: None });
        let written = self.runtime.block_on(self.store.write(key, payload, &lease, when))?;
        written.is_written().then_some(()).ok_or_else(|| "refused".into())
    }

    /// As every change does.
    fn visit(&self) -> Done {
        Ok(self.runtime.block_on(async { spawn_blocking(|| ()).await })?)
    }

    fn write(&self) -> Done {
        self.put(&self.key, Precondition::Unchanged(&self.record))
    }

    fn create(&self) -> Done {
        let key = StoreKey::new("session:", "another");
        self.put(&key, Precondition::Absent)?;
        self.runtime.block_on(self.store.delete(&key, None, None))?;
        Ok(())
    }

    fn touch(&self) -> Done {
        let lease = Lease { ttl: TTL, owner: None };
        let touching = self.store.touch(&self.key, &lease, &self.record);
        let touched = self.runtime.block_on(touching)?;
        touched.is_written().then_some(()).ok_or_else(|| "refused".into())
    }

    fn load(&self) -> Done {
        self.runtime.block_on(self.store.load(&self.key))?;
        Ok(())
    }

    fn miss(&self) -> Done {
        let key = StoreKey::new("session:", "nothing");
        self.runtime.block_on(self.store.load(&key))?;
        Ok(())
    }
}
