//! What a person does in a browser, and what they see.

use super::process::{Chromium, Driver, chromium, driver};
use crate::program::Program;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use session_testkit::ChildServer;
use std::time::Duration;
use thirtyfour::{By, ChromiumLikeCapabilities as _, DesiredCapabilities, WebDriver, WebElement};

/// A page of this machine is there long before that, however busy it is.
const LIMIT: Duration = Duration::from_secs(30);

/// Whether the page is one that has come since, and is whole.
const HAS_ARRIVED: &str = "return document.readyState === 'complete' && !window.isLeft";

/// What is wider than the window, or than the box it is in.
const OVERFLOW: &str = "
    const page = document.documentElement;
    const overflows = element => element === page
        ? page.scrollWidth > page.clientWidth
        : element.clientWidth > 0 && element.scrollWidth > element.clientWidth + 1
            && getComputedStyle(element).overflowX === 'visible';
    return [page, ...page.querySelectorAll('body *')].filter(overflows).map(e => e.outerHTML);";

/// What somebody looks at the site with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screen {
    Desktop,
    Phone,
}

/// The colours that somebody likes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scheme {
    Light,
    Dark,
}

/// A cookie, as the DevTools protocol tells of it (`Network.Cookie`).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Cookie {
    pub(super) name: String,
    pub(super) value: String,
    /// It begins with a dot unless the cookie is for the host alone.
    pub(super) domain: String,
    pub(super) path: String,
    /// Seconds since 1970; -1 if the cookie ends with the browser.
    pub(super) expires: f64,
    pub(super) http_only: bool,
    pub(super) secure: bool,
    pub(super) same_site: Option<String>,
}

/// Somebody's browser, showing one page of the site.
#[derive(Debug)]
pub(crate) struct Browser {
    // Dropped in this order.
    tab: WebDriver,
    _driver: ChildServer<Driver>,
    _chromium: ChildServer<Chromium>,
    site: String,
}

impl Browser {
    /// Starts a browser that was never used before, in front of the site.
    pub(super) async fn start(site: &Program, screen: Screen) -> Self {
        let (chromium, driver) = tokio::join!(chromium(), driver());
        let mut wanted = DesiredCapabilities::chrome();
        wanted.set_debugger_address(&chromium.url()).unwrap();
        let tab = WebDriver::new(driver.url(), wanted).await.unwrap();
        // Ending the processes ends the session, and does not wait for either.
        tab.clone().leak().unwrap();
        let browser = Self { tab, _driver: driver, _chromium: chromium, site: site.url() };
        browser.sit_at(screen).await;
        browser
    }

    pub(super) async fn sit_at(&self, screen: Screen) {
        let metrics = match screen {
            Screen::Desktop => json!({"width": 1280, "height": 800, "mobile": false}),
            Screen::Phone => json!({"width": 360, "height": 740, "mobile": true}),
        };
        self.resize(metrics, 1).await;
        if screen == Screen::Phone {
            let agent = "Mozilla/5.0 (Linux; Android 16) Chrome/150.0.0.0 Mobile Safari/537.36";
            self.devtools("Emulation.setUserAgentOverride", json!({"userAgent": agent})).await;
        }
    }

