//! The store goes away, and comes back.

use super::browser::{Browser, Screen};
use super::people::sign_up;
use super::pictures::take;
use crate::program::Program;
use session_testkit::RedisServer;

#[test]
fn outage_has_a_page_and_signs_nobody_out() {
    e2e::run(async {
        let mut redis = RedisServer::durable().await.unwrap();
        let shop = Program::start(&redis.url());
        let (ann, stranger) = tokio::join!(
            Browser::start(&shop, Screen::Desktop),
            Browser::start(&shop, Screen::Phone),
        );
        sign_up(&ann, "Laptop").await;
        ann.open("/").await;
        ann.press("Add Sencha to the cart").await;
        let cookie = ann.cookie().await;

        redis.kill().unwrap();
        ann.open("/account").await;
        assert_eq!(ann.status().await, 503);
        ann.assert_says("One moment, please").await;
        assert_eq!(ann.cookie().await.value, cookie.value);
        take(&ann, "store-down").await;
        // Who has no session waits for no store.
        stranger.open("/").await;
        assert_eq!(stranger.status().await, 200);
        stranger.assert_says("Sign up").await;

        redis.restart().await.unwrap();
        ann.follow("Try again").await;
        assert_eq!((ann.status().await, ann.path().await.as_str()), (200, "/account"));
        ann.assert_says("ann@example.org").await;
        ann.follow("Cart 1 in it").await;
        ann.assert_says("Sencha").await;
        assert_eq!(ann.cookie().await.value, cookie.value);
    });
}
