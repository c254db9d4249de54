use super::records::{PLACE, Records};
use super::{DOUBT, Held, Near, Question, TRUST};
use redis::Value;
use std::num::NonZeroUsize;
use std::time::Duration;
use tokio::time::{Instant, advance};

fn sessions(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

/// Told of changes over the connection 1.
fn near() -> Near {
    let near = Near::new(sessions(10));
    near.begin(1, near.question());
    near
}

fn bulk(text: &str) -> Value {
    Value::BulkString(text.into())
}

fn read(near: &Near, question: Question, key: &str, left: i64) {
    near.read(1, question, key.as_bytes(), &[bulk("payload"), Value::Int(left)]);
}

fn load(near: &Near, key: &str) {
    read(near, near.question(), key, 60_000);
}

fn has(near: &Near, key: &str) -> bool {
    near.held(key.as_bytes()).is_some()
}

fn is_doubted(near: &Near, key: &str) -> bool {
    matches!(near.held(key.as_bytes()).unwrap(), Held::Doubted(_))
}

fn ttl(near: &Near, key: &str) -> Duration {
    let (Held::Vouched(record) | Held::Doubted(record)) = near.held(key.as_bytes()).unwrap();
    record.ttl
}

fn tell(near: &Near, keys: &[&str]) {
    near.told(&[Value::Array(keys.iter().map(|key| bulk(key)).collect())]);
}

#[tokio::test(start_paused = true)]
async fn record_is_held_until_the_server_tells_of_a_change() {
    let near = near();
    load(&near, "a");
    load(&near, "b");
    assert!(matches!(near.held(b"a"), Some(Held::Vouched(it)) if it.payload == "payload"));
    tell(&near, &["a", "c"]);
    assert_eq!((has(&near, "a"), has(&near, "b")), (false, true));
    near.told(&[Value::Nil]);
    assert!(!has(&near, "b"), "all keys are gone");
}

#[tokio::test(start_paused = true)]
async fn what_changes_while_it_is_read_is_not_held() {
    let changes: [fn(&Near); 4] = [
        |near| tell(near, &["a"]),
        |near| near.told(&[Value::Nil]),
        |near| near.told(&[]),
        |near| near.forget(b"a"),
    ];
    for change in changes {
        let near = near();
        let question = near.question();
        change(&near);
        read(&near, question, "a", 60_000);
        assert!(!has(&near, "a"));
        load(&near, "a");
        assert!(has(&near, "a"), "the next reader's is");
    }
}

#[tokio::test(start_paused = true)]
async fn record_ends_with_its_time() {
    let near = near();
    let question = near.question();
    advance(Duration::from_millis(200)).await;
    read(&near, question, "short", 300);
    read(&near, question, "endless", -1);
    read(&near, question, "gone", -2);
    near.read(1, question, b"none", &[Value::Nil, Value::Int(-2)]);
    assert_eq!(ttl(&near, "short"), Duration::from_millis(100));
    assert_eq!(ttl(&near, "endless"), Duration::MAX);
    assert!(!has(&near, "gone") && !has(&near, "none"));
    advance(Duration::from_millis(100)).await;
    assert!(!has(&near, "short"));
}

#[tokio::test(start_paused = true)]
async fn silent_server_is_believed_for_a_second_after_a_question() {
    let near = near();
    load(&near, "a");
    let question = near.question();
    advance(DOUBT).await;
    assert!(is_doubted(&near, "a"));
    assert!(!is_doubted(&near, "a"), "one question is enough");
    advance(TRUST - DOUBT).await;
    assert!(!has(&near, "a"));
    // The answer to a question of then proves nothing of now.
    near.answered(1, question);
    assert!(!has(&near, "a"));
    near.answered(1, near.question());
    assert!(has(&near, "a"), "whatever changed meanwhile has been told before");
    advance(DOUBT).await;
    assert!(is_doubted(&near, "a"), "once more");
}

#[tokio::test(start_paused = true)]
async fn connection_that_ends_takes_what_it_read_along() {
    let near = near();
    load(&near, "a");
    near.end(1);
    assert!(!has(&near, "a"));
    load(&near, "a");
    assert!(!has(&near, "a"), "nobody tells of its changes");

    near.begin(2, near.question());
    let late = near.question();
    load(&near, "a");
    assert!(!has(&near, "a"), "read over the connection of before");
    near.read(2, late, b"a", &[bulk("payload"), Value::Int(60_000)]);
    assert!(has(&near, "a"));
    near.end(1);
    near.begin(1, near.question());
    assert!(has(&near, "a"), "an attempt that was given up comes too late");
    near.begin(3, near.question());
    assert!(!has(&near, "a"));
}

#[tokio::test(start_paused = true)]
async fn room_is_counted_in_bytes() {
    let mut records = Records::new(sessions(4));
    let now = Instant::now();
    let held = |records: &mut Records, keys: &[&str]| -> Vec<bool> {
        keys.iter().map(|key| records.get(key.as_bytes(), now).is_some()).collect()
    };
    for key in ["a", "b", "c", "d"] {
        records.hold(key.as_bytes(), b"small", None);
        records.hold(key.as_bytes(), b"again", None);
    }
    assert_eq!(held(&mut records, &["b", "c", "d", "a"]), [true; 4]);
    // Those read longest ago make room: b, c and d.
    records.hold(b"large", &vec![0; PLACE * 5 / 2], None);
    assert_eq!(
        held(&mut records, &["a", "b", "c", "d", "large"]),
        [true, false, false, false, true]
    );
    records.hold(b"larger", &vec![0; PLACE * 4], None);
    assert_eq!(held(&mut records, &["larger", "large", "a"]), [false, true, true]);
    // What was there under the key is older than what has no room.
    records.hold(b"a", &vec![0; PLACE * 4], None);
    assert_eq!(held(&mut records, &["a"]), [false]);
    records.remove(b"large");
    for key in ["a", "b", "c", "d"] {
        records.hold(key.as_bytes(), b"small", None);
    }
    assert_eq!(held(&mut records, &["a", "b", "c", "d"]), [true; 4]);
}
