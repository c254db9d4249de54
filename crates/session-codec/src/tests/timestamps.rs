//! Instants, which every format says in its own way.

use super::{FORMATS, encoded, transcoded};
#[cfg(feature = "flask")]
use crate::Format;
use crate::Format::{Json, MessagePack};
use crate::Timestamp;
use crate::Value;
use crate::{decode, is_equal};
use serde::{Deserialize, Serialize};

const TEXT: &str = "2024-01-02T03:04:05.678901Z";

#[test]
fn timestamp_is_written_as_flask_session_writes_it() {
    let timestamp: Timestamp = TEXT.parse().unwrap();
    assert_eq!(encoded(&timestamp, MessagePack), b"\xd7\xff\xa1\xdc\xd4\x20\x65\x93\x7d\x25");
    assert_eq!(encoded(&timestamp, Json), format!("\"{TEXT}\"").as_bytes());
}

#[cfg(feature = "flask")]
#[test]
fn timestamp_is_a_datetime_of_python() {
    let pickle = encoded(&TEXT.parse::<Timestamp>().unwrap(), Format::Pickle);
    assert_eq!(decode::<String>(&pickle, Format::Pickle).unwrap(), TEXT);
    assert!(pickle.windows(10).any(|bytes| bytes == b"\x07\xe8\x01\x02\x03\x04\x05\x0a\x5b\xf5"));
}

#[test]
fn timestamp_survives_every_format() {
    for text in
        [TEXT, "1960-01-01T00:00:00Z", "2200-01-01T00:00:00.000001Z", "1970-01-01T00:00:00Z"]
    {
        let timestamp: Timestamp = text.parse().unwrap();
        for from in FORMATS {
            let value = encoded(&timestamp, from);
            assert_eq!(decode::<Timestamp>(&value, from).unwrap(), timestamp);
            // As text, and so as the date types of other crates read it.
            assert_eq!(decode::<String>(&value, from).unwrap(), text, "{from}");
            for to in FORMATS.into_iter().filter(|_| from != Json) {
                let other = transcoded(&value, from, to).unwrap();
                assert_eq!(other, encoded(&timestamp, to), "{from} to {to}");
                // An extension of MessagePack and text of JSON are told apart.
                let is_same = (from, to) != (MessagePack, Json);
                assert_eq!(is_equal((&value, from), (&other, to)), is_same, "{from} and {to}");
            }
        }
    }
}

#[test]
fn timestamp_within_a_value_is_read_as_text_too() {
    #[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
    struct Visit<T> {
        page: String,
        at: Vec<Option<T>>,
    }
    let visit =
        Visit { page: "/".into(), at: vec![None, Some(TEXT.parse::<Timestamp>().unwrap())] };
    for format in FORMATS {
        let value = encoded(&visit, format);
        assert_eq!(decode::<Visit<Timestamp>>(&value, format).unwrap(), visit);
        let text = decode::<Visit<String>>(&value, format).unwrap();
        assert_eq!(text.at[1].as_deref(), Some(TEXT));
        assert!(decode::<Visit<bool>>(&value, format).is_err());
    }
}

#[cfg(feature = "flask")]
#[test]
fn nanoseconds_are_rounded_to_what_python_has() {
    for (nanos, micros) in [(678_910_920, "678911"), (499, "000000"), (500, "000001")] {
        let timestamp = Timestamp::new(1, nanos).unwrap();
        let text: String = decode(&encoded(&timestamp, Format::Pickle), Format::Pickle).unwrap();
        let expected = format!("1970-01-01T00:00:01.{micros}Z").replace(".000000", "");
        assert_eq!(text, expected);
    }
    let last = Timestamp::new(253_402_300_799, 999_999_999).unwrap();
    assert!(crate::encode(&last, Format::Pickle, 64, &mut Vec::new()).is_err());
}

#[test]
fn text_of_a_timestamp_is_exact_and_other_extensions_beside_it_stay() {
    let timestamp = Timestamp::new(1, 678_910_920).unwrap();
    let other = Value::Extension(5, vec![1, 2]);
    let value = encoded(&(timestamp, &other), MessagePack);
    let text = "1970-01-01T00:00:01.678910920Z".to_owned();
    assert_eq!(decode::<(String, Value)>(&value, MessagePack).unwrap(), (text, other));
    assert!(decode::<&str>(&encoded(&timestamp, MessagePack), MessagePack).is_err());
}

#[test]
fn other_extensions_stay_in_message_pack() {
    for (kind, bytes) in [(1, vec![0]), (-1, vec![0; 5]), (-1, vec![0xff; 12])] {
        let value = encoded(&Value::Extension(kind, bytes), MessagePack);
        for to in FORMATS.into_iter().filter(|to| *to != MessagePack) {
            let error = transcoded(&value, MessagePack, to).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::Encode);
        }
        assert!(decode::<Timestamp>(&value, MessagePack).is_err());
    }
}
