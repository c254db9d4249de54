//! Signing out elsewhere, over HTTP.

use crate::support::{Backend, Browser, Site};
use std::sync::Arc;
use web_session::testing::{CountingStore, Fault, FaultyStore, Method};
use web_session::{MemoryStore, Store};

/// A person with a laptop, a phone and a tablet.
async fn three_devices(site: &Site) -> [Browser; 3] {
    let (mut laptop, email) = site.customer().await;
    laptop.sign_in(&email, &[("device", "Ann's laptop")]).await;
    let mut phone = site.browser();
    phone.sign_in(&email, &[("device", "Phone"), ("remember", "yes")]).await;
    let mut tablet = site.browser();
    tablet.sign_in(&email, &[("device", "Tablet")]).await;
    [laptop, phone, tablet]
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    !browser.get("/account").await.leads_to_sign_in()
}

/// The value that the form beside `device` sends.
fn handle(page: &str, device: &str) -> String {
    let from = page.find(&format!("<p>{device}")).unwrap();
    let (_, value) = page[from..].split_once("name=\"handle\" value=\"").unwrap();
    value.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn other_devices_are_listed_and_ended_one_by_one() {
    let site = Site::start(Backend::Memory).await;
    let [mut laptop, mut phone, mut tablet] = three_devices(&site).await;
    let page = laptop.get("/account").await;
    let others = page.body.split_once("Other devices").unwrap().1;
    assert!(others.contains("Phone") && others.contains("Tablet") && !others.contains("laptop"));
    assert!(others.contains("29 days and 23 hours") && others.contains("11 hours"), "{others}");
    for browser in [&laptop, &phone, &tablet] {
        let (_, id) = browser.cookie.as_deref().unwrap().split_once('=').unwrap();
        page.assert_keeps_quiet_of(&id[..20]);
    }

    let form = [("handle", &*handle(&page.body, "Phone"))];
    let page = laptop.submit("/account/end", &form).await;
    page.assert_says("That device is signed out.");
    page.assert_keeps_quiet_of("Phone");
    laptop.submit("/account/end", &form).await.assert_says("was signed out already");
    assert!(!is_signed_in(&mut phone).await);
    assert!(is_signed_in(&mut tablet).await && is_signed_in(&mut laptop).await);
}

#[tokio::test]
async fn a_handle_ends_no_session_of_another_person() {
    let site = Site::start(Backend::Memory).await;
    let [mut laptop, mut phone, _] = three_devices(&site).await;
    let page = laptop.get("/account").await.body;
    let (mut stranger, _) = site.customer().await;
    let phones = handle(&page, "Phone");
    for handle in [&*phones, "", "00", "<b>"] {
        let answer = stranger.submit("/account/end", &[("handle", handle)]).await;
        answer.assert_says("was signed out already");
    }
    assert!(is_signed_in(&mut phone).await);
}

#[tokio::test]
async fn the_other_devices_are_ended_at_once() {
    let site = Site::start(Backend::Memory).await;
    let [mut laptop, mut phone, mut tablet] = three_devices(&site).await;
    let page = tablet.submit("/account/end-others", &[]).await;
    page.assert_says("2 other devices are signed out.");
    page.assert_says("You are signed in on this one only.");
    assert!(!is_signed_in(&mut laptop).await && !is_signed_in(&mut phone).await);
    tablet.submit("/account/end-others", &[]).await.assert_says("on no other device");
}

#[tokio::test]
async fn signing_out_everywhere_includes_this_device() {
    for backend in [Backend::Memory, Backend::Filesystem, Backend::Redis] {
        let site = Site::start(backend).await;
        let mut devices = three_devices(&site).await;
        devices[0].get("/account").await.assert_says("Tablet");
        let page = devices[1].submit("/account/end-all", &[]).await;
        page.assert_says("You are signed out everywhere.");
        for device in &mut devices {
            assert!(!is_signed_in(device).await, "{backend:?}");
        }
    }
}

#[tokio::test]
async fn forms_of_nobody_lead_to_signing_in() {
    let mut browser = Site::start(Backend::Memory).await.browser();
    for form in ["/account/end", "/account/end-others", "/account/end-all", "/checkout"] {
        let answer = browser.post(form, &[("handle", "00")]).await;
        assert_eq!(answer.location(), Some("/sign-in"), "{form}");
    }
    assert_eq!(browser.cookie, None);
}

#[tokio::test]
async fn a_store_without_an_index_says_so() {
    let store = Arc::new(CountingStore::new(Arc::new(MemoryStore::new())));
    let site = Site::over_without_owners(store.clone()).await;
    let (mut laptop, _) = site.customer().await;
    laptop.get("/account").await.assert_says("keeps no list of them");
    assert_eq!(store.calls().list_by_owner, 0);
}

#[tokio::test]
async fn devices_that_could_not_be_ended_are_not_claimed_to_be() {
    let memory: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let store = Arc::new(FaultyStore::new(memory));
    let site = Site::over(store.clone()).await;
    let [mut laptop, mut phone, _] = three_devices(&site).await;
    store.push(Method::ListByOwner, Fault::Fail(web_session::ErrorKind::Unavailable));
    let answer = laptop.post("/account/end-others", &[]).await;
    assert_eq!(answer.status.as_u16(), 503);
    answer.assert_says("One moment, please");
    assert!(is_signed_in(&mut phone).await);
}