    async fn resize(&self, mut metrics: Value, scale: u32) {
        metrics["deviceScaleFactor"] = scale.into();
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    async fn prefer(&self, scheme: Scheme) {
        let value = match scheme {
            Scheme::Light => "light",
            Scheme::Dark => "dark",
        };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
    }

    /// Types an address in.
    pub(super) async fn open(&self, path: &str) {
        self.tab.goto(format!("{}{path}", self.site)).await.unwrap();
    }

    /// Clicks the button of this name, and waits for the page it leads to.
    pub(super) async fn press(&self, name: &str) {
        self.click("button", name).await;
    }

    /// Clicks the link of this name, and waits for the page it leads to.
    pub(super) async fn follow(&self, name: &str) {
        self.click("a", name).await;
    }

    async fn click(&self, element: &str, name: &str) {
        let named =
            format!("@aria-label=\"{name}\" or not(@aria-label) and normalize-space(.)=\"{name}\"");
        let target = self.find(By::XPath(format!("//{element}[{named}]"))).await;
        // It goes with the page, however soon the next one comes.
        self.ask::<()>("window.isLeft = true").await;
        target.click().await.unwrap();
        e2e::within(LIMIT, &format!("the page after {name:?}"), async || {
            let asked = self.tab.execute(HAS_ARRIVED, []).await;
            asked.is_ok_and(|answer| answer.json() == true)
        })
        .await;
    }

    /// Writes into the field with this label, in place of what it says.
    pub(super) async fn fill(&self, label: &str, text: &str) {
        let field = self.field(label).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// Ticks the box with this label.
    pub(super) async fn tick(&self, label: &str) {
        self.field(label).await.click().await.unwrap();
    }

    async fn field(&self, label: &str) -> WebElement {
        let label = format!("//input[@id=//label[normalize-space(.)=\"{label}\"]/@for]");
        self.find(By::XPath(label)).await
    }

    async fn find(&self, by: By) -> WebElement {
        let found = self.tab.find(by).await;
        let text = self.text().await;
        let missing = found.as_ref().err().map(ToString::to_string);
        assert_eq!(missing, None, "on the page:\n{text}");
        found.unwrap()
    }

    /// The page as it is read.
    pub(super) async fn text(&self) -> String {
        self.ask("return document.body.innerText").await
    }

    pub(super) async fn assert_says(&self, expected: &str) {
        let text = self.text().await;
        assert!(text.contains(expected), "no {expected:?} in\n{text}");
    }

    pub(super) async fn assert_keeps_quiet_of(&self, unexpected: &str) {
        let text = self.text().await;
        assert!(!text.contains(unexpected), "{unexpected:?} in\n{text}");
    }

    /// The path of the page.
    pub(super) async fn path(&self) -> String {
        self.ask("return location.pathname").await
    }

    /// The status that the page came with.
    pub(super) async fn status(&self) -> u16 {
        self.ask("return performance.getEntriesByType('navigation')[0].responseStatus").await
    }

    /// The cookies that it would send for this page.
    pub(super) async fn cookies(&self) -> Vec<Cookie> {
        let mut answer = self.devtools("Network.getCookies", json!({})).await;
        serde_json::from_value(answer["cookies"].take()).unwrap()
    }

    /// Its one cookie of the site.
    pub(super) async fn cookie(&self) -> Cookie {
        let cookies = self.cookies().await;
        assert_eq!(cookies.len(), 1, "{cookies:?}");
        cookies.into_iter().next().unwrap()
    }

    /// What is wider than it may be, as HTML.
    pub(super) async fn overflow(&self) -> Vec<String> {
        self.ask(OVERFLOW).await
    }

    /// What the window shows, as a PNG.
    pub(super) async fn screenshot(&self) -> Vec<u8> {
        self.tab.screenshot_as_png().await.unwrap()
    }

    /// What a window of this size in CSS pixels shows to eyes twice as sharp, as a WebP.
    pub(super) async fn picture(&self, (width, height): (u32, u32), scheme: Scheme) -> Vec<u8> {
        let metrics = json!({"width": width, "height": height, "mobile": false});
        self.resize(metrics, 2).await;
        self.prefer(scheme).await;
        let format = json!({"format": "webp", "quality": 75});
        let answer = self.devtools("Page.captureScreenshot", format).await;
        self.sit_at(Screen::Desktop).await;
        BASE64_STANDARD.decode(answer["data"].as_str().unwrap()).unwrap()
    }

    /// The answer of a script in the page, which the page itself could not run.
    pub(super) async fn ask<T: DeserializeOwned>(&self, script: &str) -> T {
        self.tab.execute(script, []).await.unwrap().convert().unwrap()
    }

    async fn devtools(&self, command: &str, what: Value) -> Value {
        self.tab.cdp().send_raw(command, what).await.unwrap()
    }
}
