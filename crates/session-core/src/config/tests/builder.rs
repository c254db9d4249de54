use super::settings;
use crate::config::{Config, ConfigBuilder, Rollout, Transport};
use crate::cookie::SameSite;
use crate::error::ErrorKind;
use crate::id::IdHash;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn contradictions_fail_when_built() {
    let start = Config::builder;
    let second = Duration::from_secs(1);
    let table = [
        ("SESSION_COOKIE_SECURE", start().cookie_name("__Host-session")),
        ("SESSION_COOKIE_NAME_FALLBACK", start().cookie_name_fallback("session")),
        ("SESSION_COOKIE_NAME_FALLBACK", start().cookie_name_fallback("")),
        ("SESSION_HEADER_NAME", start().header_name("X-Shop")),
        ("SESSION_HEADER_NAME", start().transport(Transport::Header).header_name("a b")),
        ("SESSION_HEADER_NAME", start().transport(Transport::Header).header_name("cookie")),
        ("SESSION_COOKIE_PATH", Config::hardened().cookie_path("/app")),
        ("SESSION_COOKIE_DOMAIN", Config::hardened().cookie_domain("a.example")),
        ("SESSION_COOKIE_SECURE", Config::hardened().cookie_secure(false)),
        ("SESSION_COOKIE_SECURE", start().cookie_same_site(SameSite::None)),
        ("SESSION_COOKIE_SECURE", start().cookie_partitioned(true)),
        ("SESSION_ID_LENGTH", start().id_length(15)),
        ("SESSION_ID_LENGTH", start().id_length(65)),
        ("PERMANENT_SESSION_LIFETIME", start().lifetime(Duration::ZERO)),
        ("PERMANENT_SESSION_LIFETIME", start().lifetime(second - Duration::from_nanos(1))),
        ("PERMANENT_SESSION_LIFETIME", start().lifetime(36_500 * DAY + second)),
        ("SESSION_ABSOLUTE_LIFETIME", start().lifetime(DAY).absolute_lifetime(DAY - second)),
        ("SESSION_ABSOLUTE_LIFETIME", start().absolute_lifetime(36_500 * DAY + second)),
        ("SESSION_TIMEOUT", start().timeout(Duration::ZERO)),
        ("SESSION_TIMEOUT", start().timeout(Duration::from_secs(301))),
        ("SESSION_MAX_PAYLOAD", start().max_payload(0)),
        ("SESSION_MAX_PAYLOAD", start().max_payload((1 << 30) + 1)),
        ("SESSION_MAX_DEPTH", start().max_depth(0)),
        ("SESSION_MAX_DEPTH", start().max_depth(129)),
        ("SESSION_KEY_PREFIX", start().key_prefix("a b")),
        ("SESSION_KEY_PREFIX", start().key_prefix("a\n")),
        ("SESSION_KEY_PREFIX", start().key_prefix("s\u{e9}ance:")),
        ("SESSION_KEY_PREFIX", start().key_prefix("p".repeat(129))),
        ("SESSION_OWNER_INDEX=true", start().max_per_owner(5)),
        ("SESSION_MAX_PER_OWNER", start().owner_index(true).max_per_owner(0)),
        ("SESSION_OWNER_KEY", start().owner_key("")),
        ("SESSION_OWNER_KEY", start().owner_key("k".repeat(256))),
        ("SESSION_OWNER_KEY", start().owner_key("_permanent")),
        ("SESSION_OWNER_KEY", start().owner_key("_flashes")),
        ("SESSION_OWNER_KEY", start().owner_key("_created")),
        ("SESSION_OWNER_KEY", start().owner_key("_lifetime")),
    ];
    for (key, builder) in table {
        let shown = format!("{builder:?}");
        let error = builder.build().expect_err(&shown);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(key), "{key}: {error}");
    }
}

#[test]
fn settings_of_cookies_and_a_header_exclude_each_other() {
    let set = [
        ("SESSION_COOKIE_NAME", "session"),
        ("SESSION_COOKIE_NAME_FALLBACK", "former"),
        ("SESSION_COOKIE_DOMAIN", "a.example"),
        ("SESSION_COOKIE_PATH", "/"),
        ("SESSION_COOKIE_HTTPONLY", "true"),
        ("SESSION_COOKIE_SECURE", "true"),
        ("SESSION_COOKIE_SAMESITE", "Lax"),
        ("SESSION_COOKIE_PARTITIONED", "false"),
    ];
    let header = ("SESSION_TRANSPORT", "header");
    let built = |builder: ConfigBuilder| builder.transport(Transport::Header).build();
    let by_code = [
        built(Config::builder().cookie_name("session")),
        built(Config::builder().cookie_name_fallback("former")),
        built(Config::builder().cookie_domain("a.example")),
        built(Config::builder().cookie_path("/")),
        built(Config::builder().cookie_http_only(true)),
        built(Config::builder().cookie_secure(true)),
        built(Config::builder().cookie_same_site(SameSite::Lax)),
        built(Config::builder().cookie_partitioned(false)),
    ];
    for ((key, value), by_code) in set.into_iter().zip(by_code) {
        let by_settings = Config::from_settings(&settings([(key, value), header]));
        for refused in [by_settings, by_code] {
            let error = refused.expect_err(key);
            assert_eq!(error.kind(), ErrorKind::Config);
            let message = error.to_string();
            assert!(message.starts_with(&format!("{key} is for cookies")), "{message}");
            assert!(message.contains("SESSION_TRANSPORT=header"), "{message}");
        }
    }
    for profile in ["flask", "hardened"] {
        let settings = settings([("SESSION_PROFILE", profile), header, ("APPLICATION_ROOT", "/a")]);
        assert_eq!(Config::from_settings(&settings).unwrap().transport(), Transport::Header);
    }
}

