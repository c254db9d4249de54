use super::{listed, next, pattern};
use crate::store::scan::place::{Node, Place};
use crate::store::scan::server::Map;
use redis::Value;
use session_core::{ErrorKind, StoreKey};

fn bulk(bytes: &[u8]) -> Value {
    Value::BulkString(bytes.into())
}

#[test]
fn signs_of_patterns_stand_for_themselves() {
    for (prefix, expected) in
        [("", "*"), ("session:", "session:*"), ("a*b?[c-d]\\^", r"a\*b\?\[c-d\]\\^*")]
    {
        assert_eq!(pattern(prefix), expected);
    }
}

#[test]
fn what_no_session_is_called_is_passed_over() {
    let names = [&b"session:a"[..], b"session:\xff", b"session:\xc3\xa9", b"session:a b", b"s\n"];
    let names = Value::Array(names.into_iter().map(bulk).collect());
    let info = bulk(b"run_id:ab12\r\n");
    let found = listed(vec![Value::Array(vec![bulk(b"7"), names]), info.clone()]).unwrap();
    assert_eq!((found.cursor, found.process.run.as_str()), (7, "ab12"));
    assert_eq!(found.keys, [StoreKey::new("session:", "a")]);

    for scanned in [Value::Nil, Value::Array(vec![bulk(b"x"), Value::Array(vec![])])] {
        let error = listed(vec![scanned, info.clone()]).err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Decode);
    }
}

#[test]
fn pass_ends_once_it_saw_no_slot_move() {
    let settled = Map::read("a1 - - - - - - - 0-1\nb2 - - - - - - - 2-3");
    let moving = Map::read("a1 - - - - - - - 0-1 [1->-b2]\nb2 - - - - - - - 2-3");
    let moved = Map::read("a1 - - - - - - - 0\nb2 - - - - - - - 1-3");
    let node = |id, pass: Option<&str>| Node::begin(id, pass);
    let known = Some(settled.digest.as_str());
    let begin = |id, pass| Some(Place::In(node(id, pass)));
    for (id, pass, map, expected) in [
        ("a1", known, &settled, begin("b2", known)),
        ("a1", known, &moving, begin("b2", None)),
        ("a1", known, &moved, begin("b2", None)),
        ("a1", None, &settled, begin("b2", None)),
        ("b2", known, &settled, None),
        ("b2", known, &moving, Some(Place::Start)),
        ("b2", known, &moved, Some(Place::Start)),
        ("b2", None, &settled, Some(Place::Start)),
    ] {
        assert_eq!(next(node(id, pass), "ab".into(), 0, Some(map)), expected, "{id}");
    }
    let within = next(node("a1", known), "ab".into(), 5, Some(&moved));
    let expected = Node { pass: None, id: "a1".into(), run: "ab".into(), cursor: 5 };
    assert_eq!(within, Some(Place::In(expected)));
}

#[test]
fn scan_of_one_server_ends_where_its_cursor_does() {
    assert_eq!(next(Node::default(), "ab".into(), 0, None), None);
    let within = Node { run: "ab".into(), cursor: 5, ..Node::default() };
    assert_eq!(next(Node::default(), "ab".into(), 5, None), Some(Place::In(within)));
}
