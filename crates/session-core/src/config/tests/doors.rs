//! Each key through each door.

use super::{core_names, settings};
use crate::config::{
    CORE_KEYS, Config, ConfigBuilder, Kind, OnConflict, Rollout, Settings, Transport, Undecodable,
};
use crate::cookie::SameSite;
use crate::error::ErrorKind;
use crate::id::{IdHash, IdSyntax};
use serde::Deserialize as _;
use serde::de::value::{Error as SerdeError, MapDeserializer};
use session_codec::Format;
use std::num::NonZeroU32;
use std::time::Duration;

/// A key, a value that is not the default, what the builder calls it, and a malformed value.
type Row = (&'static str, &'static str, fn(ConfigBuilder) -> ConfigBuilder, &'static str);

const ROWS: &[Row] = &[
    ("SESSION_PROFILE", "Hardened", |_| Config::hardened(), "strict"),
    ("SESSION_PERMANENT", "no", |b| b.permanent(false), "maybe"),
    ("SESSION_USE_SIGNER", "on", |b| b.use_signer(true), "2"),
    ("SESSION_KEY_PREFIX", "shop:", |b| b.key_prefix("shop:"), "a b"),
    ("SESSION_ID_LENGTH", "16", |b| b.id_length(16), "15"),
    ("SESSION_SERIALIZATION_FORMAT", "MsgPack", |b| b.format(Format::MessagePack), "yaml"),
    ("PERMANENT_SESSION_LIFETIME", "90", |b| b.lifetime(Duration::from_secs(90)), "1h"),
    ("SESSION_REFRESH_EACH_REQUEST", "0", |b| b.refresh_each_request(false), "never"),
    ("SESSION_TRANSPORT", "Header", |b| b.transport(Transport::Header), "query"),
    (
        "SESSION_HEADER_NAME",
        "X-Shop",
        |b| b.transport(Transport::Header).header_name("X-Shop"),
        "Set-Cookie",
    ),
    ("SESSION_COOKIE_NAME", "sid", |b| b.cookie_name("sid"), "a;b"),
    ("SESSION_COOKIE_NAME_FALLBACK", "sid", |b| b.cookie_name_fallback("sid"), "a;b"),
    ("SESSION_COOKIE_DOMAIN", "a.example", |b| b.cookie_domain("a.example"), "https://a"),
    ("SESSION_COOKIE_PATH", "/shop", |b| b.cookie_path("/shop"), "shop"),
    ("APPLICATION_ROOT", "/app", |b| b.cookie_path("/app"), "app"),
    ("SESSION_COOKIE_HTTPONLY", "false", |b| b.cookie_http_only(false), "t"),
    ("SESSION_COOKIE_SECURE", "TRUE", |b| b.cookie_secure(true), " true"),
    ("SESSION_COOKIE_SAMESITE", "lax", |b| b.cookie_same_site(SameSite::Lax), "Loose"),
    (
        "SESSION_COOKIE_PARTITIONED",
        "1",
        |b| b.cookie_secure(true).cookie_partitioned(true),
        "partly",
    ),
    (
        "SESSION_CLEANUP_N_REQUESTS",
        "100",
        |b| b.cleanup_n_requests(NonZeroU32::new(100).unwrap()),
        "0",
    ),
    ("SESSION_CLEANUP_INTERVAL", "600", |b| b.cleanup_interval(Duration::from_secs(600)), "0"),
    ("SESSION_REFRESH_AFTER", "0", |b| b.refresh_after(Duration::ZERO), "-1"),
    (
        "SESSION_ABSOLUTE_LIFETIME",
        "3000000",
        |b| b.absolute_lifetime(Duration::from_secs(3_000_000)),
        "60",
    ),
    ("SESSION_HASH_IDS", "yes", |b| b.hash_ids(true), "sha256"),
    ("SESSION_ACCEPT_UUID_IDS", "true", |b| b.accept_uuid_ids(true), "uuid4"),
    ("SESSION_OWNER_KEY", "uid", |b| b.owner_key("uid"), "_created"),
    ("SESSION_OWNER_INDEX", "true", |b| b.owner_index(true), "redis"),
    ("SESSION_MAX_PER_OWNER", "5", |b| b.owner_index(true).max_per_owner(5), "0"),
    ("SESSION_UNDECODABLE", "error", |b| b.undecodable(Undecodable::Error), "ignore"),
    ("SESSION_ON_CONFLICT", "overwrite", |b| b.on_conflict(OnConflict::Overwrite), "merge"),
    ("SESSION_TIMEOUT", "0.5", |b| b.timeout(Duration::from_millis(500)), "500ms"),
    ("SESSION_MAX_PAYLOAD", "4096", |b| b.max_payload(4096), "1MiB"),
    ("SESSION_MAX_DEPTH", "128", |b| b.max_depth(128), "129"),
];

/// What a key needs beside it not to contradict the default.
fn companions(name: &str) -> &'static [(&'static str, &'static str)] {
    match name {
        "SESSION_COOKIE_PARTITIONED" => &[("SESSION_COOKIE_SECURE", "true")],
        "SESSION_HEADER_NAME" => &[("SESSION_TRANSPORT", "header")],
        "SESSION_MAX_PER_OWNER" => &[("SESSION_OWNER_INDEX", "true")],
        _ => &[],
    }
}

