//! Servers of stores die, freeze, and lose answers, under applications that go on.

use e2e::backend::sessions;
use e2e::{Answer, Backend, Browser, Pending, Server, on_every_server, run, within};
use session_testkit::proxy::{CutReport, Proxy};
use session_testkit::{RedisServer, server};
use std::time::Duration;

on_every_server!(
    dead_server_is_503_and_the_same_cookie_works_after_it,
    frozen_server_is_503_in_time_and_works_when_it_thaws,
);

/// Within this a failing store is reported, and a store that is back is used again; both promises
/// say two seconds or a little more, the rest is slack for a machine that does other things.
const DEADLINE: Duration = Duration::from_secs(8);

async fn in_time(request: Pending) -> Answer {
    tokio::time::timeout(DEADLINE, request.answer()).await.expect("an answer in time")
}

/// Asks until the session is served again, and returns what `program` then said.
async fn again(server: &Server, browser: &Browser, program: &str) -> String {
    let mut said = String::new();
    within(DEADLINE, "the session is served again", async || {
        let answer = server.send("/member", browser.cookie.as_deref(), program).await;
        let is_served = answer.is_success();
        said = answer.body;
        is_served
    })
    .await;
    said
}

async fn dead_server_is_503_and_the_same_cookie_works_after_it(mut backend: Backend) {
    let mut server = Server::start(backend.address());
    let mut browser = Browser::signed_on(&server, "set x 1").await;
    browser.run(&server, "add x").await;
    for round in 0..3 {
        let cookie = browser.cookie.clone();
        let gate = round.to_string();
        let program = format!("get x; wait {gate}; set x 9");
        let caught = server.begin("/member", cookie.as_deref(), &program);
        server.reached(&gate).await;
        backend.kill();
        for program in ["get x", "set x 5", "add x", "login ann", "logout"] {
            in_time(server.begin("/member", cookie.as_deref(), program)).await.refuses(503);
            in_time(server.begin("/run", cookie.as_deref(), program)).await.refuses(503);
        }
        in_time(server.begin("/run", None, "set x 1")).await.refuses(503);
        server.set(&gate).await;
        in_time(caught).await.refuses(503);
        assert_eq!(in_time(server.begin("/run", None, "get x")).await.body, "-");
        for path in ["/plain", "/unasked"] {
            let answer = in_time(server.begin(path, cookie.as_deref(), "")).await;
            assert_eq!((answer.status.as_u16(), answer.set_cookie()), (200, None));
        }
        backend.restart().await;
        if backend.outlives_its_server() {
            assert_eq!(again(&server, &browser, "get x").await, (2 + round).to_string());
        } else {
            within(DEADLINE, "a store that forgot is served again", async || {
                browser.send(&server, "/run", &format!("set x {}", 2 + round)).await.is_success()
            })
            .await;
            assert_ne!(browser.cookie, cookie, "an ended session is not begun again");
        }
        let cookie = browser.cookie.clone();
        assert_eq!(browser.run(&server, "add x").await, (3 + round).to_string());
        assert_eq!(browser.cookie, cookie);
        assert!(server.is_running());
    }
}

async fn frozen_server_is_503_in_time_and_works_when_it_thaws(backend: Backend) {
    let mut server = Server::start(backend.address());
    // What the store is asked in the handler, or at the commit.
    for (round, program) in [
        "GATE; set x 2",
        "GATE; add x",
        "GATE; login ann",
        "GATE; regenerate",
        "GATE; logout",
        "GATE; logout; set y 1",
        "GATE; flash message",
    ]
    .into_iter()
    .enumerate()
    {
        let gate = round.to_string();
        let program = program.replace("GATE", &format!("wait {gate}"));
        let browser = Browser::signed_on(&server, "set base 1; set x 1").await;
        let cookie = browser.cookie.as_deref();
        let committing = server.begin("/member", cookie, &program);
        server.reached(&gate).await;
        let frozen = backend.freeze();
        server.set(&gate).await;
        let opening = server.begin("/member", cookie, "get x");
        in_time(committing).await.refuses(503);
        in_time(opening).await.refuses(503);
        for path in ["/plain", "/unasked"] {
            assert!(in_time(server.begin(path, cookie, "")).await.is_success());
        }
        drop(frozen);
        // What was on the way arrives now: the session is whole under its id, or a logout ended it.
        let may_end = program.contains("logout");
        let mut last = None;
        within(DEADLINE, &program, async || {
            let answer = server.send("/member", cookie, "get base").await;
            let is_served = answer.is_success() || may_end && answer.status == 401;
            last = Some(answer);
            is_served
        })
        .await;
        let last = last.unwrap();
        assert!(last.status == 401 || last.body == "1", "{program}: {last:?}");
        if !may_end {
            assert_eq!(again(&server, &browser, "set z 1; get z").await, "1");
        }
    }
    assert!(server.is_running());
}

/// A server behind a proxy that can cut replies, and one that sees what became of it.
struct Cuttable {
    redis: RedisServer,
    proxy: Proxy,
    behind: Server,
    beside: Server,
}

/// As RESP begins them: a compare-and-set, which a trace is too, a compare-and-delete, a creation.
const UPDATE: &str = "*7\r\n$7\r\nEVALSHA";
const DELETE_IF: &str = "*5\r\n$7\r\nEVALSHA";
const CREATE: &str = "\r\nNX\r\n";

