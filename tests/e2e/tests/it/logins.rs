//! Logins that meet writes, logouts and each other, in two processes, round after round.

use e2e::{Answer, Backend, Browser, Server, on_each_store};

on_each_store!(
    login_loses_no_acknowledged_write,
    login_and_logout_have_one_winner,
    two_logins_leave_one_session,
);

const ROUNDS: usize = 200;

/// How two requests of one round are let loose on each other.
#[derive(Clone, Copy, Debug)]
enum Start {
    /// Neither waits for anything.
    Free,
    /// Both have loaded the session; then both go on.
    Together,
    /// Both have loaded the session; the first is opened first.
    FirstAhead,
    /// Both have loaded the session; the second is opened first.
    SecondAhead,
}

impl Start {
    fn of(round: usize) -> Self {
        [Self::Free, Self::Together, Self::FirstAhead, Self::SecondAhead][round % 4]
    }

    /// Runs two programs on two servers; `round` keeps the gates of rounds apart.
    async fn race(
        self,
        round: usize,
        servers: [&Server; 2],
        browser: &Browser,
        programs: [&str; 2],
    ) -> [Answer; 2] {
        let cookie = browser.cookie.as_deref();
        let gates = [format!("{round}a"), format!("{round}b")];
        let [first, second] = [0, 1].map(|n| match self {
            Self::Free => servers[n].begin("/member", cookie, programs[n]),
            _ => {
                let program = format!("wait {}; {}", gates[n], programs[n]);
                servers[n].begin("/member", cookie, &program)
            }
        });
        let set = |n: usize| servers[n].set(&gates[n]);
        if !matches!(self, Self::Free) {
            servers[0].reached(&gates[0]).await;
            servers[1].reached(&gates[1]).await;
        }
        match self {
            Self::Free => {}
            Self::Together => _ = tokio::join!(set(0), set(1)),
            Self::FirstAhead => {
                set(0).await;
                set(1).await;
            }
            Self::SecondAhead => {
                set(1).await;
                set(0).await;
            }
        }
        [first.answer().await, second.answer().await]
    }
}

async fn login_loses_no_acknowledged_write(backend: Backend) {
    let servers = Server::start_many(2, &backend);
    let writes = ["set w 1", "add w", "get w; set w 1", "flash kept", "overwrite w 1"];
    let mut both = 0;
    for round in 0..ROUNDS {
        let write = writes[round % writes.len()];
        let old = Browser::signed_on(&servers[0], "set base 1").await;
        let pair = [&servers[round % 2], &servers[(round / 2) % 2]];
        let met = Start::of(round).race(round, pair, &old, ["login ann", write]).await;
        let [login, write_answer] = met;
        assert!(login.is_success(), "nothing ends the session: {login:?}");
        let mut new = Browser::after(&login);
        assert_ne!(new.cookie, old.cookie);
        assert!(!old.is_known(&servers[0]).await, "{round}: doubled");
        assert_eq!(new.run(&servers[1], "get base").await, "1");
        if write_answer.is_success() {
            both += 1;
            assert_eq!(write_answer.set_cookie(), None);
            let (look, kept) =
                if write.starts_with("flash") { ("flashes", "kept") } else { ("get w", "1") };
            assert_eq!(new.run(&servers[0], look).await, kept, "{round}: {write}");
        } else if write_answer.status == 401 {
            assert_eq!(write_answer.set_cookie(), None);
        } else {
            write_answer.refuses(409);
        }
        assert_eq!(backend.records().await, 1, "{round}");
        new.run(&servers[round % 2], "logout").await;
        assert_eq!(backend.records().await, 0, "{round}");
    }
    println!("{both} writes acknowledged beside {ROUNDS} logins");
    assert!(both > ROUNDS / 4, "the race was one: {both}");
}

async fn login_and_logout_have_one_winner(backend: Backend) {
    let servers = Server::start_many(2, &backend);
    let mut logins = 0;
    for round in 0..ROUNDS {
        let old = Browser::signed_on(&servers[0], "set base 1").await;
        let pair = [&servers[round % 2], &servers[(round / 2) % 2]];
        let met = Start::of(round).race(round, pair, &old, ["login ann", "logout"]).await;
        let [login, logout] = met;
        assert!(login.is_success() != logout.is_success(), "{round}: {login:?} {logout:?}");
        assert!(!old.is_known(&servers[0]).await, "{round}");
        if login.is_success() {
            logins += 1;
            assert_eq!(logout.set_cookie(), None, "{logout:?}");
            let mut new = Browser::after(&login);
            assert_eq!(new.run(&servers[1], "get base").await, "1");
            assert_eq!(backend.records().await, 1, "{round}");
            new.run(&servers[0], "logout").await;
        } else {
            assert_eq!(login.set_cookie(), None, "{login:?}");
        }
        assert_eq!(backend.records().await, 0, "{round}");
    }
    println!("{logins} of {ROUNDS} logins were faster than the logout");
    assert!((1..ROUNDS).contains(&logins), "the race was one: {logins}");
}

async fn two_logins_leave_one_session(backend: Backend) {
    let servers = Server::start_many(2, &backend);
    for round in 0..ROUNDS / 2 {
        let old = Browser::signed_on(&servers[0], "set base 1").await;
        let pair = [&servers[round % 2], &servers[(round / 2) % 2]];
        let met = Start::of(round).race(round, pair, &old, ["login ann", "login bob"]).await;
        let winners: Vec<&Answer> = met.iter().filter(|answer| answer.is_success()).collect();
        assert_eq!(winners.len(), 1, "{round}: {met:?}");
        assert!(!old.is_known(&servers[0]).await, "{round}");
        assert_eq!(backend.records().await, 1, "{round}");
        let mut new = Browser::after(winners[0]);
        assert_eq!(new.run(&servers[1], "get base").await, "1");
        new.run(&servers[0], "logout").await;
    }
}
