//! Pickles that CPython wrote.

use super::record::rewritten;
use super::vectors::unhex;
use super::{encoded, entries, transcoded, written};
use crate::Format::{Json, MessagePack, Pickle};
use crate::{Result, Value, decode, detect, is_equal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Vectors {
    sessions: Vec<Session>,
    values: Vec<Single>,
    payloads: Vec<Payload>,
}

#[derive(Deserialize)]
struct Session {
    name: String,
    protocol: u8,
    pickle: String,
    msgpack: String,
    json: String,
}

#[derive(Deserialize)]
struct Single {
    name: String,
    pickles: Vec<String>,
    msgpack: Option<String>,
    json: Option<String>,
}

#[derive(Deserialize)]
struct Payload {
    writer: String,
    payload: String,
    msgpack: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../tests/data/pickle.json")).unwrap()
}

/// The entries of a pickle that anybody wrote, and the payload in our form.
pub(super) fn opened(payload: &[u8]) -> Result<(super::Entries, Vec<u8>)> {
    let opened = rewritten(payload, Pickle, Pickle, 64)?.unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let entries = opened.entries.iter().map(|(key, value)| {
        (text(key.unwrap().of(&opened.payload)), value.of(&opened.payload).to_vec())
    });
    Ok((entries.collect(), opened.payload))
}

/// The pickle of `{"v": value}`, given the pickle of the value.
pub(super) fn wrapped(pickle: &[u8]) -> Vec<u8> {
    let (head, body) = match pickle {
        [0x80, protocol, 0x95, rest @ ..] => (vec![0x80, *protocol], &rest[8..]),
        [0x80, protocol, rest @ ..] => (vec![0x80, *protocol], rest),
        rest => (vec![], rest),
    };
    let body = body.strip_suffix(b".").unwrap();
    // The text is written such that every protocol has it; the memo of the value stays as it was.
    [&head[..], b"(dVv\n", body, b"s."].concat()
}

/// The bytes of one value in our form.
pub(super) fn value_of(pickle: &[u8]) -> Result<Vec<u8>> {
    let (entries, _) = opened(&wrapped(pickle))?;
    assert_eq!(entries[0].0, "v");
    Ok(entries.into_iter().next().unwrap().1)
}

#[test]
fn session_of_every_protocol_is_transcoded_as_msgspec_writes_it() {
    for session in vectors().sessions {
        let name = format!("{} in protocol {}", session.name, session.protocol);
        let payload = unhex(&session.pickle);
        assert_eq!(detect(&payload), Ok(Pickle), "{name}");
        let (found, own) = opened(&payload).unwrap();
        for (to, expected) in
            [(MessagePack, unhex(&session.msgpack)), (Json, session.json.clone().into_bytes())]
        {
            let converted: Vec<_> = found
                .iter()
                .map(|(key, value)| (key.clone(), transcoded(value, Pickle, to).unwrap()))
                .collect();
            assert_eq!(written(&converted, to), expected, "{name} to {to}");
        }
        // What we write is read back as it stands, and written as it was.
        assert_eq!(written(&found, Pickle), own, "{name}");
        assert_eq!(entries(&own, Pickle).unwrap(), found, "{name}");
    }
}

#[test]
fn payload_of_every_generation_is_read() {
    for vector in vectors().payloads {
        let payload = unhex(&vector.payload);
        let format = detect(&payload).unwrap();
        let found = match rewritten(&payload, format, MessagePack, 64).unwrap() {
            Some(_) => opened(&payload).unwrap().0,
            None => entries(&payload, format).unwrap(),
        };
        let own: Vec<_> = found
            .into_iter()
            .map(|(key, value)| (key, transcoded(&value, format, MessagePack).unwrap()))
            .collect();
        assert_eq!(written(&own, MessagePack), unhex(&vector.msgpack), "{}", vector.writer);
    }
}

#[test]
fn value_has_one_form_whichever_protocol_it_came_in() {
    for single in vectors().values {
        let forms: Vec<_> = single.pickles.iter().map(|p| value_of(&unhex(p)).unwrap()).collect();
        for form in &forms {
            assert_eq!(*form, forms[0], "{}", single.name);
            let again = [b"\x80\x04", &form[..], b"."].concat();
            assert_eq!(value_of(&again).unwrap(), *form, "{}", single.name);
        }
    }
}

#[test]
fn value_is_transcoded_as_msgspec_encodes_the_same_object() {
    for single in vectors().values {
        let value = value_of(&unhex(&single.pickles[0])).unwrap();
        let msgpack = transcoded(&value, Pickle, MessagePack).ok();
        let json = transcoded(&value, Pickle, Json).ok();
        if single.name == "markup" {
            assert_eq!(msgpack.unwrap(), encoded("<b>x</b>", MessagePack));
            assert_eq!(json.unwrap(), encoded("<b>x</b>", Json));
            continue;
        }
        let text = json.map(|json| String::from_utf8(json).unwrap());
        if let (None, None) = (&single.msgpack, &single.json)
            && single.name != "complex"
        {
            continue;
        }
        assert_eq!(msgpack, single.msgpack.as_deref().map(unhex), "{}", single.name);
        assert_eq!(text, single.json, "{}", single.name);
    }
}

#[test]
fn value_of_python_is_read_as_a_type_of_rust() {
    let value = |name: &str| {
        let vectors = vectors();
        let single = vectors.values.iter().find(|single| single.name == name).unwrap();
        value_of(&unhex(single.pickles.last().unwrap())).unwrap()
    };
    let text = |name| decode::<String>(&value(name), Pickle).unwrap();
    assert_eq!(text("datetime_naive"), "2024-01-02T03:04:05.678901");
    assert_eq!(text("datetime_naive_nofrac"), "2024-01-02T03:04:05");
    assert_eq!(text("datetime_utc"), "2024-01-02T03:04:05.678901Z");
    assert_eq!(text("datetime_plus0530"), "2024-01-02T03:04:05+05:30");
    assert_eq!(text("time"), "03:04:05.678901");
    assert_eq!(text("uuid"), "12345678-1234-5678-1234-567812345678");
    assert_eq!(text("decimal"), "19.90");
    assert_eq!(text("markup"), "<b>x</b>");
    assert_eq!(decode::<(f64, f64)>(&value("complex"), Pickle).unwrap(), (0.0, 1.0));
    assert_eq!(decode::<Vec<u8>>(&value("set_one"), Pickle).unwrap(), [1]);
    assert_eq!(decode::<Vec<u8>>(&value("bytes"), Pickle).unwrap(), [0, 1, 0xfe, 0xff]);
    let bytes = Value::Bytes(b"ab".to_vec());
    assert_eq!(decode::<Value>(&value("bytearray"), Pickle).unwrap(), bytes);
    assert_eq!(decode::<i128>(&value("int_2p64"), Pickle).unwrap(), 1 << 64);
    assert_eq!(decode::<u64>(&value("int_u64max"), Pickle).unwrap(), u64::MAX);
    let map: BTreeMap<u8, String> = decode(&value("dict_int_key"), Pickle).unwrap();
    assert_eq!(map, BTreeMap::from([(1, "a".into())]));
    assert_eq!(decode::<Option<u8>>(&value("none"), Pickle).unwrap(), None);
}

#[test]
fn duration_is_written_as_msgspec_writes_it() {
    let delta = |days: i64, seconds: i64, micros: i64| {
        let text = format!("cdatetime\ntimedelta\n(I{days}\nI{seconds}\nI{micros}\ntR.");
        decode::<String>(&value_of(text.as_bytes()).unwrap(), Pickle).unwrap()
    };
    assert_eq!(delta(0, 0, 0), "P0D");
    assert_eq!(delta(1, 2, 3), "P1DT2.000003S");
    assert_eq!(delta(-1, 0, 0), "-P1D");
    assert_eq!(delta(-1, 86_399, 0), "-PT1S");
    assert_eq!(delta(-1, 0, 1), "-PT86399.999999S");
    assert_eq!(delta(0, 0, 500_000), "PT0.5S");
    assert_eq!(delta(2, 3700, 100), "P2DT3700.0001S");
}

#[test]
fn offset_of_a_time_is_rounded_to_minutes_as_msgspec_does() {
    let time = |days: i64, seconds: i64| {
        let zone = format!("cdatetime\ntimezone\n(cdatetime\ntimedelta\n(I{days}\nI{seconds}\n");
        let time = "cdatetime\ntime\n(S'\\x01\\x02\\x03\\x00\\x00\\x00'\n";
        let text = format!("{time}{zone}I0\ntRtRtR.");
        decode::<String>(&value_of(text.as_bytes()).unwrap(), Pickle).unwrap()
    };
    for (seconds, offset) in [
        (5_899_i64, "+01:38"),
        (5_910, "+01:38"),
        (5_911, "+01:39"),
        (-5_910, "-01:38"),
        (-5_911, "-01:39"),
        (30, "Z"),
        (-30, "Z"),
        (-31, "-00:01"),
        (86_370, "+23:59"),
        (86_399, "Z"),
        (-86_399, "Z"),
    ] {
        let text = time(seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        assert_eq!(text, format!("01:02:03{offset}"), "{seconds}");
    }
}

#[test]
fn value_that_another_format_cannot_say_is_an_error_and_stays_where_it_is() {
    let complex = b"c__builtin__\ncomplex\n(F0.0\nF1.0\ntR.";
    let none_key = b"(dNI1\ns.";
    let zone = b"cdatetime\ntimezone\n(cdatetime\ntimedelta\n(I0\nI3600\nI0\ntRtR.";
    for (pickle, formats) in [
        (&complex[..], &[MessagePack, Json][..]),
        (&none_key[..], &[Json]),
        (&zone[..], &[MessagePack, Json]),
        (b"L18446744073709551616L\n.", &[MessagePack]),
    ] {
        let value = value_of(pickle).unwrap();
        for format in formats {
            let error = transcoded(&value, Pickle, *format).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Encode);
        }
    }
}

#[test]
fn typed_value_is_written_as_python_would_have_it() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    enum Order {
        Open,
        Paid(u8),
        Sent { to: String, at: (i8, i8) },
        Split(u8, u8),
    }
    let orders = vec![
        Order::Open,
        Order::Paid(3),
        Order::Sent { to: "x".into(), at: (1, -1) },
        Order::Split(1, 2),
    ];
    let value = encoded(&orders, Pickle);
    assert_eq!(decode::<Vec<Order>>(&value, Pickle).unwrap(), orders);
    for (bytes, expected) in [
        (encoded(&(1, "a"), Pickle), &b"(K\x01\x8c\x01at"[..]),
        (encoded(&[(); 0], Pickle), b")"),
        (encoded(&vec![1, 300, -1], Pickle), b"](K\x01M\x2c\x01J\xff\xff\xff\xffe"),
        (encoded(&u64::MAX, Pickle), b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\0"),
        (
            encoded(&u128::MAX, Pickle),
            b"\x8a\x11\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0",
        ),
        (encoded(&BTreeMap::from([(vec![1], 2)]), Pickle), b"}((K\x01tK\x02u"),
        (encoded(&(), Pickle), b"N"),
        (encoded(&1.5_f32, Pickle), b"G?\xf8\0\0\0\0\0\0"),
    ] {
        assert_eq!(bytes, expected, "{bytes:x?}");
    }
}

#[test]
fn equal_value_across_formats_is_no_change() {
    for single in vectors().values.iter().filter(|single| single.msgpack.is_some()) {
        let value = value_of(&unhex(&single.pickles[0])).unwrap();
        let same = unhex(single.msgpack.as_deref().unwrap());
        assert!(is_equal((&value, Pickle), (&same, MessagePack)), "{}", single.name);
        assert!(is_equal((&same, MessagePack), (&value, Pickle)), "{}", single.name);
        assert!(!is_equal((&value, Pickle), (b"\xa5other", MessagePack)), "{}", single.name);
    }
}
