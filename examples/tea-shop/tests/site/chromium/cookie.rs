//! The cookie of the site, as the browser itself has it: what a `Set-Cookie` field says counts only
//! where the browser agrees.

use super::browser::{Browser, Cookie, Screen};
use super::people::{sign_in, sign_up};
use crate::program::Program;
use std::time::{SystemTime, UNIX_EPOCH};

#[test]
fn cookie_is_hardened_in_the_browser_too() {
    e2e::run(async {
        let shop = Program::as_it_comes();
        let browser = Browser::start(&shop, Screen::Desktop).await;
        browser.open("/").await;
        assert!(browser.cookies().await.is_empty(), "somebody who only looks has no cookie");
        browser.press("Add Sencha to the cart").await;
        let cookie = browser.cookie().await;
        assert_is_hardened(&cookie);

        // Scripts of the page neither see it nor write over it.
        let planted = format!("document.cookie = '{}=planted; path=/; secure'", cookie.name);
        browser.ask::<()>(&planted).await;
        assert_eq!(browser.ask::<String>("return document.cookie").await, "");
        assert_eq!(browser.cookie().await.value, cookie.value);
    });
}

#[test]
fn sign_in_has_another_id_and_is_kept_as_asked() {
    e2e::run(async {
        let shop = Program::as_it_comes();
        let browser = Browser::start(&shop, Screen::Desktop).await;
        browser.open("/").await;
        browser.press("Add Sencha to the cart").await;
        let as_a_stranger = browser.cookie().await;

        sign_up(&browser, "Laptop").await;
        let unremembered = browser.cookie().await;
        assert_is_hardened(&unremembered);
        assert_ne!(unremembered.value, as_a_stranger.value);
        assert!(unremembered.expires < 0.0, "it ends with the browser: {}", unremembered.expires);

        browser.press("Sign out").await;
        sign_in(&browser, "Laptop").await;
        let remembered = browser.cookie().await;
        assert_is_hardened(&remembered);
        assert_ne!(remembered.value, unremembered.value);
        let days = (remembered.expires - now()) / 86_400.0;
        assert!((29.9..=30.0).contains(&days), "{days} days");
    });
}

fn assert_is_hardened(cookie: &Cookie) {
    assert_eq!(cookie.name, "__Host-session");
    assert!(cookie.http_only && cookie.secure);
    assert_eq!(cookie.same_site.as_deref(), Some("Lax"));
    // With a dot before it, the cookie would be for subdomains, too.
    assert_eq!((cookie.domain.as_str(), cookie.path.as_str()), ("localhost", "/"));
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}
