use super::settings;
use crate::config::{CORE_KEYS, Kind};
use crate::error::ErrorKind;
#[cfg(feature = "flask")]
use crate::id::IdSyntax;

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
fn words_of_signatures_are_those_of_the_table() {
    let key = CORE_KEYS.iter().find(|key| key.name == "SESSION_SIGNATURE").unwrap();
    let Kind::Choice(words) = key.kind else { panic!("it is a choice") };
    for word in words {
        settings([("SESSION_SIGNATURE", word)]).secrets().unwrap();
    }
    for (name, bad) in
        [("SESSION_SIGNATURE", "itsdangerous"), ("SESSION_SIGNATURE_SALT", "flask session")]
    {
        let error = settings([(name, bad)]).secrets().expect_err(bad);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(name) && !error.to_string().contains(bad), "{error}");
    }
}

#[test]
fn salt_is_the_default_of_the_table() {
    let key = CORE_KEYS.iter().find(|key| key.name == "SESSION_SIGNATURE_SALT").unwrap();
    assert_eq!(key.default, Some(super::super::secrets::DEFAULT_SALT));
}

/// The vectors are Flask-Session's own: its key, its id, and one signature for each salt.
#[cfg(feature = "flask")]
#[test]
fn settings_say_which_signatures_are_written_and_read() {
    const FLASK: &str = "Zm9vYmFyYmF6cXV4LTAxMjM0NTY3ODlhYmNkZWZnaGk.AA-iqtJRq-C31p0B1sJdzpbU8vM";
    const STORE: &str = "3f2a9c1e-8b4d-4e6f-9a7b-0c1d2e3f4a5b.CytPfnI1vuzU1FE0TXiier6VHAU";
    let bound = |signature, salt| {
        let pairs = [
            ("SECRET_KEY", "the newest secret of thirty-two bytes"),
            ("SECRET_KEY_FALLBACKS", "[\"test_secret_key\"]"),
            ("SESSION_SIGNATURE", signature),
            ("SESSION_SIGNATURE_SALT", salt),
        ];
        settings(pairs).secrets().unwrap().unwrap().signer().unwrap().bind("session")
    };
    for (signature, salt, read, signature_len) in [
        ("flask", "", FLASK, 27),
        ("flask", "flask-sessions", STORE, 27),
        ("Accept-Flask", "flask-session", FLASK, 43),
        ("accept-flask", "flask-sessions", STORE, 43),
    ] {
        let signer = bound(signature, salt);
        let verified = signer.verify(read.as_bytes(), IdSyntax::Base64UrlOrUuid);
        let id = verified.unwrap_or_else(|| panic!("{signature} {salt}")).id;
        let mut written = String::new();
        signer.sign(&id, &mut written);
        assert_eq!(written.len(), id.as_str().len() + 1 + signature_len, "{signature}");
        let other = if read == FLASK { STORE } else { FLASK };
        assert!(signer.verify(other.as_bytes(), IdSyntax::Base64UrlOrUuid).is_none());
    }
}

#[cfg(feature = "flask")]
#[test]
fn shared_key_has_any_length_and_ours_has_not() {
    let signer = |signature| {
        let pairs = [("SECRET_KEY", "short"), ("SESSION_SIGNATURE", signature)];
        settings(pairs).secrets().unwrap().unwrap().signer()
    };
    signer("flask").unwrap();
    for signature in ["native", "accept-flask"] {
        assert_eq!(signer(signature).unwrap_err().kind(), ErrorKind::Config, "{signature}");
    }
}

#[cfg(not(feature = "flask"))]
#[test]
fn signatures_of_flask_need_their_feature() {
    for signature in ["flask", "accept-flask"] {
        let pairs = [("SECRET_KEY", NEWEST), ("SESSION_SIGNATURE", signature)];
        let error = settings(pairs).secrets().unwrap().unwrap().signer().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("feature `flask`"), "{error}");
    }
}

#[test]
fn debug_is_blank() {
    let secrets = settings([("SECRET_KEY", NEWEST)]).secrets().unwrap().unwrap();
    assert_eq!(format!("{secrets:?}"), "Secrets(..)");
}
