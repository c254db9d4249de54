//! Two processes that hold the sessions of Redis in memory: what one reads, the other changes.

use e2e::{Backend, Browser, Server, on_stores, within};
use std::time::{Duration, Instant};

on_stores! {
    redis: e2e::Backend::redis().await;
    redis_cluster: e2e::Backend::shared("SESSION_TEST_REDIS_CLUSTER");
    valkey: e2e::Backend::shared("SESSION_TEST_VALKEY");
    => [
        logout_in_one_process_ends_the_session_in_the_other,
        updates_in_two_processes_are_all_counted
    ]
}

const ROUNDS: usize = 200;
/// For a server that is heard, on a busy machine.
const LIMIT: Duration = Duration::from_secs(5);

fn two(backend: &Backend) -> Vec<Server> {
    Server::start_told(2, backend, &[("SESSION_REDIS_NEAR_CACHE", "1000")])
}

async fn logout_in_one_process_ends_the_session_in_the_other(backend: Backend) {
    let servers = two(&backend);
    let mut stale = Vec::new();
    for round in 0..ROUNDS {
        let [reading, ending] = [&servers[round % 2], &servers[(round + 1) % 2]];
        let mut browser = Browser::signed_on(reading, "login ann; set a 1").await;
        // Either process holds it now.
        assert_eq!(browser.run(reading, "get a").await, "1");
        assert_eq!(browser.clone().run(ending, "get a").await, "1");
        let old = browser.clone();
        browser.run(ending, "logout").await;
        let ended = Instant::now();
        let mut last = None;
        while old.is_known(reading).await {
            last = Some(ended.elapsed());
            assert!(ended.elapsed() < LIMIT, "{round}: it is read on");
        }
        stale.extend(last);
        assert!(!old.is_known(ending).await, "{round}");
    }
    stale.sort_unstable();
    println!("{} of {ROUNDS} read on after the logout, until {:?}", stale.len(), stale.last());
}

async fn updates_in_two_processes_are_all_counted(backend: Backend) {
    let servers = two(&backend);
    let mut browser = Browser::signed_on(&servers[0], "set n 0").await;
    let crowd = 100;
    let requests: Vec<_> = (0..crowd)
        .map(|n| servers[n % 2].begin("/member", browser.cookie.as_deref(), "add n"))
        .collect();
    let mut told = Vec::new();
    for request in requests {
        let answer = request.answer().await;
        assert!(answer.is_success(), "{answer:?}");
        told.push(answer.body.parse::<usize>().unwrap());
    }
    told.sort_unstable();
    assert_eq!(told, (1..=crowd).collect::<Vec<_>>());
    for server in &servers {
        within(LIMIT, "the sum is read", async || {
            browser.run(server, "get n").await == crowd.to_string()
        })
        .await;
    }
}
