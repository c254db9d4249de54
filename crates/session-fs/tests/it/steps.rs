//! What calls do to files, as the kernel tells it: the steps that a call takes, and no other.

use crate::common::{MINUTE, WRITTEN, create, key, lease, load, open};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, Reader, WatchFlags};
use session_core::{Bytes, Precondition, Store, StoreKey};
use session_fs::{Durability, FileOptions, FileStore};
use std::fs;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

const KINDS: [(ReadFlags, &str); 6] = [
    (ReadFlags::OPEN, "open"),
    (ReadFlags::CREATE, "make"),
    (ReadFlags::ATTRIB, "set the mode of"),
    (ReadFlags::MODIFY, "write"),
    (ReadFlags::MOVED_TO, "rename to"),
    (ReadFlags::DELETE, "remove"),
];

/// Hears what happens in the session directory and in those of drafts and locks.
struct Watch {
    inotify: OwnedFd,
    places: Vec<(i32, &'static str)>,
}

impl Watch {
    fn begin(dir: &Path) -> Self {
        let inotify = inotify::init(CreateFlags::NONBLOCK).unwrap();
        let heard = KINDS.iter().map(|(kind, _)| WatchFlags::from_bits_retain(kind.bits()));
        let heard = heard.fold(WatchFlags::ONLYDIR, |all, kind| all | kind);
        let places = [("record", ""), ("draft", "drafts"), ("lock", "locks")];
        let places = places.map(|(what, own)| {
            let place =
                if own.is_empty() { dir.into() } else { dir.join("session.__wz_cache").join(own) };
            (inotify::add_watch(&inotify, place, heard).unwrap(), what)
        });
        Self { inotify, places: places.to_vec() }
    }

    /// What happened since it was last asked.
    fn steps(&self) -> Vec<String> {
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        let mut steps = Vec::new();
        while let Ok(event) = events.next() {
            let (_, what) = self.places.iter().find(|(place, _)| *place == event.wd()).unwrap();
            let kinds = KINDS.iter().filter(|(kind, _)| event.events().contains(*kind));
            steps.extend(kinds.map(|(_, kind)| format!("{kind} {what}")));
        }
        steps
    }
}

async fn store(dir: &Path, durability: Durability) -> FileStore {
    // Without a count of the files, which is made in the background.
    open(FileOptions::new(dir).durability(durability).threshold(0)).await
}

/// Whoever has files under both digests, as after a change of `SESSION_FILE_HASH`, still opens one.
#[tokio::test]
async fn load_opens_one_file() {
    use crate::common::{MD5, SHA256};
    let dir = tempfile::tempdir().unwrap();
    let store = store(dir.path(), Durability::Session).await;
    create(&store, &key(), b"data", MINUTE).await;
    fs::copy(dir.path().join(SHA256), dir.path().join(MD5)).unwrap();
    let watch = Watch::begin(dir.path());
    assert_eq!(load(&store, &key()).await.payload, "data");
    assert_eq!(watch.steps(), ["open record"]);
}

const LOCKED: [&str; 2] = ["open lock", "open lock"];
const DRAFTED: [&str; 4] = ["make draft", "open draft", "set the mode of draft", "write draft"];
const CREATE: [&str; 2] = ["make record", "remove draft"];
const RENAME: [&str; 1] = ["rename to record"];
/// Each file goes where the other was; the former one is left as the draft.
const EXCHANGE: [&str; 3] = ["rename to record", "rename to draft", "remove draft"];

#[tokio::test]
async fn changes_take_no_step_too_many() {
    for (durability, replace) in
        [(Durability::Process, &EXCHANGE[..]), (Durability::Session, &RENAME[..])]
    {
        let dir = tempfile::tempdir().unwrap();
        let store = store(dir.path(), durability).await;
        let lease = lease(MINUTE);
        let watch = Watch::begin(dir.path());

        create(&store, &key(), b"old", MINUTE).await;
        assert_eq!(watch.steps(), [&LOCKED[..], &DRAFTED, &CREATE].concat());

        let loaded = load(&store, &key()).await;
        watch.steps();
        let same = Precondition::Unchanged(&loaded);
        let written = store.write(&key(), Bytes::from_static(b"new"), &lease, same).await;
        assert_eq!(written.unwrap(), WRITTEN);
        assert_eq!(watch.steps(), [&LOCKED[..], &["open record"], &DRAFTED, replace].concat());

        let loaded = load(&store, &key()).await;
        watch.steps();
        assert_eq!(store.touch(&key(), &lease, &loaded).await.unwrap(), WRITTEN);
        assert_eq!(watch.steps(), [&LOCKED[..], &["open record", "write record"]].concat());

        assert!(store.delete(&key(), None, Some(&loaded)).await.unwrap());
        assert_eq!(watch.steps(), [&LOCKED[..], &["open record", "remove record"]].concat());
        assert!(!store.delete(&StoreKey::new("", "none"), None, None).await.unwrap());
        assert_eq!(watch.steps(), LOCKED);
    }
}
