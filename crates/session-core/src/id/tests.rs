use super::{IdHash, IdSyntax, SessionId};
use crate::error::ErrorKind;
use proptest::prelude::{any, prop_assert_eq, proptest};

const FLASK: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk";
const UUID: &str = "3f2a9c1e-8b4d-4e6f-9a7b-0c1d2e3f4a5b";

fn reads(text: impl AsRef<[u8]>, syntax: IdSyntax) -> bool {
    SessionId::parse(text.as_ref(), syntax).is_some()
}

#[test]
fn one_spelling_is_read() {
    let table: &[(&str, bool)] = &[
        (FLASK, true),
        (&"A".repeat(21), false),
        (&"A".repeat(22), true),
        (&"A".repeat(23), true),
        (&"A".repeat(24), true),
        // No number of bytes is 25 characters of base64.
        (&"A".repeat(25), false),
        (&"A".repeat(86), true),
        (&"A".repeat(87), false),
        (&"A".repeat(88), false),
        ("AAAAAAAAAAAAAAAAAAAAAQ", true),
        ("AAAAAAAAAAAAAAAAAAAAAI", false),
        ("AAAAAAAAAAAAAAAAAAAAAB", false),
        ("AAAAAAAAAAAAAAAAAAAAAAE", true),
        ("AAAAAAAAAAAAAAAAAAAAAAC", false),
        ("AAAAAAAAAAAAAAAAAAAAAAB", false),
        ("-_-_-_-_-_-_-_-_-_-_-_-_", true),
        ("+_-_-_-_-_-_-_-_-_-_-_-_", false),
        ("-/-_-_-_-_-_-_-_-_-_-_-_", false),
        ("AAAAAAAAAAAAAAAAAAAAAA==", false),
        ("AAAAAAAAAAAA.AAAAAAAAAAA", false),
        ("AAAAAAAAAAAA\0AAAAAAAAAAA", false),
        (" AAAAAAAAAAAAAAAAAAAAAAA", false),
        ("AAAAAAAAAAAAAAAAAAAAAA\u{e9}", false),
        ("../../../../../../etc/passwd", false),
        ("", false),
    ];
    for (text, expected) in table {
        assert_eq!(reads(text, IdSyntax::Base64Url), *expected, "{text:?}");
        assert_eq!(reads(text, IdSyntax::Base64UrlOrUuid), *expected, "{text:?}");
    }
}

#[test]
fn uuid_is_read_only_when_told_and_in_lower_case() {
    let table: &[(&str, bool)] = &[
        (UUID, true),
        (&UUID.to_uppercase(), false),
        ("3f2A9c1e-8b4d-4e6f-9a7b-0c1d2e3f4a5b", false),
        ("3f2a9c1e8b4d4e6f9a7b0c1d2e3f4a5b====", false),
        ("{3f2a9c1e-8b4d-4e6f-9a7b-0c1d2e3f4a5}", false),
    ];
    for (text, when_told) in table {
        assert!(!reads(text, IdSyntax::Base64Url), "{text}");
        assert_eq!(reads(text, IdSyntax::Base64UrlOrUuid), *when_told, "{text}");
    }
}

#[test]
fn stored_digest_is_no_id() {
    let key = SessionId::generate(48).unwrap().to_key("", IdHash::Sha256);
    assert!(!reads(key.as_bytes(), IdSyntax::Base64UrlOrUuid));
    assert!(reads("A".repeat(64), IdSyntax::Base64Url));
}

#[test]
fn entropy_out_of_range_is_a_config_error() {
    for entropy_bytes in [0, 15, 65, usize::MAX] {
        let error = SessionId::generate(entropy_bytes).expect_err("out of range");
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("SESSION_ID_LENGTH"));
    }
}

#[test]
fn generated_ids_differ() {
    assert_ne!(SessionId::generate(16).unwrap(), SessionId::generate(16).unwrap());
}

#[test]
fn key_is_prefix_and_id_or_its_sha256() {
    let id = SessionId::parse(FLASK.as_bytes(), IdSyntax::Base64Url).unwrap();
    assert_eq!(id.to_key("session:", IdHash::Plain).as_str(), format!("session:{FLASK}"));
    assert_eq!(
        id.to_key("session:", IdHash::Sha256).as_str(),
        "session:7e2de3bd8d6ab24b2b7d1c17846de61ecbae5f7c46d6f501a61d9fb78433cd7f",
    );
}

#[test]
fn debug_is_blank() {
    let id = SessionId::generate(16).unwrap();
    assert_eq!(format!("{id:?}"), "SessionId(..)");
}

proptest! {
    #[test]
    fn generated_id_reads_back(entropy_bytes in 16_usize..=64) {
        let id = SessionId::generate(entropy_bytes).unwrap();
        prop_assert_eq!(id.as_str().len(), SessionId::len_for(entropy_bytes));
        prop_assert_eq!(SessionId::parse(id.as_bytes(), IdSyntax::Base64Url), Some(id));
    }

    #[test]
    fn read_id_is_the_text(text in any::<Vec<u8>>()) {
        if let Some(id) = SessionId::parse(&text, IdSyntax::Base64UrlOrUuid) {
            prop_assert_eq!(id.as_bytes(), &text[..]);
        }
    }
}
