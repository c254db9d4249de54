//! Who comes to the shop in tests.

use super::browser::Browser;
use crate::support::PASSWORD;

pub(super) const EMAIL: &str = "ann@example.org";

/// Makes Ann's account, which signs her in until the browser is closed.
pub(super) async fn sign_up(browser: &Browser, device: &str) {
    browser.open("/sign-up").await;
    browser.fill("Name", "Ann").await;
    browser.fill("Email address", EMAIL).await;
    browser.fill("Password", PASSWORD).await;
    browser.fill("Name of this device", device).await;
    browser.press("Make the account").await;
    browser.assert_says("Welcome, Ann. Your account is ready.").await;
}

/// Signs Ann in, to be remembered.
pub(super) async fn sign_in(browser: &Browser, device: &str) {
    browser.open("/sign-in").await;
    browser.fill("Email address", EMAIL).await;
    browser.fill("Password", PASSWORD).await;
    browser.fill("Name of this device", device).await;
    browser.tick("Remember me here").await;
    browser.press("Sign in").await;
    browser.assert_says("Welcome back, Ann.").await;
}
