//! What the user of the URL must be allowed: found out when the store is opened, named when refused.

use mongodb::bson::{Document, doc};
use session_core::store::Call;

/// The action, by MongoDB's name, that a call needs on the collection.
pub(crate) fn action(call: Call) -> &'static str {
    match call {
        Call::Connect | Call::Inspect => "listIndexes",
        Call::Init => "createIndex",
        Call::Load | Call::List | Call::Scan => "find",
        Call::Create => "insert",
        Call::Update | Call::Touch => "update",
        Call::Delete => "remove",
        _ => "find and remove",
    }
}

/// What is wrong, and what to do; `actions` is one or several.
pub(crate) fn denied(actions: &str, collection: &str) -> String {
    format!(
        "the user may not do that: {collection} needs the action {actions}; grant it, as the role \
         readWrite on the database does"
    )
}

/// Commands that do nothing, and the actions that a server lets nobody without do even so. There
/// is none for `insert`.
pub(crate) fn probes(collection: &str) -> [(&'static str, Document); 3] {
    let none = doc! { "_id": { "$in": [] } };
    [
        ("find", doc! { "find": collection, "filter": none.clone(), "limit": 1 }),
        (
            "update",
            doc! {
                "update": collection,
                "updates": [{ "q": none.clone(), "u": { "$set": { "val": null } } }],
            },
        ),
        ("remove", doc! { "delete": collection, "deletes": [{ "q": none, "limit": 1 }] }),
    ]
}
