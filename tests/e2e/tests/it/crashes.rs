//! Processes that end without a warning, in the middle of everything.

use e2e::{Backend, Browser, Server, on_each_store, within};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

on_each_store!(servers_that_are_killed_lose_no_acknowledged_update);

mod broken {
    // Memcached is not among them: it forgets.
    e2e::on_stores! {
        redis: e2e::Backend::durable_redis().await;
        mongodb: e2e::Backend::mongodb().await;
        dynamodb: e2e::Backend::durable_dynamodb().await;
        postgres: e2e::Backend::own_postgres().await;
        mariadb: e2e::Backend::own_mariadb().await;
        => [store_that_crashes_and_freezes_loses_no_acknowledged_update]
    }
    use super::store_that_crashes_and_freezes_loses_no_acknowledged_update;
}

/// The promise is two seconds and a half; the rest is slack for a machine that does other things.
const DEADLINE: Duration = Duration::from_secs(8);
/// Long enough for a loaded machine to do a little work.
const PATIENCE: Duration = Duration::from_secs(30);

/// Clients that add one to `n`, again and again, and count what they are told.
#[derive(Default)]
struct Tally {
    acknowledged: AtomicUsize,
    failed: AtomicUsize,
    is_over: AtomicBool,
}

impl Tally {
    fn client(self: &Arc<Self>, server: &Arc<Server>, browser: &Browser) -> JoinHandle<()> {
        let (tally, server, browser) = (Arc::clone(self), Arc::clone(server), browser.clone());
        tokio::spawn(async move {
            while !tally.is_over.load(Ordering::SeqCst) {
                let sent = Instant::now();
                let adding = server.begin("/member", browser.cookie.as_deref(), "add n");
                let counter = match adding.answer_if_any().await {
                    Some(answer) if answer.is_success() => &tally.acknowledged,
                    Some(answer) => {
                        assert!([409, 503].contains(&answer.status.as_u16()), "{answer:?}");
                        assert_eq!(answer.set_cookie(), None);
                        &tally.failed
                    }
                    None => &tally.failed,
                };
                counter.fetch_add(1, Ordering::SeqCst);
                assert!(sent.elapsed() < DEADLINE, "answered after {:?}", sent.elapsed());
            }
        })
    }

    async fn more(counter: &AtomicUsize, count: usize, what: &str) {
        let goal = counter.load(Ordering::SeqCst) + count;
        within(PATIENCE, what, async || counter.load(Ordering::SeqCst) >= goal).await;
    }

    /// Stops the clients and compares what they were told with what is stored.
    async fn settle(&self, clients: Vec<JoinHandle<()>>, server: &Server, browser: &mut Browser) {
        self.is_over.store(true, Ordering::SeqCst);
        for client in clients {
            client.await.unwrap();
        }
        let stored: usize = browser.run(server, "get n").await.parse().unwrap();
        let acknowledged = self.acknowledged.load(Ordering::SeqCst);
        let failed = self.failed.load(Ordering::SeqCst);
        println!("{acknowledged} acknowledged, {failed} failed, {stored} stored");
        assert!((acknowledged..=acknowledged + failed).contains(&stored));
    }
}

async fn store_that_crashes_and_freezes_loses_no_acknowledged_update(mut backend: Backend) {
    let servers = [backend.address(), backend.address()].map(|at| Arc::new(Server::start(at)));
    let mut browser = Browser::signed_on(&servers[0], "set n 0").await;
    let tally = Arc::new(Tally::default());
    let clients = (0..8).map(|n| tally.client(&servers[n % 2], &browser)).collect();
    for round in 0..6 {
        Tally::more(&tally.acknowledged, 20, "updates are stored").await;
        if round % 2 == 0 {
            backend.kill();
            Tally::more(&tally.failed, 8, "the crash is noticed").await;
            backend.restart().await;
        } else {
            let frozen = backend.freeze();
            Tally::more(&tally.failed, 8, "the silence is noticed").await;
            drop(frozen);
        }
    }
    Tally::more(&tally.acknowledged, 20, "updates are stored in the end").await;
    tally.settle(clients, &servers[0], &mut browser).await;
    if backend.has_records_to_count() {
        assert_eq!(backend.records().await, 1);
    }
}

async fn servers_that_are_killed_lose_no_acknowledged_update(backend: Backend) {
    let steady = Arc::new(Server::start(backend.address()));
    let mut browser = Browser::signed_on(&steady, "set n 0; set base 1").await;
    let tally = Arc::new(Tally::default());
    let clients = (0..2).map(|_| tally.client(&steady, &browser)).collect();
    for _ in 0..10 {
        let doomed = Server::start(backend.address());
        let cookie = browser.cookie.as_deref();
        let caught: Vec<_> = (0..16).map(|_| doomed.begin("/member", cookie, "add n")).collect();
        // A browser of its own: the session that its login moves is not the one that is counted.
        let leaving = Browser::signed_on(&steady, "set x 1").await;
        let moving = doomed.begin("/member", leaving.cookie.as_deref(), "login ann");
        Tally::more(&tally.acknowledged, 4, "updates are stored").await;
        drop(doomed);
        for update in caught {
            let answer = update.answer_if_any().await;
            let is_told = answer.is_some_and(|answer| answer.is_success());
            let counter = if is_told { &tally.acknowledged } else { &tally.failed };
            counter.fetch_add(1, Ordering::SeqCst);
        }
        let holder = match moving.answer_if_any().await {
            Some(answer) if answer.is_success() => {
                assert!(!leaving.is_known(&steady).await, "doubled");
                Browser::after(&answer)
            }
            _ => leaving,
        };
        // Whole under the one id, or ended between the two; or moved, with an answer that nobody
        // got, which the trace under the former id says.
        let answer = steady.send("/member", holder.cookie.as_deref(), "get x; logout").await;
        let is_over = answer.status == 401 || answer.status == 409;
        assert!(is_over || answer.body == "1", "{answer:?}");
        Tally::more(&tally.acknowledged, 4, "no lock is left behind").await;
    }
    tally.settle(clients, &steady, &mut browser).await;
    assert_eq!(browser.run(&steady, "get base").await, "1");
}
