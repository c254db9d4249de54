//! `SESSION_TYPE` and what follows from it.

#[cfg(feature = "redis")]
mod redis;

use web_session::config::Settings;
use web_session::{Error, ErrorKind, connect};

async fn name_of<const N: usize>(settings: [(&str, &str); N]) -> Result<&'static str, Error> {
    let settings: Settings = settings.into_iter().collect();
    Ok(connect(&settings).await?.capabilities().name)
}

async fn refusal<const N: usize>(settings: [(&str, &str); N]) -> String {
    let error = name_of(settings).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    error.to_string()
}

#[tokio::test]
async fn null_is_the_store_of_those_who_say_nothing() {
    assert_eq!(name_of([]).await.unwrap(), "null");
    assert_eq!(name_of([("SESSION_TYPE", "")]).await.unwrap(), "null");
}

#[tokio::test]
async fn words_are_read_in_any_case() {
    for (word, store) in [("null", "null"), ("memory", "memory"), ("MEMORY", "memory")] {
        assert_eq!(name_of([("SESSION_TYPE", word)]).await.unwrap(), store, "{word}");
    }
}

#[tokio::test]
async fn unknown_word_is_told_all_words_and_not_repeated() {
    let message = refusal([("SESSION_TYPE", "hunter2")]).await;
    for word in ["null", "redis", "filesystem", "sqlalchemy", "memory"] {
        assert!(message.contains(word), "{message}");
    }
    assert!(!message.contains("hunter2"), "{message}");
}

#[tokio::test]
async fn unknown_name_is_refused_with_a_suggestion() {
    for (name, meant) in [
        ("SESSION_TPYE", "SESSION_TYPE"),
        ("SESSION_FILE_DIRR", "SESSION_FILE_DIR"),
        ("SESSION_MEMCACHD", "SESSION_MEMCACHED"),
        ("session_mongodb_db", "SESSION_MONGODB_DB"),
    ] {
        let message = refusal([("SESSION_TYPE", "memory"), (name, "x")]).await;
        assert!(message.contains(&format!("did you mean {meant}?")), "{message}");
    }
}

#[tokio::test]
async fn lazy_start_leaves_a_server_that_is_down_to_the_calls() {
    use web_session::StoreKey;
    let nowhere: &[(&str, &str, &str)] = &[
        #[cfg(feature = "redis")]
        ("redis", "SESSION_REDIS", "redis://127.0.0.1:1"),
        #[cfg(feature = "memcached")]
        ("memcached", "SESSION_MEMCACHED", "127.0.0.1:1"),
        #[cfg(feature = "mongodb")]
        ("mongodb", "SESSION_MONGODB", "mongodb://127.0.0.1:1"),
        #[cfg(feature = "postgres")]
        ("sql", "SESSION_SQLALCHEMY", "postgresql://127.0.0.1:1/shop"),
        #[cfg(feature = "mysql")]
        ("sql", "SESSION_SQLALCHEMY", "mysql://127.0.0.1:1/shop"),
        #[cfg(feature = "dynamodb")]
        ("dynamodb", "SESSION_DYNAMODB", "http://127.0.0.1:1"),
    ];
    for &(backend, name, address) in nowhere {
        let opened = async |start| {
            let settings = [("SESSION_TYPE", backend), (name, address), ("SESSION_CONNECT", start)];
            connect(&settings.into_iter().collect()).await
        };
        let store = opened("lazy").await.expect(backend);
        let error = store.load(&StoreKey::new("session:", "k")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{backend}: {error:#}");
        let at_the_start = opened("eager").await.unwrap_err();
        assert_ne!(at_the_start.kind(), ErrorKind::Config, "{backend}");
        for error in [error, at_the_start] {
            let place = format!("({name}: {address})");
            assert!(error.to_string().contains(&place), "{backend}: {error:#}");
        }
    }
}

#[tokio::test]
async fn start_has_two_words() {
    let message = refusal([("SESSION_CONNECT", "later")]).await;
    assert!(message.contains("eager") && message.contains("lazy"), "{message}");
}

#[tokio::test]
async fn settings_of_other_backends_are_no_mistake() {
    let settings = [
        ("SESSION_TYPE", "memory"),
        ("SESSION_REDIS", "redis://cache.internal"),
        ("SESSION_FILE_DIR", "/srv/sessions"),
        ("SQLALCHEMY_DATABASE_URI", "sqlite://"),
    ];
    assert_eq!(name_of(settings).await.unwrap(), "memory");
}

/// A build that has all of them leaves out none.
#[cfg(not(all(
    feature = "redis",
    feature = "memcached",
    feature = "dynamodb",
    feature = "mongodb",
    feature = "filesystem",
    feature = "sql"
)))]
#[tokio::test]
async fn backend_that_is_left_out_names_its_feature() {
    let sql = "postgres`, `mysql` or `sqlite";
    for (word, feature, is_built_in) in [
        ("redis", "redis", cfg!(feature = "redis")),
        ("memcached", "memcached", cfg!(feature = "memcached")),
        ("dynamodb", "dynamodb", cfg!(feature = "dynamodb")),
        ("mongodb", "mongodb", cfg!(feature = "mongodb")),
        ("filesystem", "filesystem", cfg!(feature = "filesystem")),
        ("sqlalchemy", sql, cfg!(feature = "sql")),
        ("sql", sql, cfg!(feature = "sql")),
    ] {
        if !is_built_in {
            let message = refusal([("SESSION_TYPE", word)]).await;
            let expected = format!("feature `{feature}` of the crate `web-session`");
            assert!(message.contains(&expected), "{word}: {message}");
        }
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn table_is_made_where_the_settings_say() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}", dir.path().join("sessions.db").display());
    for word in ["sqlalchemy", "SQL"] {
        let settings = [("SESSION_TYPE", word), ("SESSION_SQLALCHEMY", &url)];
        assert_eq!(name_of(settings).await.unwrap(), "sqlalchemy");
    }
}

