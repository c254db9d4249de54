//! Tables, indexes, and what has expired.

use crate::common::{Site, Stored, session, shop, snapshot};
use std::time::Duration;
use web_session::StoreKey;

#[test]
fn init_says_what_it_makes_and_dry_makes_nothing() {
    let site = Site::sqlite();
    let dry = site.run(&["init", "--dry-run"]);
    assert_eq!(site.run(&["stats"]).code, Some(3));
    let file = site.folder().join("sessions.db");
    assert!(!file.exists(), "looking makes no file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(site.run(&["init", "--dry-run"]).stdout, dry.stdout, "an empty file lacks the same");
    std::fs::remove_file(&file).unwrap();
    snapshot("init-dry-run", &dry.shown(&site));
    let again = site.run(&["init", "--dry-run"]);
    assert_eq!(dry.stdout, again.stdout, "nothing was made");
    snapshot("init", &site.run(&["init"]).shown(&site));
    let done = site.run(&["init", "--json"]);
    assert_eq!(done.json()["steps"], serde_json::json!([]));
    snapshot("init-again", &site.run(&["init"]).shown(&site));
}

#[test]
fn init_of_documents_and_items_says_its_requests_once() {
    let fresh = format!("cli_{:016x}", rand::random::<u64>());
    let mut mongodb = Site::server("mongodb", "SESSION_MONGODB", "SESSION_TEST_MONGODB");
    mongodb.set("SESSION_MONGODB_COLLECT", &fresh);
    let mut dynamodb = Site::server("dynamodb", "SESSION_DYNAMODB", "SESSION_TEST_DYNAMODB");
    for (name, value) in [
        ("SESSION_DYNAMODB_TABLE", &*fresh),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ] {
        dynamodb.set(name, value);
    }
    for (site, count) in [(mongodb, 3), (dynamodb, 2)] {
        let steps = |args: &[&str]| {
            let run = site.run(args);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            run.json()["steps"].as_array().unwrap().clone()
        };
        let dry = steps(&["init", "--dry-run", "--json"]);
        assert_eq!(dry.len(), count, "{dry:?}");
        assert_eq!(steps(&["init", "--json"]), dry, "dry, nothing was made");
        assert_eq!(steps(&["init", "--dry-run", "--json"]), [] as [serde_json::Value; 0]);
    }
}

#[test]
fn commands_that_look_make_no_table() {
    let site = Site::postgres();
    let looked = site.run(&["sweep"]);
    assert_ne!(looked.code, Some(0));
    let steps = site.run(&["init", "--dry-run", "--json"]).json();
    assert!(steps["steps"][0].as_str().unwrap().starts_with("CREATE TABLE"), "{steps}");
}

#[tokio::test]
async fn sweep_counts_what_it_removes() {
    let site = shop().await;
    let store = site.store().await;
    let short = Stored { ttl: Duration::from_millis(1), ..session(6, None) };
    site.put(store.as_ref(), &short).await;
    let key = StoreKey::new(site.prefix(), &short.name);
    while store.load(&key).await.unwrap().is_some() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let swept = site.run(&["sweep", "--json"]).keeps_secrets();
    assert_eq!((swept.code, swept.json()["removed"].as_u64()), (Some(0), Some(1)));
    let again = site.run(&["sweep"]);
    assert!(again.stdout.starts_with("removed 0 sessions in "), "{}", again.stdout);
}
