//! Signing and hashing that are turned on in a running site: processes of every step on one store.

use e2e::app::open_store;
use e2e::backend::is_trace;
use e2e::{Backend, Browser, Server, on_every_store};
use session_core::{IdHash, IdSyntax, SessionId, Store};
use std::sync::Arc;

on_every_store!(
    who_signed_in_before_the_change_is_signed_in_after_it,
    logout_before_the_move_ends_the_session_for_good,
    requests_at_once_of_an_unmoved_session_lose_nothing,
);

const ROUNDS: usize = 10;

/// A process that has come to this step of both changes.
fn at(step: &str, backend: &Backend) -> Server {
    let settings = [
        ("SESSION_USE_SIGNER", step),
        ("SESSION_HASH_IDS", step),
        ("SECRET_KEY", "a key of thirty-two bytes or more"),
    ];
    Server::start_told(1, backend, &settings).remove(0)
}

fn value(browser: &Browser) -> &str {
    browser.cookie.as_deref().unwrap().strip_prefix("session=").unwrap()
}

/// The store as a process without a session layer sees it.
struct Records(Arc<dyn Store>);

impl Records {
    async fn of(backend: &Backend) -> Self {
        Self(open_store(backend.address()).await.unwrap())
    }

    /// Whether the session of `browser` is live under its id, and under the hash of that.
    async fn live(&self, browser: &Browser) -> [bool; 2] {
        let id = value(browser).split('.').next().unwrap();
        let id = SessionId::parse(id.as_bytes(), IdSyntax::Base64Url).unwrap();
        let mut live = [false; 2];
        for (live, form) in live.iter_mut().zip([IdHash::Plain, IdHash::Sha256]) {
            let record = self.0.load(&id.to_key("session:", form)).await.unwrap();
            *live = record.is_some_and(|record| !is_trace(&record.payload));
        }
        live
    }
}

async fn who_signed_in_before_the_change_is_signed_in_after_it(backend: Backend) {
    let [off, accept, migrate, on] =
        ["false", "accept", "migrate", "true"].map(|step| at(step, &backend));
    let records = Records::of(&backend).await;
    let mut browser = Browser::signed_on(&off, "set a 1; login ann").await;
    assert_eq!(browser.run(&accept, "get a; add n").await, "1\n1");
    let before = browser.clone();
    assert_eq!((value(&before).contains('.'), records.live(&before).await), (false, [true, false]));

    assert_eq!(browser.run(&migrate, "get a; set b 2").await, "1");
    let (id, _) = value(&browser).split_once('.').expect("it is signed now");
    assert_eq!((id, records.live(&browser).await), (value(&before), [false, true]));
    // The steps before and after it read what it has written, and it reads what they write.
    assert_eq!(browser.run(&accept, "get b; add n").await, "2\n2");
    assert_eq!(browser.run(&on, "get b; add n").await, "2\n3");
    assert_eq!(browser.run(&migrate, "get a; get n").await, "1\n3");
    // A second tab has the old cookie; until the last step it is as good.
    assert_eq!(before.clone().run(&migrate, "get a").await, "1");
    assert!(!before.is_known(&on).await);

    let last = browser.clone();
    browser.run(&on, "logout").await;
    for server in [&off, &accept, &migrate, &on] {
        assert!(!before.is_known(server).await && !last.is_known(server).await);
    }
    assert_eq!(records.live(&last).await, [false, false]);
}

async fn logout_before_the_move_ends_the_session_for_good(backend: Backend) {
    let (off, accept) = (at("false", &backend), at("accept", &backend));
    let migrate = ["migrate"; 2].map(|step| at(step, &backend));
    let records = Records::of(&backend).await;
    for (round, late) in ["set b 1", "add n", "flash late", "regenerate"].iter().enumerate() {
        for (ending, other) in [(&accept, &migrate[0]), (&migrate[0], &migrate[1])] {
            let browser = Browser::signed_on(&off, "set a 1").await;
            let gate = format!("{round}{}", ending.pid());
            let program = format!("get a; wait {gate}; {late}");
            let request = other.begin("/run", browser.cookie.as_deref(), &program);
            other.reached(&gate).await;
            browser.clone().run(ending, "logout").await;
            other.set(&gate).await;
            request.answer().await.refuses(409);
            assert_eq!(records.live(&browser).await, [false, false], "{late}");
            assert!(!browser.is_known(other).await, "{late}");
        }
    }
}

async fn requests_at_once_of_an_unmoved_session_lose_nothing(backend: Backend) {
    let off = at("false", &backend);
    let servers = ["accept", "migrate", "migrate"].map(|step| at(step, &backend));
    let records = Records::of(&backend).await;
    for round in 0..ROUNDS {
        let browser = Browser::signed_on(&off, "set a 1").await;
        let gate = format!("gate{round}");
        let mut requests = Vec::new();
        for (n, server) in servers.iter().chain(&servers).enumerate() {
            // Each waits for a gate of its own, since it is the server that says who has come.
            let program = format!("get a; wait {gate}{n}; set w{n} 1; count c");
            requests.push((n, server.begin("/run", browser.cookie.as_deref(), &program)));
            server.reached(&format!("{gate}{n}")).await;
        }
        for (n, server) in servers.iter().chain(&servers).enumerate() {
            server.set(&format!("{gate}{n}")).await;
        }
        let (mut stored, mut program) = (0, "get c".to_owned());
        for (n, request) in requests {
            let answer = request.answer().await;
            let is_stored = answer.is_success();
            assert!(is_stored || answer.status == 409, "{round}: {answer:?}");
            if is_stored {
                stored += 1;
                program.push_str(&format!("; get w{n}"));
            }
        }
        let [plain, hashed] = records.live(&browser).await;
        assert_ne!(plain, hashed, "{round}: two live copies, or none");
        let kept = browser.clone().run(&servers[1], &program).await;
        let expected = std::iter::once(stored.to_string()).chain(vec!["1".to_owned(); stored]);
        assert_eq!(kept.lines().collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{round}");
    }
}
