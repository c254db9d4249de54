//! One person, two browsers.

use super::browser::{Browser, Screen};
use super::people::{EMAIL, sign_in, sign_up};
use super::pictures::take;
use crate::program::Program;

#[test]
fn one_browser_signs_the_other_out() {
    e2e::run(async {
        let shop = Program::as_it_comes();
        let (laptop, phone) = tokio::join!(
            Browser::start(&shop, Screen::Desktop),
            Browser::start(&shop, Screen::Phone),
        );
        sign_up(&laptop, "Work laptop").await;
        sign_in(&phone, "My phone").await;
        phone.follow("Ann").await;
        phone.assert_says("ann@example.org").await;

        shop.browser().sign_in(EMAIL, &[("device", "Living-room tablet")]).await;
        laptop.open("/account").await;
        take(&laptop, "devices").await;
        laptop.press("Sign out of My phone").await;
        laptop.assert_says("That device is signed out.").await;
        laptop.assert_says("Living-room tablet").await;
        laptop.assert_keeps_quiet_of("My phone").await;

        // Nobody has told the phone: it learns of it at its next click.
        phone.assert_says("ann@example.org").await;
        phone.follow("Ann").await;
        assert_eq!(phone.path().await, "/sign-in");
        phone.assert_says("Please sign in first.").await;
        laptop.follow("Ann").await;
        laptop.assert_says("ann@example.org").await;
    });
}
