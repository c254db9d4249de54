use super::{Place, parse};
use redis::{ConnectionInfo, ProtocolVersion};
use session_core::ErrorKind;

fn server(url: &str) -> ConnectionInfo {
    match parse(url).expect(url) {
        Place::Server(info) => info,
        #[cfg(any(feature = "cluster", feature = "sentinel"))]
        _ => panic!("{url} names one server"),
    }
}

fn refusal(url: &str) -> String {
    let error = parse(url).err().expect(url);
    assert_eq!(error.kind(), ErrorKind::Config, "{url}");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    error.to_string()
}

#[test]
fn bad_url_is_a_config_error_that_does_not_repeat_it() {
    for url in [
        "",
        "127.0.0.1:6379",
        "http://:hunter2@host",
        "http+cluster://:hunter2@host",
        "redis+proxy://:hunter2@host",
        "redis://:hunter2@host:port",
        "redis://:hunter2@host/not-a-number",
        "redis://:hunter2@host?protocol=hunter2",
        "redis://:hunter2@0.0.0.0",
        "redis://:hunter2@host1:1,host2:2",
    ] {
        refusal(url);
    }
}

#[test]
fn protocol_is_resp3_unless_the_url_names_one() {
    for (url, expected) in [
        ("redis://host", ProtocolVersion::RESP3),
        ("redis://host/3?protocol=resp2", ProtocolVersion::RESP2),
        ("redis://host?protocol=resp3", ProtocolVersion::RESP3),
        ("unix:///run/redis.sock", ProtocolVersion::RESP3),
    ] {
        let info = server(url);
        assert_eq!(info.redis_settings().protocol(), expected, "{url}");
        assert!(info.tcp_settings().nodelay());
    }
}

