//! Users that may not do all that a store does.

use crate::common::{Place, create, key};
use mongodb::bson::doc;
use session_core::ErrorKind;
use session_mongodb::MongoStore;
use session_testkit::MongoServer;

#[tokio::test]
async fn missing_rights_are_named_when_the_store_is_opened() {
    let mut server = MongoServer::start().await.unwrap();
    let database = Place::on(&server).client().await.database("session_tests");
    database.create_collection("ours").await.unwrap();
    let calls = ["find", "insert", "update", "remove", "listIndexes"];
    database
        .run_command(doc! {
            "createRole": "calls",
            "privileges": [{
                "resource": { "db": "session_tests", "collection": "" },
                "actions": calls.to_vec(),
            }],
            "roles": [],
        })
        .await
        .unwrap();
    for (user, role) in [
        ("writer", Some("readWrite")),
        ("reader", Some("read")),
        ("caller", Some("calls")),
        ("nobody", None),
    ] {
        let roles: Vec<_> = role.into_iter().collect();
        let create = doc! { "createUser": user, "pwd": "hunter2", "roles": roles };
        database.run_command(create).await.unwrap();
    }
    server.program().require_log_in();
    server.kill().unwrap();
    server.restart().await.unwrap();

    let place = |user: &str, name: &str| {
        let login = format!("mongodb://{user}:hunter2@");
        let url = server.url().replacen("mongodb://", &login, 1) + "&authSource=session_tests";
        Place { url, name: name.to_owned() }
    };
    for (user, actions) in [("reader", "update, remove"), ("nobody", "listIndexes")] {
        let error = MongoStore::connect(place(user, "ours").patient()).await.unwrap_err();
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
        let named = format!("`session_tests.ours` needs the action {actions};");
        assert!(error.to_string().contains(&named), "{user}: {error}");
        assert!(error.to_string().contains("readWrite"), "{error}");
    }
    let caller = MongoStore::connect(place("caller", "ours").patient()).await.unwrap();
    let error = caller.init().await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false));
    assert!(
        error.to_string().contains("`session_tests.ours` needs the action createIndex;"),
        "{error}"
    );

    // Once another user has made the indexes, the calls are all it needs.
    create(&place("writer", "ours").store().await, &key("a"), "x").await;
    caller.init().await.unwrap();
    create(&caller, &key("b"), "x").await;
}
