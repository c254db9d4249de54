//! Sign-ins of one owner in several processes, who may have two sessions.

use e2e::{Backend, Browser, Server, on_every_index};

on_every_index!(oldest_ends_wherever_the_next_signs_in, sign_ins_at_once_leave_as_many_as_may_be,);

const LIMIT: usize = 2;
const ROUNDS: usize = 20;

fn start(count: usize, backend: &Backend) -> Vec<Server> {
    let limit = LIMIT.to_string();
    let settings = [("SESSION_OWNER_INDEX", "true"), ("SESSION_MAX_PER_OWNER", &*limit)];
    Server::start_told(count, backend, &settings)
}

async fn live(browsers: &[Browser], server: &Server) -> Vec<bool> {
    let mut live = Vec::new();
    for browser in browsers {
        live.push(browser.is_known(server).await);
    }
    live
}

/// Nobody has the name on a store that other tests use, too.
fn fresh(name: &str) -> String {
    format!("{name}-{}", std::process::id())
}

async fn oldest_ends_wherever_the_next_signs_in(backend: Backend) {
    let servers = start(2, &backend);
    let login = format!("set n 1; login {}", fresh("ann"));
    let mut browsers = Vec::new();
    for n in 0..5 {
        browsers.push(Browser::signed_on(&servers[n % 2], &login).await);
        let expected: Vec<bool> = (0..=n).map(|earlier| earlier + LIMIT > n).collect();
        assert_eq!(live(&browsers, &servers[1]).await, expected);
    }
    // Who comes with a session of a stranger signs in as well.
    let mut visitor = Browser::signed_on(&servers[0], "set n 1").await;
    visitor.run(&servers[1], &login).await;
    assert_eq!(live(&browsers[3..], &servers[0]).await, [false, true]);
    assert!(visitor.is_known(&servers[0]).await);
}

async fn sign_ins_at_once_leave_as_many_as_may_be(backend: Backend) {
    let servers = start(3, &backend);
    for round in 0..ROUNDS {
        let (gate, owner) = (format!("gate{round}"), fresh(&format!("ann{round}")));
        let mut browsers = Vec::new();
        for _ in 0..round % 3 {
            let earlier = format!("set n 1; login {owner}");
            browsers.push(Browser::signed_on(&servers[0], &earlier).await);
        }
        // All have come as far as to be stored; then all go on.
        let login = format!("login {owner}; wait {gate}");
        let requests: Vec<_> =
            servers.iter().map(|server| server.begin("/run", None, &login)).collect();
        for server in &servers {
            server.reached(&gate).await;
        }
        tokio::join!(servers[0].set(&gate), servers[1].set(&gate), servers[2].set(&gate));
        for request in requests {
            let answer = request.answer().await;
            assert!(answer.is_success(), "{round}: {answer:?}");
            browsers.push(Browser::after(&answer));
        }
        let live = live(&browsers, &servers[round % 3]).await;
        let count = live.iter().filter(|is_live| **is_live).count();
        assert_eq!(count, LIMIT, "{round}: {live:?}");
        let earlier = &live[..round % 3];
        assert!(earlier.iter().all(|is_live| !is_live), "{round}, the oldest: {live:?}");
    }
}