/// What users write, with the client or product that it comes from, and what becomes of it.
#[test]
fn no_parameter_is_dropped_in_silence() {
    /// What is honoured shows in the address: user, password, database, protocol 2 or 3.
    type Shown = (Option<&'static str>, Option<&'static str>, i64, u8);
    let plain: Shown = (None, None, 0, 3);
    let table: &[(&str, &str, Result<Shown, &str>)] = &[
        ("Flask-Session", "redis://host:6379", Ok(plain)),
        (
            "redis-py, redis-rs, node-redis",
            "redis://u:p%40@host/3",
            Ok((Some("u"), Some("p@"), 3, 3)),
        ),
        ("node-redis", "redis://:p@host:6379/1", Ok((None, Some("p"), 1, 3))),
        ("redis-py", "redis://host?db=3", Ok((None, None, 3, 3))),
        ("redis-py", "redis://host/3?db=3", Ok((None, None, 3, 3))),
        ("redis-py", "redis://host/1?db=3", Err("two databases")),
        ("redis-py", "redis://host?db=x", Err("no number")),
        ("redis-py", "redis://host/shop", Err("no number")),
        ("redis-py", "redis://host?username=u&password=p+q", Ok((Some("u"), Some("p+q"), 0, 3))),
        ("redis-py", "redis://:p@host?password=hunter2", Err("twice")),
        ("redis-py", "redis://host?protocol=3", Ok(plain)),
        ("redis-py, redis-rs", "redis://host?protocol=2", Ok((None, None, 0, 2))),
        ("redis-rs", "redis://host?protocol=resp2", Ok((None, None, 0, 2))),
        ("", "redis://host?protocol=4", Err("protocol")),
        ("redis-py", "unix:///run/r.sock?db=2&password=p", Ok((None, Some("p"), 2, 3))),
        ("redis-rs", "redis+unix:///run/r.sock?user=u&pass=p", Ok((Some("u"), Some("p"), 0, 3))),
        ("redis-py", "redis://host?decode_responses=True&encoding=utf-8", Ok(plain)),
        ("redis-py", "redis://host?health_check_interval=30&socket_keepalive=true", Ok(plain)),
        ("redis-py", "redis://host?max_connections=10", Ok(plain)),
        ("ioredis", "redis://u:p@host?allowUsernameInURI=true", Ok((Some("u"), Some("p"), 0, 3))),
        ("redis-py", "redis://host?socket_timeout=5", Err("SESSION_OPERATION_TIMEOUT")),
        ("redis-py", "redis://host?socket_connect_timeout=5", Err("SESSION_CONNECT_TIMEOUT")),
        ("go-redis", "redis://host?dial_timeout=5s", Err("SESSION_CONNECT_TIMEOUT")),
        ("Lettuce", "redis://host?timeout=10s", Err("SESSION_OPERATION_TIMEOUT")),
        ("redis-py", "redis://host?retry_on_timeout=True", Err("retry_on_timeout")),
        ("redis-py", "redis://host?client_name=app", Err("client_name")),
        ("ioredis", "redis://host?family=6", Err("family")),
        ("", "redis://host?pasword=hunter2", Err("pasword, and takes db, protocol")),
        ("", "redis://host?hunter2%20", Err("whose name cannot be shown")),
        ("", "redis://host?db=1&db=2", Err("db twice")),
        ("redis-py", "redis://host?ssl_cert_reqs=required", Ok(plain)),
        ("Celery", "redis://host?ssl_cert_reqs=CERT_REQUIRED", Ok(plain)),
        ("Heroku", "redis://host?ssl_cert_reqs=none", Err("ssl_ca_certs")),
        ("redis-py", "redis://host?ssl_check_hostname=true", Ok(plain)),
        ("redis-py", "redis://host?ssl_check_hostname=False", Err("ssl_ca_certs")),
        ("redis-py", "redis://host?ssl_ca_path=/etc/ssl", Err("ssl_ca_certs")),
        ("", "redis://host?ssl=true", Err("rediss://")),
        ("redis-rs", "rediss://host#insecure", Err("ssl_ca_certs")),
        ("", "redis://app#:hunter2@host", Err("%23")),
    ];
    for (client, url, expected) in table {
        let shown = parse(url).map(|place| match place {
            Place::Server(info) => info.redis_settings().clone(),
            #[cfg(any(feature = "cluster", feature = "sentinel"))]
            _ => panic!("{url} names one server"),
        });
        match (shown, expected) {
            (Ok(found), Ok(expected)) => {
                let protocol = if found.protocol() == ProtocolVersion::RESP2 { 2 } else { 3 };
                let found = (found.username(), found.password(), found.db(), protocol);
                assert_eq!(found, *expected, "{client}: {url}");
            }
            (Err(_), Err(named)) => assert!(refusal(url).contains(named), "{}", refusal(url)),
            (shown, _) => panic!("{client}: {url} gave {:?}", shown.map(drop)),
        }
    }
}

#[cfg(feature = "rustls")]
#[test]
fn certificates_are_read_or_their_file_is_named() {
    let here = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for (url, named) in [
        (
            "rediss://host?ssl_ca_certs=/nowhere/ca.pem".to_owned(),
            "/nowhere/ca.pem, cannot be read: No such file",
        ),
        (format!("rediss://host?ssl_ca_certs={here}"), "Cargo.toml, holds no CERTIFICATE"),
        ("redis://host?ssl_ca_certs=/nowhere/ca.pem".to_owned(), "rediss:// is TLS"),
        ("rediss://host?ssl_certfile=/nowhere/own.pem".to_owned(), "it takes both"),
    ] {
        assert!(refusal(&url).contains(named), "{}", refusal(&url));
    }
}

#[test]
fn tls_works_exactly_when_it_is_built_in() {
    assert_eq!(parse("rediss://host").is_ok(), cfg!(feature = "rustls"));
    let is_cluster_built_in = cfg!(all(feature = "rustls", feature = "cluster"));
    assert_eq!(parse("rediss+cluster://host").is_ok(), is_cluster_built_in);
}

#[cfg(not(feature = "cluster"))]
#[test]
fn cluster_left_out_names_its_feature() {
    assert!(refusal("redis+cluster://:hunter2@host").contains("feature `cluster`"));
}

