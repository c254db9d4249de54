//! What a build without the feature `flask` says of records that need it.

use super::entries;
use crate::Format::{self, Json, MessagePack};
use crate::{ErrorKind, detect, open};

fn assert_names_the_feature(error: &crate::Error, what: &str) {
    let text = error.to_string();
    assert!(text.contains(what) && text.contains("feature `flask`"), "{text}");
}

#[test]
fn pickle_names_the_feature_that_reads_it() {
    for payload in [&b"\x80\x02}q\0."[..], b"\x80\x05}\x94.", b"(dp0\n.", b"}."] {
        let error = detect(payload).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert_names_the_feature(&error, "a pickle");
    }
}

#[test]
fn tags_name_the_feature_that_reads_them_where_json_is_not_configured() {
    let tagged = br#"{"v":{" t":[1]}}"#;
    assert_eq!(detect(tagged), Ok(Json));
    let error = open(tagged, Json, MessagePack, 64, usize::MAX).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_names_the_feature(&error, "tags of Flask");
    assert!(open(tagged, Json, Json, 64, usize::MAX).unwrap().is_none());
    assert_eq!(entries(tagged, Json).unwrap()[0].1, br#"{" t":[1]}"#);
}

#[test]
fn plain_json_needs_no_feature_but_its_own() {
    for payload in [&br#"{"v":[1]}"#[..], br#"{"v":"{\" t\":[1]}"}"#, br#"{"v":NaN}"#] {
        assert!(open(payload, Json, MessagePack, 64, usize::MAX).unwrap().is_none());
    }
    assert!(
        crate::decode::<f64>(&entries(br#"{"v":NaN}"#, Json).unwrap()[0].1, Json).unwrap().is_nan()
    );
}

#[test]
fn name_of_the_format_names_the_feature() {
    let error = "pickle".parse::<Format>().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Name);
    assert_names_the_feature(&error, "`pickle`");
}