type Door = fn(&[(&str, &str)]) -> Result<Config, String>;

fn by_environment(pairs: &[(&str, &str)]) -> Result<Config, String> {
    Settings::from_vars(pairs.iter().copied(), &[CORE_KEYS])
        .and_then(|(settings, _)| Config::from_settings(&settings))
        .map_err(|error| {
            assert_eq!(error.kind(), ErrorKind::Config);
            error.to_string()
        })
}

fn by_serde(pairs: &[(&str, &str)]) -> Result<Config, String> {
    Config::deserialize(MapDeserializer::<_, SerdeError>::new(pairs.iter().copied()))
        .map_err(|error| error.to_string())
}

const DOORS: [Door; 2] = [by_environment, by_serde];

#[test]
fn every_key_of_the_table_has_a_row() {
    let mut rows: Vec<&str> = ROWS.iter().map(|row| row.0).collect();
    let mut names: Vec<&str> = core_names().collect();
    rows.sort_unstable();
    names.sort_unstable();
    assert_eq!(rows, names);
}

#[test]
fn good_value_is_what_the_builder_makes_of_it() {
    for (name, good, build, _) in ROWS {
        let pairs: Vec<_> = companions(name).iter().copied().chain([(*name, *good)]).collect();
        let expected = build(Config::builder()).build().unwrap();
        for door in DOORS {
            assert_eq!(door(&pairs).as_ref(), Ok(&expected), "{name}");
        }
        if *name != "SESSION_SERIALIZATION_FORMAT" {
            assert_ne!(expected, Config::default(), "{name} must show");
        }
    }
}

#[test]
fn bad_value_is_refused_by_name() {
    for (name, _, _, bad) in ROWS {
        // The root of the application is the path of the cookie.
        let key = if *name == "APPLICATION_ROOT" { "SESSION_COOKIE_PATH" } else { name };
        for door in DOORS {
            let message = door(&[(name, bad)]).expect_err(name);
            assert!(message.contains(key), "{name}: {message}");
        }
    }
}

