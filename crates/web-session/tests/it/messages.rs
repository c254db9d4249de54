//! What an application prints that cannot start, as `main` prints an error that it returns.

use web_session::config::Settings;

/// What is set, and what is printed.
type Row = (&'static [(&'static str, &'static str)], &'static [&'static str]);

const ROWS: &[Row] = &[
    (&[("SESSION_TYPE", "redsi")], &["SESSION_TYPE", "redis or memcached"]),
    (
        &[("SESSION_TYPE", "sqlite"), ("SESSION_SQLALCHEMY", "postgres://u:hunter2@db/x")],
        &["it says sqlite", "SESSION_SQLALCHEMY is of another database"],
    ),
    (
        &[("SESSION_TYPE", "memory"), ("SESSION_PROFILE", "strict")],
        &["SESSION_PROFILE", "hardened"],
    ),
    (&[("SESSION_TYPE", "memory"), ("SESSION_PROFILE", "hardened")], &["SECRET_KEY is not set"]),
    (
        &[("SESSION_TYPE", "memory"), ("SESSION_REDIS_URL", "redis://a")],
        &["SESSION_REDIS_URL", "did you mean SESSION_REDIS?"],
    ),
    (
        &[("SESSION_TYPE", "redis"), ("SESSION_REDIS", "redis://:hunter2@127.0.0.1:1/3")],
        &["SESSION_REDIS: redis://127.0.0.1:1/3", "onnection refused"],
    ),
    (
        &[("SESSION_TYPE", "memcached"), ("SESSION_MEMCACHED", "127.0.0.1:1")],
        &["SESSION_MEMCACHED: 127.0.0.1:1", "onnection refused"],
    ),
    (
        &[("SESSION_TYPE", "sql"), ("SESSION_SQLALCHEMY", "postgres://u:hunter2@127.0.0.1:1/x")],
        &["SESSION_SQLALCHEMY: postgres://127.0.0.1:1/x", "onnection refused"],
    ),
    (
        &[
            ("SESSION_TYPE", "mysql"),
            ("SQLALCHEMY_DATABASE_URI", "mysql://u:hunter2@127.0.0.1:1/x"),
        ],
        &["SQLALCHEMY_DATABASE_URI: mysql://127.0.0.1:1/x", "onnection refused"],
    ),
    (
        &[("SESSION_TYPE", "sqlite"), ("SESSION_SQLALCHEMY", "sqlite:////nowhere/at/all.db")],
        &["SESSION_SQLALCHEMY: sqlite:////nowhere/at/all.db", "cannot be opened"],
    ),
    (
        &[("SESSION_TYPE", "mongo"), ("SESSION_MONGODB", "mongodb://u:hunter2@127.0.0.1:1/")],
        // The driver keeps the system's words in a text that has more in it.
        &["SESSION_MONGODB: mongodb://127.0.0.1:1/", "cannot be reached"],
    ),
    (
        &[("SESSION_TYPE", "dynamodb"), ("SESSION_DYNAMODB", "http://127.0.0.1:1")],
        &["SESSION_DYNAMODB: http://127.0.0.1:1", "onnection refused"],
    ),
    (
        &[("SESSION_TYPE", "fs"), ("SESSION_FILE_DIR", "/proc/nowhere")],
        &["SESSION_FILE_DIR: /proc/nowhere", "No such file or directory"],
    ),
];

#[tokio::test]
async fn what_cannot_start_says_the_setting_the_address_and_the_cause() {
    for (set, printed) in ROWS {
        let settings: Settings = set.iter().copied().collect();
        let error = web_session::manager(&settings).await.expect_err("it starts");
        let said = format!("{error:?}");
        for part in *printed {
            assert!(said.contains(part), "{set:?}: {part:?} is not in {said:?}");
        }
        assert!(!said.contains("hunter2"), "{said}");
    }
}
