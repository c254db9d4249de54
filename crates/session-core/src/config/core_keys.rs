//! The names of the settings: one table for the environment, files, the docs and the tests.

use super::{KeyInfo, Kind};

/// The values of `SESSION_PROFILE`.
const PROFILES: &[&str] = &["flask", "hardened"];
/// The values of `SESSION_TYPE`.
const TYPES: &[&str] =
    &["null", "redis", "memcached", "filesystem", "mongodb", "sqlalchemy", "dynamodb", "memory"];
pub(super) const SIGNATURES: &[&str] = &["native", "flask", "accept-flask"];
pub(super) const FORMATS: &[&str] = &["msgpack", "json", "pickle"];

/// The settings of this crate, and those that every application has.
pub const CORE_KEYS: &[KeyInfo] = &[
    KeyInfo::new(
        "SECRET_KEY",
        Kind::Secret,
        None,
        "The key that signs ids, at least 32 random bytes; any length with \
         `SESSION_SIGNATURE=flask`. Needed with `SESSION_USE_SIGNER`.",
    ),
    KeyInfo::new(
        "SECRET_KEY_FALLBACKS",
        Kind::SecretList,
        None,
        "Older keys, the latest first; they verify and never sign.",
    ),
    KeyInfo::new(
        "SESSION_PROFILE",
        Kind::Choice(PROFILES),
        Some("flask"),
        "Which values the other settings start from: `flask` is this table; `hardened` is \
         `SESSION_COOKIE_NAME=__Host-session`, `SESSION_COOKIE_SECURE=true`, \
         `SESSION_COOKIE_SAMESITE=Lax`, `SESSION_HASH_IDS=true` and `SESSION_USE_SIGNER=true`, for \
         which a `SECRET_KEY` must be there. What is set besides counts.",
    ),
    KeyInfo::new(
        "SESSION_TYPE",
        Kind::Choice(TYPES),
        Some("null"),
        "Where sessions are kept; `null` keeps nothing, and `memory` is for one process and for \
         tests. Other names are read, too: `sql`, `postgres`, `postgresql`, `mysql`, `mariadb` and \
         `sqlite` for `sqlalchemy`, `valkey`, `memcache`, `file`, `files`, `fs`, `mongo`, `dynamo`.",
    ),
    KeyInfo::new(
        "SESSION_PERMANENT",
        Kind::Flag,
        Some("true"),
        "Whether the cookie of a new session outlives the browser.",
    ),
    KeyInfo::new(
        "SESSION_USE_SIGNER",
        Kind::Rollout,
        Some("false"),
        "Whether ids are signed. To turn it on while people are signed in: `accept`, then \
         `migrate`, then `true`.",
    ),
    KeyInfo::new(
        "SESSION_KEY_PREFIX",
        Kind::Text,
        Some("session:"),
        "What the key of every record begins with: up to 128 printable ASCII characters, no \
         space. May be empty; a last character that no id has, as `:`, keeps applications on one \
         store apart.",
    ),
    KeyInfo::new(
        "SESSION_ID_LENGTH",
        Kind::Number,
        Some("32"),
        "Random bytes in an id, 16 to 64. Ids of another length open nothing, unless they are \
         signed or hashed: a change ends all sessions.",
    ),
    KeyInfo::new(
        "SESSION_SERIALIZATION_FORMAT",
        Kind::Choice(FORMATS),
        Some("msgpack"),
        "How records are written; all formats of the build are read. `json` needs the feature `json`, \
         `pickle` the feature `flask`.",
    ),
    KeyInfo::new(
        "PERMANENT_SESSION_LIFETIME",
        Kind::Seconds,
        Some("2678400"),
        "How long a session lives without being used, in the store and in the browser: 1 second \
         to 36500 days. Browsers forget a cookie after 400 days without renewal.",
    ),
    KeyInfo::new(
        "SESSION_REFRESH_EACH_REQUEST",
        Kind::Flag,
        Some("true"),
        "Whether a request that only reads renews the lifetime, once renewal is due.",
    ),
    KeyInfo::new(
        "SESSION_TRANSPORT",
        Kind::Choice(&["cookie", "header"]),
        Some("cookie"),
        "What carries the id: a cookie, or, for clients that are no browsers, a header field of \
         requests and responses. With `header` no setting of the cookie may be set.",
    ),
    KeyInfo::new(
        "SESSION_HEADER_NAME",
        Kind::Text,
        Some("X-Auth-Token"),
        "The name of that header field.",
    ),
    KeyInfo::new(
        "SESSION_COOKIE_NAME",
        Kind::Text,
        Some("session"),
        "The name of the cookie. `__Host-` and `__Secure-` bring the rules that browsers apply.",
    ),
    KeyInfo::new(
        "SESSION_COOKIE_NAME_FALLBACK",
        Kind::Text,
        None,
        "A name that the cookie had before. Where no cookie of `SESSION_COOKIE_NAME` opens a session, \
         one of this name may, and is replaced.",
    ),
    KeyInfo::new(
        "SESSION_COOKIE_DOMAIN",
        Kind::Text,
        None,
        "The host whose subdomains get the cookie too. Without it only this host does.",
    ),
    KeyInfo::new(
        "SESSION_COOKIE_PATH",
        Kind::Text,
        None,
        "The path under which the cookie is sent. Without it, `APPLICATION_ROOT`.",
    ),
    KeyInfo::new(
        "APPLICATION_ROOT",
        Kind::Text,
        Some("/"),
        "The path of the application, read where `SESSION_COOKIE_PATH` is not set.",
    ),
    KeyInfo::new(
        "SESSION_COOKIE_HTTPONLY",
        Kind::Flag,
        Some("true"),
        "Whether scripts in the browser are kept from the cookie.",
    ),
    KeyInfo::new(
        "SESSION_COOKIE_SECURE",
        Kind::Flag,
        Some("false"),
        "Whether the cookie is sent over HTTPS only.",
    ),
    KeyInfo::new(
        "SESSION_COOKIE_SAMESITE",
        Kind::Choice(&["Lax", "Strict", "None"]),
        None,
        "Which requests from other sites carry the cookie. Without it the attribute is not sent; \
         `None` is the word, and needs `SESSION_COOKIE_SECURE`.",
    ),
    KeyInfo::new(
        "SESSION_COOKIE_PARTITIONED",
        Kind::Flag,
        Some("false"),
        "Whether each embedding site has a cookie of its own. Needs `SESSION_COOKIE_SECURE`.",
    ),
    KeyInfo::new(
        "SESSION_CLEANUP_N_REQUESTS",
        Kind::Number,
        None,
        "Sweep expired records about once in so many requests, at least 1, in stores that need it.",
    ),
    KeyInfo::new(
        "SESSION_CLEANUP_INTERVAL",
        Kind::Seconds,
        None,
        "Sweep expired records about this often, from the first request on, in stores that need \
         it; at least 1 second.",
    ),
    KeyInfo::new(
        "SESSION_REFRESH_AFTER",
        Kind::Seconds,
        Some("60"),
        "The least time between two renewals of one session; never more than a tenth of its \
         lifetime.",
    ),
    KeyInfo::new(
        "SESSION_ABSOLUTE_LIFETIME",
        Kind::Seconds,
        None,
        "How long a session lives however much it is used; not less than \
         `PERMANENT_SESSION_LIFETIME`.",
    ),
    KeyInfo::new(
        "SESSION_HASH_IDS",
        Kind::Rollout,
        Some("false"),
        "Whether records are stored under the SHA-256 of the id, so that reading the store opens \
         no session. A Flask-Session app does not find them. To turn it on while people are signed \
         in: `accept`, then `migrate`, then `true`.",
    ),
    KeyInfo::new(
        "SESSION_SIGNATURE",
        Kind::Choice(SIGNATURES),
        Some("native"),
        "Which signatures are written and read: `native` ours alone; `flask` Flask's are written, \
         both are read; `accept-flask` ours are written, both are read.",
    ),
    KeyInfo::new(
        "SESSION_SIGNATURE_SALT",
        Kind::Text,
        Some("flask-session"),
        "The salt of Flask's signatures: `flask-session` for Flask-Session, `flask-sessions` for \
         Flask-Sessionstore.",
    ),
    KeyInfo::new(
        "SESSION_ACCEPT_UUID_IDS",
        Kind::Flag,
        Some("false"),
        "Whether the UUIDs that Flask-Session 0.3 to 0.5 made are read as ids.",
    ),
    KeyInfo::new(
        "SESSION_OWNER_KEY",
        Kind::Text,
        Some("_user_id"),
        "The session's key whose value is the owner of the session; the default is Flask-Login's.",
    ),
    KeyInfo::new(
        "SESSION_OWNER_INDEX",
        Kind::Flag,
        Some("false"),
        "Whether the store keeps an index from owners to sessions, to list and end them.",
    ),
    KeyInfo::new(
        "SESSION_MAX_PER_OWNER",
        Kind::Number,
        None,
        "How many sessions an owner may have, at least 1: a sign-in beyond that ends the oldest. \
         Needs `SESSION_OWNER_INDEX`.",
    ),
    KeyInfo::new(
        "SESSION_UNDECODABLE",
        Kind::Choice(&["fresh", "error"]),
        Some("fresh"),
        "What a record that cannot be decoded is to a request: an anonymous visitor, or an error \
         wherever the session is used, but for a logout.",
    ),
    KeyInfo::new(
        "SESSION_ON_CONFLICT",
        Kind::Choice(&["reject", "overwrite"]),
        Some("reject"),
        "What happens if a value that a request has read and set was changed by another meanwhile.",
    ),
    KeyInfo::new(
        "SESSION_TIMEOUT",
        Kind::Timeout,
        Some("2"),
        "How long a request may wait for the store when it opens its session, in each `update`, \
         and in its commit, every retry included: over 0, at most 300.",
    ),
    KeyInfo::new(
        "SESSION_MAX_PAYLOAD",
        Kind::Bytes,
        Some("1048576"),
        "The largest record, up to 1 GiB; a store may have a lower limit of its own.",
    ),
    KeyInfo::new(
        "SESSION_MAX_DEPTH",
        Kind::Number,
        Some("64"),
        "How deep values may be nested, 1 to 128, the session itself being the first level.",
    ),
];