#[cfg(not(feature = "sentinel"))]
#[test]
fn sentinel_left_out_names_its_feature() {
    assert!(refusal("redis+sentinel://:hunter2@host/service").contains("feature `sentinel`"));
}

#[cfg(feature = "cluster")]
mod cluster {
    use super::{Place, parse, refusal};

    #[test]
    fn hosts_share_the_log_in_and_have_a_port() {
        let Ok(Place::Cluster(nodes)) = parse("redis+cluster://u:p%40@a:7001,b,[::1]:7003,[::2]")
        else {
            panic!("it names a cluster")
        };
        let found: Vec<_> = nodes.iter().map(|node| node.addr().to_string()).collect();
        assert_eq!(found, ["a:7001", "b:6379", "::1:7003", "::2:6379"]);
        for node in &nodes {
            assert_eq!(node.redis_settings().username(), Some("u"));
            assert_eq!(node.redis_settings().password(), Some("p@"));
            assert!(node.tcp_settings().nodelay());
        }
    }

    #[test]
    fn bad_cluster_url_is_a_config_error() {
        for (url, named) in [
            ("redis+cluster://:hunter2@a/1", "no databases"),
            ("redis+cluster://:hunter2@a?paswort=x", "protocol"),
            ("redis+cluster://:hunter2@a,,b", "url"),
            ("redis+cluster://", "url"),
            ("redis+cluster://app#:hunter2@a", "%23"),
        ] {
            assert!(refusal(url).contains(named), "{url}");
        }
    }
}

#[cfg(feature = "sentinel")]
mod sentinel {
    use super::{Place, parse, refusal};
    use crate::address::Service;

    fn service(url: &str) -> Service {
        let Ok(Place::Sentinel(found)) = parse(url) else { panic!("{url} names sentinels") };
        found
    }

    #[test]
    fn servers_and_sentinels_have_log_ins_of_their_own() {
        let found = service(
            "redis+sentinel://u:p@a,b:2/my%20app/3?sentinel_user=s&sentinel_password=q%26r",
        );
        assert_eq!(found.name, "my app");
        let master = found.master.redis_settings();
        assert_eq!((master.username(), master.password(), master.db()), (Some("u"), Some("p"), 3));
        let hosts: Vec<_> = found.sentinels.iter().map(|info| info.addr().to_string()).collect();
        assert_eq!(hosts, ["a:26379", "b:2"]);
        for info in &found.sentinels {
            let own = info.redis_settings();
            assert_eq!((own.username(), own.password(), own.db()), (Some("s"), Some("q&r"), 0));
        }
        // As in the log-in, and as `base64` prints.
        let plus = service("redis+sentinel://:p+q@a/my+app?sentinel_password=p+q%2B/=");
        assert_eq!(plus.name, "my+app");
        assert_eq!(plus.master.redis_settings().password(), Some("p+q"));
        assert_eq!(plus.sentinels[0].redis_settings().password(), Some("p+q+/="));
        let plain = service("redis+sentinel://:p@a/svc/?protocol=resp2");
        assert_eq!(plain.master.redis_settings().password(), Some("p"));
        assert_eq!(plain.sentinels[0].redis_settings().password(), None);
    }

    #[test]
    fn bad_sentinel_url_is_a_config_error() {
        for (url, named) in [
            ("redis+sentinel://:hunter2@a", "service"),
            ("redis+sentinel://:hunter2@a//", "service"),
            ("redis+sentinel://:hunter2@a/svc/x", "url"),
            ("redis+sentinel://:hunter2@a/svc/0/1", "goes on"),
            ("redis+sentinel://a/svc?sentinel_pasword=hunter2", "sentinel_password"),
            ("redis+sentinel://:hunter2@a,,b/svc", "url"),
            ("redis+sentinel://app#:hunter2@a/svc", "%23"),
            ("redis+sentinel://a/svc?sentinel_user=hunter2", "sentinel_password"),
        ] {
            assert!(refusal(url).contains(named), "{url}");
        }
    }
}
