//! The site changes its store while people shop: two instances, of which one after the other is
//! deployed with the settings of the next step, as a balancer does that lets requests end first.

use crate::program::Program;
use crate::support::{Browser, PASSWORD};
use e2e::backend::is_trace;
use e2e::{Backend, address, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::RwLock;
use web_session::Store;
use web_session::config::Settings;
use web_session::store::Scanner;

const PEOPLE: usize = 6;

#[test]
fn sessions_move_from_files_to_redis_while_people_shop() {
    run(async { move_the_shop(Backend::files(), Backend::redis().await).await });
}

#[test]
fn sessions_move_from_postgres_to_mongodb_while_people_shop() {
    run(async { move_the_shop(Backend::own_postgres().await, Backend::mongodb().await).await });
}

async fn move_the_shop(old: Backend, new: Backend) {
    let settings = Steps { old: patient(&old), new: patient(&new) };
    let mut first = Program::start(old.address());
    first.deploy(settings.before());
    let people = sign_up(&first).await;
    let site = Site::of([first.another(), first]);
    let shop = Shop { site: Arc::clone(&site), is_closing: Arc::default() };
    let rounds: Vec<_> = (0..PEOPLE).map(|_| Arc::new(AtomicUsize::new(0))).collect();
    let visits: Vec<_> = people
        .into_iter()
        .zip(&rounds)
        .map(|(browser, rounds)| tokio::spawn(shop.clone().visit(browser, Arc::clone(rounds))))
        .collect();
    let everybody_goes_on = async || {
        let seen: Vec<_> = rounds.iter().map(|it| it.load(Ordering::SeqCst)).collect();
        e2e::within(Duration::from_secs(60), "everybody shops on", async || {
            assert!(visits.iter().all(|visit| !visit.is_finished()), "somebody has stopped");
            rounds.iter().zip(&seen).all(|(it, seen)| it.load(Ordering::SeqCst) > seen + 1)
        })
        .await;
    };

    everybody_goes_on().await;
    for step in [settings.accept(), settings.migrate()] {
        for instance in &site.0 {
            instance.write().await.deploy(step.clone());
            everybody_goes_on().await;
        }
    }
    assert_eq!(sessions(&settings.old).await, 0, "in the former store");
    assert_eq!(sessions(&settings.new).await, PEOPLE, "in the new one");
    for instance in &site.0 {
        instance.write().await.deploy(settings.after());
        everybody_goes_on().await;
    }
    shop.is_closing.store(true, Ordering::SeqCst);
    for visit in visits {
        visit.await.unwrap();
    }
    assert_eq!(sessions(&settings.new).await, PEOPLE);
}

/// The settings of each step.
struct Steps {
    old: Vec<(&'static str, String)>,
    new: Vec<(&'static str, String)>,
}

impl Steps {
    fn before(&self) -> Vec<(&'static str, String)> {
        self.old.clone()
    }

    fn accept(&self) -> Vec<(&'static str, String)> {
        beside(&self.old, "SESSION_MIGRATE_TO", &self.new)
    }

    fn migrate(&self) -> Vec<(&'static str, String)> {
        beside(&self.new, "SESSION_MIGRATE_FROM", &self.old)
    }

    fn after(&self) -> Vec<(&'static str, String)> {
        self.new.clone()
    }
}

/// The settings of one store, and of another as that of a move.
fn beside(
    main: &[(&'static str, String)],
    key: &'static str,
    other: &[(&'static str, String)],
) -> Vec<(&'static str, String)> {
    let other = other.iter().map(|(name, value)| match *name {
        "SESSION_TYPE" => (key, value.clone()),
        name => (name, value.clone()),
    });
    main.iter().cloned().chain(other).collect()
}

/// The store's settings, with time for a busy machine.
fn patient(backend: &Backend) -> Vec<(&'static str, String)> {
    let waits = [("SESSION_TIMEOUT", "60"), ("SESSION_OPERATION_TIMEOUT", "30")];
    let mut settings = address::settings(backend.address());
    settings.retain(|(name, _)| *name != "SESSION_OPERATION_TIMEOUT");
    settings.extend(waits.map(|(name, value)| (name, value.to_owned())));
    settings
}

/// How many sessions a store has, without those that have moved away.
async fn sessions(settings: &[(&'static str, String)]) -> usize {
    let settings: Settings = settings.iter().cloned().collect();
    let store: Arc<dyn Store> = web_session::connect(&settings).await.unwrap();
    let mut scanner = Scanner::new(store.as_ref(), "session:");
    let mut count = 0;
    while let Some(page) = scanner.next_page().await.unwrap() {
        count += page.records.iter().filter(|(_, record)| !is_trace(&record.payload)).count();
    }
    count
}

/// People who have an account and are signed in.
async fn sign_up(program: &Program) -> Vec<Browser> {
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let mut browser = program.browser();
        let email = format!("ann{number}@example.org");
        let account = [("name", "Ann"), ("email", &email), ("password", PASSWORD)];
        browser.submit("/sign-up", &account).await.assert_says("Your account is ready.");
        people.push(browser);
    }
    people
}

/// The instances, each of which is written to when it is deployed: nobody is in it then.
struct Site([RwLock<Program>; 2]);

impl Site {
    fn of(programs: [Program; 2]) -> Arc<Self> {
        Arc::new(Self(programs.map(RwLock::new)))
    }

    /// Sends one request of `browser` to one of the instances; the other one if it is being deployed.
    async fn ask<T>(&self, browser: &Browser, ask: impl AsyncFnOnce(&mut Browser) -> T) -> T {
        let [one, other] = &self.0;
        let likes_one = rand::random::<bool>();
        let program = tokio::select! {
            biased;
            program = one.read(), if likes_one => program,
            program = other.read() => program,
            program = one.read() => program,
        };
        let mut browser = browser.clone();
        program.serves(&mut browser);
        ask(&mut browser).await
    }
}

#[derive(Clone)]
struct Shop {
    site: Arc<Site>,
    is_closing: Arc<AtomicBool>,
}

impl Shop {
    /// Fills a cart and empties it, from two tabs at once, and finds in it what was put there.
    async fn visit(self, browser: Browser, rounds: Arc<AtomicUsize>) {
        let mut quantity = 0;
        while !self.is_closing.load(Ordering::SeqCst) {
            if quantity > 16 {
                self.change(&browser, "/cart/set", &[("sku", "assam"), ("quantity", "0")]).await;
                quantity = 0;
            }
            let add = || self.change(&browser, "/cart/add", &[("sku", "assam")]);
            tokio::join!(add(), add());
            quantity += 2;
            let cart = self.site.ask(&browser, async |browser| browser.get("/cart").await).await;
            cart.assert_says(&format!("value=\"{quantity}\" required"));
            let account = self.site.ask(&browser, async |it| it.get("/account").await).await;
            assert!(!account.leads_to_sign_in(), "signed out after {quantity}");
            account.assert_says("@example.org");
            rounds.fetch_add(1, Ordering::SeqCst);
        }
    }

    async fn change(&self, browser: &Browser, path: &str, form: &[(&str, &str)]) {
        let answer = self.site.ask(browser, async |it| it.post(path, form).await).await;
        assert!(answer.status.is_redirection(), "{path}: {} {}", answer.status, answer.body);
    }
}
