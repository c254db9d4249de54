//! What Python 2 wrote: `str` is text or bytes, integers are `long`, and names are the old ones.

use super::pickles::{opened, value_of};
use super::transcoded;
use crate::Format::{MessagePack, Pickle};
use crate::Value;
use crate::decode;

fn value(pickle: &[u8]) -> Value {
    decode(&value_of(pickle).unwrap(), Pickle).unwrap()
}

#[test]
fn str_is_text_if_it_is_utf8_and_bytes_if_not() {
    let text = |text: &str| Value::Text(text.into());
    for (pickle, expected) in [
        (&b"S'ann'\n."[..], text("ann")),
        (b"S\"it's\"\n.", text("it's")),
        (b"S'Zo\\xc3\\xab\\t\\'\\\\'\n.", text("Zoë\t'\\")),
        (b"S'\\xff'\n.", Value::Bytes(vec![0xff])),
        (b"U\x05Zo\xc3\xab!.", text("Zoë!")),
        (b"U\x02\xff\xfe.", Value::Bytes(vec![0xff, 0xfe])),
        (b"T\x03\0\0\0abc.", text("abc")),
    ] {
        assert_eq!(value(pickle), expected, "{pickle:x?}");
    }
}

#[test]
fn unicode_is_read_with_its_escapes() {
    for (pickle, expected) in [
        (&b"VZo\xeb \\u2603\n."[..], "Zoë ☃"),
        (b"V\\U0001f600\n.", "😀"),
        (b"V\\ud83d\\ude00\n.", "😀"),
        (b"Va\\u005cb\\u000ac\n.", "a\\b\nc"),
        (b"Va\\\\u2603\\n\n.", "a\\\\u2603\\n"),
    ] {
        assert_eq!(value(pickle), Value::Text(expected.into()), "{pickle:x?}");
    }
    for (pickle, halves) in
        [(&b"V\\ud83d\n."[..], &b"\xed\xa0\xbd"[..]), (b"V\\ude00\\u0041\n.", b"\xed\xb8\x80A")]
    {
        assert_eq!(value(pickle), Value::Bytes(halves.into()), "{pickle:x?}");
    }
    for pickle in [&b"V\\u12\n."[..], b"V\\U00110000\n.", b"V\\Uffffffff\n."] {
        assert!(value_of(pickle).is_err(), "{pickle:x?}");
    }
}

#[test]
fn whole_session_of_python_2_is_read() {
    // cPickle in protocols 0 and 2 of a session with keys of both kinds of text, a long, a naive
    // datetime, a set, a UUID and a bytearray.
    let zero =
        b"(dp1\nS'_permanent'\np2\nI01\nsS'name'\np3\nVZo\xeb\np4\nsVn\np5\nL5L\nsS'at'\np6\n\
        cdatetime\ndatetime\np7\n(S'\\x07\\xe8\\x01\\x02\\x03\\x04\\x05\\x00\\x00\\x00'\np8\ntp9\n\
        Rp10\nsS'ids'\np11\nc__builtin__\nset\np12\n((lp13\nI1\natp14\nRp15\nsS'uuid'\np16\n\
        ccopy_reg\n_reconstructor\np17\n(cuuid\nUUID\np18\nc__builtin__\nobject\np19\nNtp20\n\
        Rp21\n(dp22\nS'int'\np23\nL1L\nsbsS'raw'\np24\nc__builtin__\nbytearray\np25\n\
        (Vab\np26\nS'latin-1'\np27\ntp28\nRp29\ns.";
    let two = b"\x80\x02}q\x01(U\x0a_permanentq\x02\x88U\x04nameX\x04\0\0\0Zo\xc3\xabX\x01\0\0\0n\
        \x8a\x01\x05U\x02atcdatetime\ndatetime\nU\x0a\x07\xe8\x01\x02\x03\x04\x05\0\0\0\x85R\
        U\x03idsc__builtin__\nset\n]K\x01a\x85RU\x04uuidcuuid\nUUID\n)\x81}U\x03int\x8a\x01\x01sb\
        U\x03rawc__builtin__\nbytearray\nX\x02\0\0\0abU\x07latin-1\x86Ru.";
    let expected = b"\x87\xaa_permanent\xc3\xa4name\xa4Zo\xc3\xab\xa1n\x05\xa2at\xb32024-01-02T03:\
        04:05\xa3ids\x91\x01\xa4uuid\xd9\x2400000000-0000-0000-0000-000000000001\xa3raw\xc4\x02ab";
    for pickle in [&zero[..], two] {
        let (entries, _) = opened(pickle).unwrap();
        let own: Vec<_> = entries
            .into_iter()
            .map(|(key, value)| (key, transcoded(&value, Pickle, MessagePack).unwrap()))
            .collect();
        assert_eq!(super::written(&own, MessagePack), expected);
    }
}
