//! A counter with a login on axum_session, then on this library.

mod after;
mod before;
mod settings;

use crate::browser::Browser;
use axum::Router;

/// What both answer.
async fn does_the_same(app: Router) {
    let mut ann = Browser::default();
    assert_eq!(ann.get(&app, "/").await, "nobody, visit 1");
    assert_eq!(ann.get(&app, "/").await, "nobody, visit 2");
    let before = ann.cookies();
    ann.get(&app, "/login").await;
    assert_ne!(ann.cookies(), before, "a login changes the id");
    assert_eq!(ann.get(&app, "/").await, "ann, visit 3");
    assert_eq!(ann.get(&app, "/note").await, "tea");
    assert_eq!(ann.get(&app, "/empty").await, "no note");
    assert_eq!(ann.get(&app, "/").await, "nobody, visit 1");
    ann.get(&app, "/login").await;
    ann.get(&app, "/logout").await;
    assert_eq!(ann.get(&app, "/").await, "nobody, visit 1");
}

#[tokio::test]
async fn before() {
    does_the_same(before::app().await).await;
}

#[tokio::test]
async fn after() {
    does_the_same(after::app().await).await;
}
