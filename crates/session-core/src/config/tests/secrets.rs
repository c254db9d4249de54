use super::settings;
use crate::error::ErrorKind;

const NEWEST: &str = "the newest secret of thirty-two bytes";

#[test]
fn no_secret_key_is_none() {
    assert!(settings([]).secrets().unwrap().is_none());
    assert!(
        settings([("SECRET_KEY", ""), ("SECRET_KEY_FALLBACKS", "")]).secrets().unwrap().is_none()
    );
}

#[test]
fn secret_key_alone_signs() {
    let secrets = settings([("SECRET_KEY", NEWEST)]).secrets().unwrap().unwrap();
    assert_eq!(secrets.newest(), NEWEST.as_bytes());
    assert_eq!(secrets.fallbacks().count(), 0);
    secrets.signer().unwrap();
    let short = settings([("SECRET_KEY", "short")]).secrets().unwrap().unwrap();
    assert_eq!(short.signer().unwrap_err().kind(), ErrorKind::Config);
}

#[cfg(feature = "json")]
#[test]
fn fallbacks_are_a_json_list_in_its_order() {
    let read = |list| settings([("SECRET_KEY", NEWEST), ("SECRET_KEY_FALLBACKS", list)]).secrets();
    let secrets = read(r#"["b, c", "a\u00e9"]"#).unwrap().unwrap();
    let fallbacks: Vec<&[u8]> = secrets.fallbacks().collect();
    assert_eq!(fallbacks, [&b"b, c"[..], "a\u{e9}".as_bytes()]);
    assert_eq!(secrets.signer().unwrap_err().kind(), ErrorKind::Config, "short ones sign nothing");
    assert_eq!(read("[]").unwrap().unwrap().fallbacks().count(), 0);

    for bad in ["hunter2", "\"hunter2\"", "[\"hunter2\"", "[1]", "[\"\"]", "{\"hunter2\": 1}"] {
        let error = read(bad).expect_err(bad);
        assert_eq!(error.kind(), ErrorKind::Config, "{bad}");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("SECRET_KEY_FALLBACKS"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[cfg(not(feature = "json"))]
#[test]
fn fallbacks_need_the_feature_json() {
    let read = settings([("SECRET_KEY", NEWEST), ("SECRET_KEY_FALLBACKS", "[]")]).secrets();
    assert_eq!(read.unwrap_err().kind(), ErrorKind::Unsupported);
}

#[cfg(feature = "json")]
#[test]
fn fallbacks_without_a_secret_key_are_an_error() {
    let error = settings([("SECRET_KEY_FALLBACKS", "[\"a\"]")]).secrets().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[test]
fn debug_is_blank() {
    let secrets = settings([("SECRET_KEY", NEWEST)]).secrets().unwrap().unwrap();
    assert_eq!(format!("{secrets:?}"), "Secrets(..)");
}