#[cfg(feature = "filesystem")]
mod filesystem {
    use super::{name_of, refusal};
    use web_session::config::Settings;

    #[tokio::test]
    async fn index_of_owners_is_kept_if_the_settings_ask_for_it() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("sessions");
        for (flag, has_owners) in [("false", false), ("true", true)] {
            let settings: Settings = [
                ("SESSION_TYPE", "filesystem"),
                ("SESSION_FILE_DIR", dir.to_str().unwrap()),
                ("SESSION_OWNER_INDEX", flag),
            ]
            .into_iter()
            .collect();
            let store = web_session::connect(&settings).await.unwrap();
            assert_eq!(store.capabilities().owner_index, has_owners, "{flag}");
        }
    }

    #[tokio::test]
    async fn files_are_where_the_settings_say() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("sessions");
        let settings =
            [("SESSION_TYPE", "FileSystem"), ("SESSION_FILE_DIR", dir.to_str().unwrap())];
        assert_eq!(name_of(settings).await.unwrap(), "filesystem");
        assert!(dir.is_dir());
    }

    #[tokio::test]
    async fn malformed_option_is_named() {
        let message =
            refusal([("SESSION_TYPE", "filesystem"), ("SESSION_FILE_MODE", "rw-------")]).await;
        assert!(message.contains("SESSION_FILE_MODE"), "{message}");
    }
}

#[cfg(feature = "memcached")]
mod memcached {
    use super::name_of;
    use session_testkit::server;

    #[tokio::test]
    async fn servers_are_those_of_the_settings() {
        let address = server::url("SESSION_TEST_MEMCACHED");
        let settings = [("SESSION_TYPE", "Memcached"), ("SESSION_MEMCACHED", address.as_str())];
        assert_eq!(name_of(settings).await.unwrap(), "memcached");
    }
}

#[cfg(feature = "mongodb")]
mod mongodb {
    use super::{name_of, refusal};
    use session_testkit::server;

    #[tokio::test]
    async fn server_is_the_one_of_the_settings() {
        let url = server::url("SESSION_TEST_MONGODB");
        let settings = [
            ("SESSION_TYPE", "MongoDB"),
            ("SESSION_MONGODB", url.as_str()),
            ("SESSION_MONGODB_DB", "session_tests"),
            ("SESSION_MONGODB_COLLECT", "facade"),
        ];
        assert_eq!(name_of(settings).await.unwrap(), "mongodb");
    }

    #[tokio::test]
    async fn bad_url_is_refused_and_not_repeated() {
        for url in ["db.internal", "http://app:hunter2@host", "mongodb://app:hunter2@host:port"] {
            let message = refusal([("SESSION_TYPE", "mongodb"), ("SESSION_MONGODB", url)]).await;
            assert!(message.contains("mongodb") && !message.contains("hunter2"), "{message}");
        }
    }
}

#[cfg(feature = "dynamodb")]
mod dynamodb {
    use super::{name_of, refusal};
    use session_testkit::server;

    #[tokio::test]
    async fn table_is_made_where_the_settings_say() {
        let url = server::url("SESSION_TEST_DYNAMODB");
        for word in ["dynamodb", "DynamoDB"] {
            let settings = [
                ("SESSION_TYPE", word),
                ("SESSION_DYNAMODB", url.as_str()),
                ("SESSION_DYNAMODB_TABLE", "FacadeSessions"),
            ];
            assert_eq!(name_of(settings).await.unwrap(), "dynamodb");
        }
    }

    #[tokio::test]
    async fn bad_endpoint_is_refused_and_not_repeated() {
        for url in ["127.0.0.1:8000", "ftp://host", "http://:hunter2@host"] {
            let settings = [("SESSION_TYPE", "dynamodb"), ("SESSION_DYNAMODB", url)];
            let message = refusal(settings).await;
            assert!(message.contains("SESSION_DYNAMODB"), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
    }
}
