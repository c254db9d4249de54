//! From settings to a manager, through each door.

use web_session::config::Settings;
use web_session::{ErrorKind, KEYS, SessionManager, manager};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn settings<const N: usize>(pairs: [(&str, &str); N]) -> Settings {
    pairs.into_iter().collect()
}

/// The cookie of a session that a request has just begun.
async fn new_cookie(manager: &SessionManager) -> String {
    let created = manager.create();
    created.insert("n", 1).unwrap();
    let set_cookie = created.commit().await.unwrap().id_field().unwrap().to_owned();
    set_cookie.split(';').next().unwrap().to_owned()
}

async fn refusal<const N: usize>(pairs: [(&str, &str); N]) -> String {
    let error = manager(&settings(pairs)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    error.to_string()
}

#[tokio::test]
async fn ids_are_signed_with_secret_key_when_told() {
    let pairs = [("SESSION_TYPE", "memory"), ("SECRET_KEY", SECRET)];
    let unsigned = manager(&settings(pairs)).await.unwrap();
    assert!(!new_cookie(&unsigned).await.contains('.'));

    let [kind, secret] = pairs;
    let pairs = [kind, secret, ("SESSION_USE_SIGNER", "true")];
    let signed = manager(&settings(pairs)).await.unwrap();
    let cookie = new_cookie(&signed).await;
    let (bare, _) = cookie.split_once('.').unwrap();
    for (cookie, is_new) in [(cookie.as_str(), false), (bare, true)] {
        let exchange = signed.open();
        assert_eq!(exchange.session([cookie.as_bytes()]).await.unwrap().is_new(), is_new);
    }
}

#[tokio::test]
async fn signer_without_a_key_that_can_sign_is_refused() {
    let on = ("SESSION_USE_SIGNER", "true");
    assert!(refusal([on]).await.contains("SECRET_KEY is not set"));
    let message = refusal([on, ("SECRET_KEY", "hunter2")]).await;
    assert!(message.contains("32 bytes") && !message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn what_is_said_of_signatures_is_checked_though_ids_are_not_signed() {
    let secret = ("SECRET_KEY", SECRET);
    for (mistake, part) in [
        (("SESSION_SIGNATURE", "flask"), "SESSION_USE_SIGNER=true"),
        (("SESSION_SIGNATURE", "accept-flask"), "SESSION_USE_SIGNER=true"),
        (("SESSION_SIGNATURE", "bogus"), "accept-flask"),
        (("SESSION_SIGNATURE_SALT", "flask session"), "printable ASCII"),
    ] {
        let message = refusal([("SESSION_TYPE", "memory"), secret, mistake]).await;
        assert!(message.contains(part), "{mistake:?}: {message}");
    }
    let native = [("SESSION_TYPE", "memory"), secret, ("SESSION_SIGNATURE", "native")];
    assert!(manager(&settings(native)).await.is_ok());
    // Where this build can read them at all.
    let broken = [("SESSION_TYPE", "memory"), secret, ("SECRET_KEY_FALLBACKS", "[broken")];
    let message = manager(&settings(broken)).await.err().map(|error| error.to_string());
    if cfg!(feature = "json") {
        assert!(message.is_some_and(|message| message.contains("SECRET_KEY_FALLBACKS")));
    } else {
        assert_eq!(message, None);
    }
}

const SHARED: [(&str, &str); 4] = [
    ("SESSION_TYPE", "memory"),
    ("SESSION_USE_SIGNER", "true"),
    ("SECRET_KEY", "hunter2"),
    ("SESSION_SIGNATURE", "flask"),
];

#[cfg(feature = "flask")]
#[tokio::test]
async fn cookie_is_signed_as_flask_does_when_told() {
    let cookie = new_cookie(&manager(&settings(SHARED)).await.unwrap()).await;
    let (_, signature) = cookie.split_once('.').unwrap();
    assert_eq!(signature.len(), 27);
}

#[cfg(not(feature = "flask"))]
#[tokio::test]
async fn signatures_of_flask_are_refused_by_the_name_of_their_feature() {
    let message = refusal(SHARED).await;
    assert!(message.contains("feature `flask`") && !message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn mistyped_key_is_told_apart_from_a_missing_one() {
    let message = refusal([("SESSION_USE_SIGNER", "true"), ("SECRET_KYE", SECRET)]).await;
    assert!(message.contains("did you mean SECRET_KEY?"), "{message}");
}

/// A store that is down would answer `Unavailable`.
#[tokio::test]
async fn settings_are_checked_before_the_store_is_asked() {
    let down = [("SESSION_TYPE", "redis"), ("SESSION_REDIS", "redis://127.0.0.1:1")];
    let [kind, url] = down;
    for mistake in [
        ("SESSION_TIMEOUT", "0"),
        ("SESSION_USE_SIGNER", "true"),
        ("SESSION_COOKIE_SAMESITE", "None"),
        ("SESSION_COLOUR", "blue"),
    ] {
        let message = refusal([kind, url, mistake]).await;
        assert!(!message.contains("redis"), "{message}");
    }
}

#[cfg(feature = "json")]
#[tokio::test]
async fn file_and_environment_make_one_configuration() {
    let vars = [
        ("SESSION_TYPE", "memory"),
        ("SECRET_KEY", SECRET),
        ("SECRET_KEY_FALLBACKS", r#"["fedcba9876543210fedcba9876543210"]"#),
        ("SESSION_USE_SIGNER", "yes"),
        ("SESSION_COOKIE_NAME", "shop"),
        ("SESSION_TIMEOUT", "0.5"),
        ("PERMANENT_SESSION_LIFETIME", "3600"),
    ];
    let file = format!(
        r#"{{
            "SESSION_TYPE": "memory",
            "SECRET_KEY": "{SECRET}",
            "SECRET_KEY_FALLBACKS": ["fedcba9876543210fedcba9876543210"],
            "SESSION_USE_SIGNER": true,
            "SESSION_COOKIE_NAME": "shop",
            "SESSION_TIMEOUT": 0.5,
            "PERMANENT_SESSION_LIFETIME": 3600,
            "SESSION_REDIS": null
        }}"#
    );
    let (from_vars, warnings) = Settings::from_vars(vars, KEYS).unwrap();
    assert_eq!(warnings, []);
    let from_file: Settings = serde_json::from_str(&file).unwrap();

    let [from_vars, from_file] =
        [manager(&from_vars).await.unwrap(), manager(&from_file).await.unwrap()];
    assert_eq!(from_vars.config(), from_file.config());
    assert_eq!(from_vars.config().cookie().name, "shop");
    assert_eq!(from_vars.config().timeout(), std::time::Duration::from_millis(500));
}

#[tokio::test]
async fn mistyped_name_is_refused_by_both_doors() {
    for (name, meant) in [
        ("SESSION_REDSI", "SESSION_REDIS"),
        ("SESSION_FILE_MODES", "SESSION_FILE_MODE"),
        ("SESSION_DYNAMODB_TABEL", "SESSION_DYNAMODB_TABLE"),
        ("SESSION_USE_SIGNR", "SESSION_USE_SIGNER"),
    ] {
        let from_vars = Settings::from_vars([(name, "x")], KEYS).unwrap_err();
        let file: Settings = serde_json::from_str(&format!(r#"{{"{name}": "x"}}"#)).unwrap();
        let from_file = manager(&file).await.unwrap_err();
        assert_eq!(from_vars.to_string(), from_file.to_string());
        assert!(from_file.to_string().contains(&format!("did you mean {meant}?")), "{from_file}");
    }
}