#[test]
fn no_error_repeats_a_value() {
    for name in core_names() {
        for door in DOORS {
            let Err(message) = door(&[(name, "hunter2 \n")]) else { continue };
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}

#[test]
fn empty_value_is_no_value() {
    for name in core_names().filter(|name| *name != "SESSION_KEY_PREFIX") {
        for door in DOORS {
            assert_eq!(door(&[(name, "")]), Ok(Config::default()), "{name}");
        }
    }
    let config = by_environment(&[("SESSION_KEY_PREFIX", "")]).unwrap();
    assert_eq!(config.key_prefix(), "");
}

#[test]
fn default_of_the_table_is_the_default() {
    for key in CORE_KEYS {
        let Some(default) = key.default else { continue };
        let config = Config::from_settings(&settings([(key.name, default)])).unwrap();
        assert_eq!(config, Config::default(), "{}", key.name);
    }
}

/// `Defaults` of Flask-Session 0.8 and `Flask.default_config` of Flask 3.1.
#[test]
fn default_is_that_of_flask_key_for_key() {
    let config = Config::default();
    assert_eq!(config.key_prefix(), "session:");
    assert_eq!((config.use_signer(), config.hash_ids()), (Rollout::Off, Rollout::Off));
    assert!(config.permanent());
    assert_eq!(config.id_length(), 32);
    assert_eq!(config.format(), Format::MessagePack);
    assert_eq!(config.cleanup_n_requests(), None);
    assert_eq!(config.lifetime(), Duration::from_secs(31 * 86_400));
    assert!(config.refresh_each_request());
    let cookie = config.cookie();
    assert_eq!((cookie.name.as_str(), cookie.path.as_str()), ("session", "/"));
    assert_eq!((&cookie.domain, cookie.same_site), (&None, None));
    assert_eq!((cookie.http_only, cookie.secure, cookie.partitioned), (true, false, false));
    let flask = [
        ("SESSION_TYPE", Some("null")),
        ("SESSION_PERMANENT", Some("true")),
        ("SESSION_USE_SIGNER", Some("false")),
        ("SESSION_KEY_PREFIX", Some("session:")),
        ("SESSION_ID_LENGTH", Some("32")),
        ("SESSION_SERIALIZATION_FORMAT", Some("msgpack")),
        ("SESSION_CLEANUP_N_REQUESTS", None),
        ("PERMANENT_SESSION_LIFETIME", Some("2678400")),
        ("SESSION_REFRESH_EACH_REQUEST", Some("true")),
        ("SESSION_COOKIE_NAME", Some("session")),
        ("SESSION_COOKIE_DOMAIN", None),
        ("SESSION_COOKIE_PATH", None),
        ("APPLICATION_ROOT", Some("/")),
        ("SESSION_COOKIE_HTTPONLY", Some("true")),
        ("SESSION_COOKIE_SECURE", Some("false")),
        ("SESSION_COOKIE_SAMESITE", None),
        ("SESSION_COOKIE_PARTITIONED", Some("false")),
        ("SECRET_KEY", None),
        ("SECRET_KEY_FALLBACKS", None),
    ];
    for (name, default) in flask {
        let key = CORE_KEYS.iter().find(|key| key.name == name).expect(name);
        assert_eq!(key.default, default, "{name}");
    }
}

#[test]
fn defaults_of_our_own_keys() {
    let config = Config::default();
    assert_eq!(config.refresh_after(), Duration::from_secs(60));
    assert_eq!((config.absolute_lifetime(), config.cleanup_interval()), (None, None));
    assert_eq!((config.id_hash(), config.id_syntax()), (IdHash::Plain, IdSyntax::Base64Url));
    assert_eq!((config.owner_key(), config.owner_index()), ("_user_id", false));
    assert_eq!(config.undecodable(), Undecodable::Fresh);
    assert_eq!(config.on_conflict(), OnConflict::Reject);
    assert_eq!(config.timeout(), Duration::from_secs(2));
    assert_eq!((config.max_payload(), config.max_depth()), (1 << 20, 64));
}

#[test]
fn cookie_path_goes_before_the_application_root() {
    let pairs = [("SESSION_COOKIE_PATH", "/shop"), ("APPLICATION_ROOT", "/app")];
    for door in DOORS {
        assert_eq!(door(&pairs).unwrap().cookie().path, "/shop");
    }
}

#[test]
fn format_that_is_left_out_names_its_feature() {
    for (word, feature, is_built_in) in
        [("json", "json", cfg!(feature = "json")), ("pickle", "flask", cfg!(feature = "flask"))]
    {
        for door in DOORS {
            match door(&[("SESSION_SERIALIZATION_FORMAT", word)]) {
                Ok(config) => assert!(is_built_in && config.format().as_str() == word),
                Err(text) => {
                    assert!(
                        !is_built_in && text.contains(&format!("feature `{feature}`")),
                        "{text}"
                    );
                }
            }
        }
    }
}

#[test]
fn change_has_a_word_for_each_step() {
    type Built = fn(Rollout) -> ConfigBuilder;
    let built: [(&str, Built); 2] = [
        ("SESSION_USE_SIGNER", |step| Config::builder().use_signer(step)),
        ("SESSION_HASH_IDS", |step| Config::builder().hash_ids(step)),
    ];
    for (name, build) in built {
        let key = CORE_KEYS.iter().find(|key| key.name == name).unwrap();
        assert_eq!(key.kind, Kind::Rollout);
        for (word, step) in [
            ("false", Rollout::Off),
            ("accept", Rollout::Accept),
            ("Migrate", Rollout::Migrate),
            ("true", Rollout::On),
        ] {
            for door in DOORS {
                assert_eq!(door(&[(name, word)]).unwrap(), build(step).build().unwrap(), "{word}");
            }
        }
        let message = by_environment(&[(name, "migrating")]).unwrap_err();
        assert!(message.contains("false, accept, migrate or true"), "{message}");
    }
}

#[test]
fn words_of_a_choice_are_those_of_the_table() {
    for key in CORE_KEYS.iter().filter(|key| core_names().any(|name| name == key.name)) {
        let Kind::Choice(words) = key.kind else { continue };
        for word in words {
            let beside = match key.name {
                "SESSION_COOKIE_SAMESITE" => ("SESSION_COOKIE_SECURE", "true"),
                _ => ("SESSION_TYPE", "null"),
            };
            let made = by_environment(&[(key.name, *word), beside]);
            // A format is one of this build's.
            let is_missing =
                key.name == "SESSION_SERIALIZATION_FORMAT" && word.parse::<Format>().is_err();
            assert_eq!(made.is_err(), is_missing, "{}={word}", key.name);
        }
    }
}
