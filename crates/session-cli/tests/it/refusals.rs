//! What is wrong, what is said of it, and by which code it ends.

use crate::common::{Site, run, session, snapshot};
use std::net::TcpListener;

/// A port of this machine where nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn arguments_and_settings_that_will_not_do_are_code_2() {
    let nobody = Site::sqlite();
    assert_eq!(nobody.run(&["init"]).code, Some(0));
    let sqlite = nobody.vars["SESSION_SQLALCHEMY"].clone();
    let missing = nobody.folder().join("missing.env").display().to_string();
    let memory = nobody.folder().join("memory.env").display().to_string();
    std::fs::write(&memory, "SESSION_TYPE=memory\n").unwrap();
    let cases: [(&str, &[&str]); 11] = [
        ("no-store", &["stats"]),
        ("wrong-scheme", &["stats", "--store", "http://user:hunter2@host"]),
        ("no-file", &["stats", "--env-file", &missing]),
        ("memory", &["stats", "--env-file", &memory]),
        ("malformed-url", &["stats", "--store", "redis://u:hunter2@host:port"]),
        ("no-list", &["list", "--store", &sqlite]),
        ("no-handle", &["inspect", "hunter2", "--store", &sqlite]),
        ("no-terminal", &["revoke", "--all", "--store", &sqlite]),
        ("copy-to-itself", &["copy", "--from", &sqlite, "--to", &sqlite]),
        ("copy-of-a-store", &["copy", "--from", &sqlite, "--to", &sqlite, "--store", &sqlite]),
        ("no-unit", &["sweep", "--watch", "--every", "10", "--store", &sqlite]),
    ];
    for (name, args) in cases {
        let run = run(args);
        assert_eq!(run.code, Some(2), "{name}: {}", run.stderr);
        assert!(!run.stderr.contains("hunter2"), "{name}: {}", run.stderr);
        snapshot(&format!("refusal-{name}"), &run.shown(&nobody));
    }
}

#[test]
fn name_that_is_nearly_a_setting_is_code_2() {
    let mut site = Site::sqlite();
    site.set("SESSION_TPYE", "redis");
    let run = site.run(&["stats"]);
    assert_eq!(run.code, Some(2));
    snapshot("refusal-mistyped", &run.shown(&site));
}

#[test]
fn store_that_cannot_be_reached_is_code_3() {
    let port = closed_port();
    let site = Site::sqlite();
    for (name, url) in [
        ("redis", format!("redis://:hunter2@127.0.0.1:{port}")),
        ("postgres", format!("postgres://app:hunter2@127.0.0.1:{port}/shop")),
        ("directory", format!("file://{}/missing", site.folder().display())),
    ] {
        let run = run(&["stats", "--store", &url]);
        assert_eq!(run.code, Some(3), "{name}: {}", run.stderr);
        assert!(!run.stderr.contains("hunter2"), "{}", run.stderr);
        let shown = run.shown(&site).replace(&port.to_string(), "PORT");
        snapshot(&format!("unreachable-{name}"), &shown);
    }
    assert!(!site.folder().join("missing").exists(), "looking makes no directory");
}

#[test]
fn memcached_says_that_it_cannot_list() {
    let server = std::env::var("SESSION_TEST_MEMCACHED").unwrap();
    let run = run(&["stats", "--store", &format!("memcached://{server}")]);
    assert_eq!(run.code, Some(2));
    let site = Site::sqlite();
    snapshot("refusal-memcached", &run.shown(&site).replace(&server, "SERVER"));
}

#[tokio::test]
async fn handle_that_nobody_has_is_code_1() {
    let site = Site::sqlite();
    let store = site.store().await;
    site.put(store.as_ref(), &session(1, Some("ann"))).await;
    let handle = "0123456789abcdef0123456789abcdef";
    let inspected = site.run(&["inspect", handle, "--owner", "ann"]);
    assert_eq!(inspected.code, Some(1));
    snapshot("unknown-inspect", &inspected.shown(&site));
    let revoked = site.run(&["revoke", handle, "--owner", "ann", "--yes"]);
    assert_eq!(revoked.code, Some(1));
    snapshot("unknown-revoke", &revoked.shown(&site));
}
