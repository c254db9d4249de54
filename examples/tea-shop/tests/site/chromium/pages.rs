//! Pages at the width of a desk and of a pocket.

use super::browser::{Browser, Screen};
use super::people::{EMAIL, sign_in, sign_up};
use crate::program::Program;
use crate::support::PASSWORD;
use std::path::Path;

const PICTURES: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/pages");
const PAGES: [&str; 7] =
    ["/", "/cart", "/checkout", "/account", "/sign-in", "/sign-up", "/nothing"];

#[test]
fn pages_fit_a_desktop() {
    e2e::run(fit(Screen::Desktop));
}

#[test]
fn pages_fit_a_phone() {
    e2e::run(fit(Screen::Phone));
}

/// Visits every page, signed in and not. What is shown is left in `target/tmp/pages` to look at.
async fn fit(screen: Screen) {
    let shop = Program::as_it_comes();
    let (browser, other) =
        tokio::join!(Browser::start(&shop, screen), Browser::start(&shop, Screen::Desktop));
    look(&browser, screen, "stranger").await;

    // The longest that forms take, without a place to break.
    browser.open("/sign-up").await;
    browser.fill("Name", &"W".repeat(60)).await;
    browser.fill("Email address", &format!("{}@example.org", "w".repeat(60))).await;
    browser.fill("Password", PASSWORD).await;
    browser.fill("Name of this device", &"M".repeat(40)).await;
    browser.press("Make the account").await;
    assert_fits(&browser, screen, "long-names").await;
    browser.press("Sign out").await;

    sign_up(&browser, "Laptop").await;
    sign_in(&other, &"M".repeat(40)).await;
    for tea in ["Sencha", "Assam Golden Tip"] {
        browser.open("/").await;
        browser.press(&format!("Add {tea} to the cart")).await;
    }
    look(&browser, screen, "ann").await;
    browser.open("/").await;
    browser.press("Sign out").await;
    browser.open("/sign-in").await;
    browser.fill("Email address", EMAIL).await;
    browser.fill("Password", "a wrong password").await;
    browser.press("Sign in").await;
    browser.assert_says("do not go together").await;
    assert_fits(&browser, screen, "refused").await;
}

async fn look(browser: &Browser, screen: Screen, who: &str) {
    for page in PAGES {
        browser.open(page).await;
        assert_fits(browser, screen, &format!("{who}{}", page.replace('/', "-"))).await;
    }
}

async fn assert_fits(browser: &Browser, screen: Screen, name: &str) {
    let file = format!("{screen:?}-{name}.png").to_lowercase();
    std::fs::create_dir_all(PICTURES).unwrap();
    std::fs::write(Path::new(PICTURES).join(file), browser.screenshot().await).unwrap();
    let wide = browser.overflow().await;
    assert!(wide.is_empty(), "{screen:?} {name} is too wide because of {wide:#?}");
}