#[test]
fn edges_are_inside() {
    let edges = [
        Config::builder().id_length(16),
        Config::builder().id_length(64),
        Config::builder().lifetime(Duration::from_secs(1)),
        Config::builder().lifetime(36_500 * DAY).absolute_lifetime(36_500 * DAY),
        Config::builder().lifetime(DAY).absolute_lifetime(DAY),
        Config::builder().timeout(Duration::from_nanos(1)),
        Config::builder().timeout(Duration::from_secs(300)),
        Config::builder().max_payload(1),
        Config::builder().max_payload(1 << 30),
        Config::builder().max_depth(1),
        Config::builder().max_depth(128),
        Config::builder().key_prefix(""),
        Config::builder().key_prefix("p".repeat(128)),
        Config::builder().owner_key("k".repeat(255)),
        Config::builder().owner_index(true).max_per_owner(1),
        Config::builder().owner_index(true).max_per_owner(usize::MAX),
        Config::builder().refresh_after(Duration::MAX),
    ];
    for builder in edges {
        let shown = format!("{builder:?}");
        builder.build().unwrap_or_else(|error| panic!("{shown}: {error}"));
    }
}

#[test]
fn default_builds_as_it_is() {
    assert_eq!(Config::builder().build().unwrap(), Config::default());
}

#[test]
fn hardened_is_five_settings_from_the_default() {
    let hardened = Config::hardened().build().unwrap();
    let cookie = hardened.cookie();
    assert_eq!(cookie.name, "__Host-session");
    assert!(cookie.secure && cookie.http_only);
    assert_eq!(cookie.same_site, Some(SameSite::Lax));
    assert_eq!(hardened.id_hash(), IdHash::Sha256);
    assert_eq!((hardened.use_signer(), hardened.hash_ids()), (Rollout::On, Rollout::On));

    let back = Config::hardened()
        .cookie_name("session")
        .cookie_secure(false)
        .cookie_same_site(None)
        .hash_ids(false)
        .use_signer(false);
    assert_eq!(back.build().unwrap(), Config::default());
}

#[test]
fn profile_comes_first_and_each_setting_besides_counts() {
    let read = |pairs: &[(&'static str, &'static str)]| {
        Config::from_settings(&pairs.iter().copied().collect()).unwrap()
    };
    let hardened = [("SESSION_PROFILE", "hardened")];
    assert_eq!(read(&hardened), Config::hardened().build().unwrap());
    assert_eq!(read(&[("SESSION_PROFILE", "flask")]), Config::default());
    for (name, value, expected) in [
        ("SESSION_COOKIE_NAME", "sid", Config::hardened().cookie_name("sid")),
        (
            "SESSION_COOKIE_SAMESITE",
            "Strict",
            Config::hardened().cookie_same_site(SameSite::Strict),
        ),
        ("SESSION_HASH_IDS", "false", Config::hardened().hash_ids(false)),
        ("SESSION_USE_SIGNER", "false", Config::hardened().use_signer(false)),
    ] {
        assert_eq!(read(&[hardened[0], (name, value)]), expected.build().unwrap(), "{name}");
    }
    let back = settings([("SESSION_PROFILE", "flask")]);
    assert_eq!(Config::hardened().settings(&back).unwrap().build().unwrap(), Config::default());
}

#[test]
fn settings_go_over_what_was_set_and_leave_the_rest() {
    let over = settings([("SESSION_COOKIE_NAME", "__Host-sid"), ("SESSION_TIMEOUT", "3")]);
    let config = Config::hardened()
        .timeout(Duration::from_secs(1))
        .absolute_lifetime(60 * DAY)
        .settings(&over)
        .unwrap()
        .build()
        .unwrap();
    assert_eq!(config.cookie().name, "__Host-sid");
    assert_eq!(config.timeout(), Duration::from_secs(3));
    assert_eq!(config.absolute_lifetime(), Some(60 * DAY));
    assert_eq!(config.use_signer(), Rollout::On);
}
