//! One story, told by the program over every store: only what the environment says of the store
//! differs.

use crate::program::Program;
use crate::support::{Browser, PASSWORD};
use e2e::{Backend, on_every_store};

on_every_store!(the_story_is_the_same);

#[test]
fn the_story_is_the_same_in_memory() {
    e2e::run(async {
        let program = Program::start("memory");
        let shop = shop(&program).await;
        leave(shop, Ends::Listed).await;
    });
}

async fn the_story_is_the_same(backend: Backend) {
    let mut program = Program::on(&backend);
    let shop = shop(&program).await;
    program.restart();
    leave(shop, Ends::of(&backend)).await;
}

/// Ann's devices when she has been to the shop.
struct Devices {
    laptop: Browser,
    phone: Browser,
    tablet: Browser,
}

/// Whether a store knows where else somebody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Listed,
    NotListed,
}

impl Ends {
    fn of(backend: &Backend) -> Self {
        match backend.address().starts_with("memcached:") {
            true => Self::NotListed,
            false => Self::Listed,
        }
    }
}

/// Looks around, fills a cart, makes an account and signs in on two more devices.
async fn shop(program: &Program) -> Devices {
    let mut laptop = program.browser();
    assert_eq!(laptop.get("/").await.set_cookie(), None);
    let page = laptop.submit("/cart/add", &[("sku", "assam")]).await;
    page.assert_says("Assam Golden Tip is in your cart.");
    laptop.get("/").await.assert_keeps_quiet_of("is in your cart.");
    let mut planted = laptop.clone();

    let email = "ann@example.org";
    let account = [("name", "Ann"), ("email", email), ("password", PASSWORD), ("device", "Laptop")];
    laptop.submit("/sign-up", &account).await.assert_says("Your account is ready.");
    laptop.get("/cart").await.assert_says("Assam Golden Tip");
    assert_ne!(laptop.cookie, planted.cookie);
    planted.get("/cart").await.assert_says("There is nothing in it yet");

    let mut phone = program.browser();
    phone.sign_in(email, &[("device", "Phone"), ("remember", "yes")]).await;
    let mut tablet = program.browser();
    tablet.sign_in(email, &[("device", "Tablet")]).await;
    Devices { laptop, phone, tablet }
}

/// Signs out, of one device and of all.
async fn leave(devices: Devices, ends: Ends) {
    let Devices { mut laptop, mut phone, mut tablet } = devices;
    laptop.get("/cart").await.assert_says("Assam Golden Tip");
    laptop.get("/account").await.assert_says("ann@example.org");

    let mut stolen = tablet.clone();
    tablet.submit("/sign-out", &[]).await.assert_says("You are signed out.");
    assert!(!is_signed_in(&mut stolen).await && !is_signed_in(&mut tablet).await);
    assert!(is_signed_in(&mut phone).await);

    let page = laptop.get("/account").await;
    match ends {
        Ends::Listed => {
            page.assert_says("Phone");
            page.assert_keeps_quiet_of("Tablet");
            let page = laptop.submit("/account/end-all", &[]).await;
            page.assert_says("You are signed out everywhere.");
            assert!(!is_signed_in(&mut phone).await && !is_signed_in(&mut laptop).await);
        }
        Ends::NotListed => {
            page.assert_says("keeps no list of them: sign out on each device itself.");
            assert_eq!(laptop.post("/account/end-all", &[]).await.status.as_u16(), 500);
            assert!(is_signed_in(&mut phone).await && is_signed_in(&mut laptop).await);
        }
    }
}

async fn is_signed_in(browser: &mut Browser) -> bool {
    !browser.get("/account").await.leads_to_sign_in()
}
