//! What a handler is told, and its visitor.

use web_session::Opened;

async fn opened(kind: &str) -> Opened {
    let settings = [("SESSION_TYPE", kind)].into_iter().collect();
    web_session::manager(&settings).await.unwrap().create()
}

#[tokio::test]
async fn value_of_another_type_names_the_key() {
    let session = opened("memory").await;
    session.insert("visits", 3).unwrap();
    let said = format!("{:?}", session.get::<String>("visits").unwrap_err());
    assert_eq!(
        said,
        "decode a stored value as alloc::string::String: it has another shape (the value of \
         `visits`: if its type has changed since it was stored, `forget` it or take another key)"
    );
}

#[tokio::test]
async fn session_that_cannot_be_kept_names_the_setting() {
    let session = opened("null").await;
    session.insert("visits", 3).unwrap();
    let said = format!("{:?}", session.commit().await.unwrap_err());
    assert_eq!(
        said,
        "write a session while SESSION_TYPE is null: set it to redis, memcached, filesystem, \
         mongodb, sqlalchemy, dynamodb or memory"
    );
}

#[cfg(feature = "tower")]
#[test]
fn route_without_a_layer_names_the_line_to_add() {
    let said = format!("{:?}", web_session::Error::no_layer());
    assert!(said.contains("add `.layer(SessionLayer::new(manager))` behind the route"), "{said}");
}
