//! What reads the store page by page.

use crate::common::{SECRET, Site, Stored, command, id, run_with, session, shop, snapshot};
use web_session::{IdHash, IdSyntax, SessionId};

fn without_an_index(mut site: Site) -> Site {
    site.set("SESSION_OWNER_INDEX", "false");
    site
}

#[tokio::test]
async fn stats_count_everything_once() {
    let site = shop().await;
    let stats = site.run(&["stats"]).keeps_secrets();
    snapshot("stats", &stats.shown(&site));
    let json = site.run(&["stats", "--json"]).keeps_secrets().json();
    assert_eq!(json["live"], 5);
    assert_eq!(json["undecodable"], 1);
    assert_eq!(json["owners"][0], serde_json::json!({ "owner": "ann", "sessions": 2 }));
    let sample = site.run(&["stats", "--sample", "2"]);
    snapshot("stats-sample", &sample.shown(&site));
    assert_eq!(site.run(&["stats", "--sample", "5", "--json"]).json()["is_sample"], false);
}

#[tokio::test]
async fn list_finds_the_same_sessions_with_and_without_the_index() {
    let site = shop().await;
    let indexed = site.run(&["list", "--owner", "ann"]).keeps_secrets();
    snapshot("list-owner", &indexed.shown(&site));
    let all = site.run(&["list", "--all", "--json"]).keeps_secrets();
    assert_eq!(all.stdout.lines().count(), 5);
    for line in all.stdout.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["handle"].as_str().unwrap().len(), 32);
    }
    let few = site.run(&["list", "--all", "--limit", "2", "--json"]);
    assert_eq!(few.stdout.lines().count(), 2);
    let site = without_an_index(site);
    let scanned = site.run(&["list", "--owner", "ann"]).keeps_secrets();
    assert!(scanned.stderr.contains("all sessions are read"), "{}", scanned.stderr);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&scanned.stdout), sorted(&indexed.stdout));
}

#[tokio::test]
async fn inspect_masks_values_unless_told_otherwise() {
    let site = shop().await;
    let listed = site.run(&["list", "--owner", "bob", "--json"]).json();
    let handle = listed["handle"].as_str().unwrap();
    let masked = site.run(&["inspect", handle]).keeps_secrets();
    snapshot("inspect", &masked.shown(&site));
    let indexed = site.run(&["inspect", handle, "--owner", "bob"]);
    assert_eq!(indexed.stdout, masked.stdout);
    assert_eq!(site.run(&["inspect", handle, "--owner", "ann"]).code, Some(1));
    let shown = site.run(&["inspect", handle, "--show-values", "--json"]).json();
    let token = shown["entries"].as_array().unwrap().iter().find(|entry| entry["key"] == "token");
    assert_eq!(token.unwrap()["value"], SECRET);
}

#[tokio::test]
async fn id_of_a_cookie_is_read_from_standard_input() {
    let site = shop().await;
    let by_argument = site.run(&["inspect", &id(3)]).keeps_secrets();
    assert_eq!(by_argument.code, Some(0), "{}", by_argument.stderr);
    let cookie = format!("{}.signature\n", id(3));
    let by_input = run_with(&mut site.command(&["inspect", "-"]), &cookie).keeps_secrets();
    assert_eq!(by_input.stdout, by_argument.stdout);
    // The setting says under which keys its record may be.
    let mut site = Site::sqlite();
    site.set("SESSION_HASH_IDS", "true");
    let hashed = SessionId::parse(id(7).as_bytes(), IdSyntax::Base64Url).unwrap();
    let hashed = hashed.to_key("", IdHash::Sha256).as_str().to_owned();
    let store = site.store().await;
    site.put(store.as_ref(), &Stored { name: hashed, ..session(7, Some("eve")) }).await;
    assert_eq!(site.run(&["inspect", &id(7), "--json"]).json()["owner"], "eve");
}

#[tokio::test]
async fn revoke_ends_what_is_meant_and_nothing_else() {
    for has_index in [true, false] {
        let site = shop().await;
        let site = if has_index { site } else { without_an_index(site) };
        let refused = site.run(&["revoke", "--owner", "ann"]);
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        assert_eq!(site.all().await.len(), 5, "nobody was asked");

        let listed = site.run(&["list", "--owner", "ann", "--limit", "1", "--json"]).json();
        let handle = listed["handle"].as_str().unwrap();
        let others = site.run(&["revoke", handle, "--owner", "bob", "--yes", "--json"]);
        assert_eq!((others.code, others.json()["ended"].as_u64()), (Some(1), Some(0)));
        let one = site.run(&["revoke", handle, "--owner", "ann", "--yes"]).keeps_secrets();
        assert_eq!((one.code, &*one.stdout), (Some(0), "ended 1 session\n"));
        let rest = site.run(&["revoke", "--owner", "ann", "--yes", "--json"]);
        assert_eq!(rest.json()["ended"], 1);
        let left: Vec<String> = site.all().await.into_keys().collect();
        assert_eq!(left, [id(3), id(4), id(5)], "index: {has_index}");

        let all = site.run(&["revoke", "--all", "--yes"]).keeps_secrets();
        assert_eq!((all.code, &*all.stdout), (Some(0), "ended 3 sessions\n"));
        assert!(site.all().await.is_empty());
    }
}

#[tokio::test]
async fn another_applications_sessions_are_not_touched() {
    let mut site = shop().await;
    site.set("SESSION_KEY_PREFIX", "other:");
    assert_eq!(site.run(&["stats", "--json"]).json()["live"], 0);
    assert_eq!(site.run(&["revoke", "--all", "--yes", "--json"]).json()["ended"], 0);
    site.set("SESSION_KEY_PREFIX", "session:");
    assert_eq!(site.all().await.len(), 5);
    let of_prefix = site.run(&["stats", "--prefix", "other:", "--json"]).json();
    assert_eq!((&of_prefix["live"], &of_prefix["prefix"]), (&0.into(), &"other:".into()));
}

#[tokio::test]
async fn env_file_is_all_that_is_read() {
    let site = shop().await;
    let file = site.file();
    let mut other = command(&["stats", "--env-file", &file, "--json"]);
    other.env("SESSION_KEY_PREFIX", "other:");
    assert_eq!(run_with(&mut other, "").json()["live"], 5);
}
