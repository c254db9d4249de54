//! Copies from store to store.

use crate::common::{SECRET, Site, Stored, id, session, snapshot};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use web_session::{IdHash, IdSyntax, Record, SessionId};

const TOLERANCE: Duration = Duration::from_secs(2);

/// Stores `count` sessions of ten owners, in formats of all kinds.
async fn fill(site: &Site, count: u32) -> Instant {
    let store = site.store().await;
    for number in 0..count {
        let owner = format!("user-{}", number % 10);
        let mut session = session(number, (number % 3 > 0).then_some(&owner));
        session.ttl = Duration::from_secs(3_600 + u64::from(number));
        if number % 50 == 7 {
            session.payload = SECRET.as_bytes().to_vec();
            session.owner = None;
        }
        site.put(store.as_ref(), &session).await;
    }
    Instant::now()
}

/// Payloads are the same byte for byte, and what is left of lives, since the one was read.
#[track_caller]
fn assert_same(from: &BTreeMap<String, Record>, read_at: Instant, to: &BTreeMap<String, Record>) {
    assert!(from.keys().eq(to.keys()), "{} and {} sessions", from.len(), to.len());
    let gone = read_at.elapsed();
    for (name, record) in from {
        let copy = &to[name];
        assert!(copy.payload == record.payload, "payload of {name}");
        let off = copy.ttl.abs_diff(record.ttl.saturating_sub(gone));
        assert!(off <= TOLERANCE, "{name} is off by {off:?}");
    }
}

#[tokio::test]
async fn sessions_go_from_store_to_store_with_values_and_lives() {
    let sites = [
        Site::files(),
        Site::postgres(),
        Site::mongodb(),
        Site::dynamodb(),
        Site::redis(),
        Site::sqlite(),
    ];
    fill(&sites[0], 300).await;
    let (first, read_at) = (sites[0].all().await, Instant::now());
    for pair in sites.windows(2) {
        let [from, to] = pair else { unreachable!("they are two") };
        let args = ["copy", "--from", &from.file(), "--to", &to.file(), "--to-prefix", to.prefix()];
        let copied = from.run(&[&args[..], &["--json"]].concat()).keeps_secrets();
        assert_eq!(copied.code, Some(0), "{} {}", copied.stdout, copied.stderr);
        let json = copied.json();
        assert_eq!((&json["copied"], &json["undecodable"]), (&300.into(), &6.into()));
        assert_same(&first, read_at, &to.all().await);
        let again = from.run(&[&args[..], &["--json"]].concat()).json();
        assert_eq!((&again["copied"], &again["already_there"]), (&0.into(), &300.into()));
    }
    // Owners were read from the payloads.
    let listed = sites[5].run(&["list", "--owner", "user-1", "--json"]).keeps_secrets();
    assert!(!listed.stderr.contains("all sessions are read"));
    let expected = first.values().filter(|record| {
        let text = String::from_utf8_lossy(&record.payload);
        text.contains("\"_user_id\":\"user-1\"")
    });
    assert_eq!(listed.stdout.lines().count(), expected.count());
}

#[tokio::test]
async fn what_is_there_already_stays() {
    let (from, to) = (Site::sqlite(), Site::sqlite());
    fill(&from, 3).await;
    let theirs = Stored { payload: b"{\"theirs\":1}".to_vec(), ..session(1, None) };
    to.put(to.store().await.as_ref(), &theirs).await;
    let copied = from.run(&["copy", "--from", &from.file(), "--to", &to.file()]).keeps_secrets();
    assert_eq!(copied.code, Some(1));
    let shown = copied.shown(&from).replace(&to.folder().display().to_string(), "TO");
    snapshot("copy-different", &shown);
    assert_eq!(to.all().await[&id(1)].payload, theirs.payload);
}

#[tokio::test]
async fn formats_and_keys_change_if_asked_for() {
    let (from, mut to) = (Site::sqlite(), Site::sqlite());
    fill(&from, 20).await;
    to.set("SESSION_HASH_IDS", "true");
    let (from_file, to_file) = (from.file(), to.file());
    let args =
        ["copy", "--from", &from_file, "--to", &to_file, "--hash-ids", "--format", "msgpack"];
    let copied = from.run(&args).keeps_secrets();
    assert_eq!(copied.code, Some(0), "{} {}", copied.stdout, copied.stderr);
    let there = to.all().await;
    assert_eq!(there.len(), 20);
    for number in 0..20 {
        let parsed = SessionId::parse(id(number).as_bytes(), IdSyntax::Base64Url).unwrap();
        assert!(there.contains_key(parsed.to_key("", IdHash::Sha256).as_str()), "{number}");
        let shown = to.run(&["inspect", &id(number), "--show-values", "--json"]).json();
        if number % 50 == 7 {
            assert_eq!(shown["is_undecodable"], true);
            continue;
        }
        assert_eq!(shown["format"], "msgpack");
        let entries = shown["entries"].as_array().unwrap();
        let n = entries.iter().find(|entry| entry["key"] == "n").unwrap();
        assert_eq!(n["value"], number);
    }
}

#[tokio::test]
async fn memcached_is_a_target_alone() {
    let from = Site::sqlite();
    let mut to = Site::server("memcached", "SESSION_MEMCACHED", "SESSION_TEST_MEMCACHED");
    to.set("SESSION_OWNER_INDEX", "false");
    fill(&from, 5).await;
    let (from_file, to_file) = (from.file(), to.file());
    let copied =
        from.run(&["copy", "--from", &from_file, "--to", &to_file, "--json"]).keeps_secrets();
    assert_eq!(copied.json()["copied"], 5, "{}", copied.stderr);
    let back = from.run(&["copy", "--from", &to_file, "--to", &from_file]);
    assert_eq!(back.code, Some(2), "{}", back.stderr);
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_stops_between_pages_and_says_what_was_done() {
    let (from, to) = (Site::files(), Site::sqlite());
    fill(&from, 1_500).await;
    let (from_file, to_file) = (from.file(), to.file());
    let args = ["copy", "--from", &from_file, "--to", &to_file, "--width", "1", "--json"];
    let mut child = from
        .command(&args)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while to.all().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap();
    assert!(sent.success() && child.try_wait().is_ok());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["is_stopped"], true);
    let copied = usize::try_from(report["copied"].as_u64().unwrap()).unwrap();
    assert!(copied < 1_500 && copied == to.all().await.len(), "{copied}");
}
