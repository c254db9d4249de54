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
