//! Redis, by its settings.

use super::{name_of, refusal};
use session_testkit::RedisServer;
use std::net::TcpListener;
use web_session::ErrorKind;
use web_session::config::Settings;

#[tokio::test]
async fn index_of_owners_is_kept_if_the_settings_ask_for_it() {
    let server = RedisServer::start().await.unwrap();
    for (flag, has_owners) in [("false", false), ("true", true)] {
        let url = server.url();
        let settings: Settings =
            [("SESSION_TYPE", "redis"), ("SESSION_REDIS", &*url), ("SESSION_OWNER_INDEX", flag)]
                .into_iter()
                .collect();
        let store = web_session::connect(&settings).await.unwrap();
        assert_eq!(store.capabilities().owner_index, has_owners, "{flag}");
    }
}

#[tokio::test]
async fn server_is_the_one_of_the_settings() {
    let server = RedisServer::start().await.unwrap();
    let settings = [("SESSION_TYPE", "Redis"), ("SESSION_REDIS", &server.url())];
    assert_eq!(name_of(settings).await.unwrap(), "redis");
}

#[cfg(feature = "redis-cluster")]
#[tokio::test]
async fn cluster_is_the_one_of_the_settings() {
    let url = session_testkit::server::url("SESSION_TEST_REDIS_CLUSTER");
    let settings = [("SESSION_TYPE", "redis"), ("SESSION_REDIS", url.as_str())];
    assert_eq!(name_of(settings).await.unwrap(), "redis");
}

#[cfg(feature = "redis-sentinel")]
#[tokio::test]
async fn sentinels_are_those_of_the_settings() {
    let url = session_testkit::server::url("SESSION_TEST_REDIS_SENTINEL");
    let settings = [("SESSION_TYPE", "redis"), ("SESSION_REDIS", url.as_str())];
    assert_eq!(name_of(settings).await.unwrap(), "redis");
}

#[tokio::test]
async fn url_of_a_form_that_is_left_out_names_its_feature() {
    for (scheme, feature, is_built_in) in [
        ("redis+cluster", "cluster", cfg!(feature = "redis-cluster")),
        ("redis+sentinel", "sentinel", cfg!(feature = "redis-sentinel")),
    ] {
        if !is_built_in {
            let url = format!("{scheme}://:hunter2@host/service");
            let message = refusal([("SESSION_TYPE", "redis"), ("SESSION_REDIS", &url)]).await;
            assert!(message.contains(&format!("feature `{feature}`")), "{message}");
            assert!(message.contains(&format!("`redis-{feature}`")), "{message}");
        }
    }
}

#[tokio::test]
async fn bad_url_is_refused_and_not_repeated() {
    for url in ["cache.internal", "http://:hunter2@host", "redis://:hunter2@host:port"] {
        let message = refusal([("SESSION_TYPE", "redis"), ("SESSION_REDIS", url)]).await;
        assert!(message.contains("redis") && !message.contains("hunter2"), "{message}");
    }
}

#[tokio::test]
async fn server_that_is_down_is_unavailable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("redis://127.0.0.1:{port}");
    let error = name_of([("SESSION_TYPE", "redis"), ("SESSION_REDIS", &url)]).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
}