impl Cuttable {
    async fn start() -> Self {
        let redis = RedisServer::start().await.unwrap();
        let proxy = Proxy::start(redis.addr()).await.unwrap();
        let behind = Server::start(server::redirect(&redis.url(), proxy.addr()));
        let beside = Server::start(redis.url());
        let it = Self { redis, proxy, behind, beside };
        // Redis learns the scripts, so that each call is one command.
        let mut browser = Browser::signed_on(&it.beside, "set x 1").await;
        browser.run(&it.beside, "add x; login ann").await;
        browser.run(&it.beside, "logout").await;
        it
    }

    /// How often Redis wrote a value, on its own or for a script.
    async fn writes(&self) -> u64 {
        self.redis.command_calls().await.unwrap()["set"]
    }

    async fn records(&self) -> usize {
        sessions(&self.redis).await
    }

    /// Runs `program`, which loses the answer to the request with `needle` in it.
    async fn cut(&self, needle: &str, cookie: Option<&str>, program: &str) {
        self.proxy.cut_reply_to(needle.as_bytes());
        in_time(self.behind.begin("/run", cookie, program)).await.refuses(503);
        self.assert_cut_once(program);
    }

    fn assert_cut_once(&self, program: &str) {
        let report = self.proxy.cut_report();
        assert_eq!(report, CutReport { requests: 1, is_cut: true }, "{program}");
    }
}

#[test]
fn write_whose_answer_is_lost_is_503_and_applied_once() {
    run(async {
        let it = Cuttable::start().await;
        for (program, look, after) in [
            ("add x", "get x", "2"),
            ("set x 5", "get x", "5"),
            ("remove x", "get x", "-"),
            ("flash hello", "flashes", "hello"),
            ("add x; set y 1", "get x; get y", "2\n-"),
        ] {
            let mut browser = Browser::signed_on(&it.beside, "set x 1; set base 1").await;
            let before = it.writes().await;
            it.cut(UPDATE, browser.cookie.as_deref(), program).await;
            assert_eq!(it.writes().await - before, 1, "{program}");
            assert_eq!(browser.run(&it.beside, look).await, after, "{program}");
            // The process behind the proxy goes on with another connection.
            assert_eq!(browser.run(&it.behind, "get base; add z").await, "1\n1");
        }
    });
}

#[test]
fn counter_grows_by_what_was_applied_however_often_answers_are_lost() {
    run(async {
        let it = Cuttable::start().await;
        let mut browser = Browser::signed_on(&it.beside, "set n 0").await;
        let before = it.writes().await;
        let mut applied = 0;
        for round in 0..60 {
            if round % 3 == 0 {
                it.cut(UPDATE, browser.cookie.as_deref(), "add n").await;
            } else {
                browser.run(&it.behind, "add n").await;
            }
            applied += 1;
        }
        assert_eq!(it.writes().await - before, applied);
        assert_eq!(browser.run(&it.beside, "get n").await, applied.to_string());
    });
}

#[test]
fn first_write_whose_answer_is_lost_leaves_no_record() {
    run(async {
        let it = Cuttable::start().await;
        for program in ["set x 1", "add x", "login ann", "flash hello"] {
            it.cut(CREATE, None, program).await;
            assert_eq!(it.records().await, 0, "{program}");
        }
    });
}

#[test]
fn logout_whose_answer_is_lost_has_ended_the_session() {
    run(async {
        let it = Cuttable::start().await;
        for program in ["logout", "logout; set y 1", "set x 2; logout"] {
            let browser = Browser::signed_on(&it.beside, "set x 1").await;
            it.cut(DELETE_IF, browser.cookie.as_deref(), program).await;
            assert!(!browser.is_known(&it.behind).await, "{program}");
            assert_eq!(it.records().await, 0, "{program}");
        }
    });
}

#[test]
fn login_that_loses_an_answer_leaves_one_session_or_none() {
    run(async {
        let it = Cuttable::start().await;
        for program in ["login ann", "regenerate", "set x 2; login ann"] {
            // The new record cannot be vouched for, and goes; the session stays where it was.
            let mut browser = Browser::signed_on(&it.beside, "set x 1").await;
            it.cut(CREATE, browser.cookie.as_deref(), program).await;
            assert_eq!(it.records().await, 1, "{program}");
            assert_eq!(browser.run(&it.behind, "get x").await, "1");
            browser.run(&it.beside, "logout").await;

            // A trace is in place of the old record, which nobody was told: the new one goes too.
            let browser = Browser::signed_on(&it.beside, "set x 1").await;
            it.cut(UPDATE, browser.cookie.as_deref(), program).await;
            assert!(!browser.is_known(&it.beside).await);
            assert_eq!(it.records().await, 0, "{program}");
        }
    });
}

#[test]
fn login_that_loses_an_answer_while_another_writes_keeps_that_write() {
    run(async {
        let it = Cuttable::start().await;
        for round in 0..2 {
            let mut browser = Browser::signed_on(&it.beside, "set x 1").await;
            let program = format!("wait {round}; login ann");
            let login = it.behind.begin("/run", browser.cookie.as_deref(), &program);
            it.behind.reached(&round.to_string()).await;
            browser.run(&it.beside, "set w 1").await;
            it.proxy.cut_reply_to(UPDATE.as_bytes());
            it.behind.set(&round.to_string()).await;
            in_time(login).await.refuses(503);
            it.assert_cut_once(&program);
            // The trace was refused, as the record had changed, so the old one stands.
            assert_eq!(it.records().await, 1);
            assert_eq!(browser.run(&it.behind, "get x; get w").await, "1\n1");
            browser.run(&it.beside, "logout").await;
        }
    });
}
