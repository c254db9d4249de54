//! Handlers that fail, clients that go away, and bodies that take their time.

use e2e::{Backend, Browser, Server, on_each_store, within};
use session_core::ErrorKind;
use std::io::Write as _;
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

/// The promise is two seconds; the rest is slack for a machine that does other things.
const DEADLINE: Duration = Duration::from_secs(8);

on_each_store!(
    failed_request_leaves_the_session_under_its_old_cookie,
    update_stands_whatever_becomes_of_the_request,
    half_a_request_changes_nothing,
    client_that_hangs_up_before_the_commit_changes_nothing,
    hundred_clients_that_hang_up_leave_the_session_whole,
    streamed_response_is_stored_before_its_head_is_sent,
);

mod held_up {
    e2e::on_stores! {
        filesystem: e2e::Backend::files();
        redis: e2e::Backend::redis().await;
        mongodb: e2e::Backend::mongodb().await;
        dynamodb: e2e::Backend::dynamodb().await;
        => [
            client_that_hangs_up_in_the_commit_leaves_the_session_whole,
            streamed_response_that_cannot_be_stored_is_503
        ]
    }
    use super::{
        client_that_hangs_up_in_the_commit_leaves_the_session_whole,
        streamed_response_that_cannot_be_stored_is_503,
    };
}

const CHANGES: [&str; 7] = [
    "set x 2; regenerate",
    "set x 2; login ann",
    "set x 2; logout",
    "regenerate; remove x",
    "logout; set y 1",
    "flash message",
    "set x 2",
];

async fn failed_request_leaves_the_session_under_its_old_cookie(backend: Backend) {
    let server = Server::start(backend.address());
    let mut browser = Browser::signed_on(&server, "set x 1; flash first").await;
    for change in CHANGES {
        let cookie = browser.cookie.as_deref();
        server.send("/member", cookie, &format!("{change}; fail")).await.refuses(500);
        server.begin("/member", cookie, &format!("{change}; panic")).broken().await;
        assert_eq!(browser.run(&server, "get x; get y; get _user_id").await, "1\n-\n-", "{change}");
        assert_eq!(backend.records().await, 1, "{change}");
    }
    assert_eq!(browser.run(&server, "flashes").await, "first");
}

async fn update_stands_whatever_becomes_of_the_request(backend: Backend) {
    let server = Server::start(backend.address());
    let mut browser = Browser::signed_on(&server, "set n 0; set x 1").await;
    let cookie = browser.cookie.clone();
    server.send("/member", cookie.as_deref(), "add n; set x 2; fail").await.refuses(500);
    server.begin("/member", cookie.as_deref(), "add n; set x 2; panic").broken().await;
    let waiting = server.begin("/member?over", cookie.as_deref(), "add n; set x 2; wait a");
    server.reached("a").await;
    waiting.hang_up().await;
    server.wait("over").await;
    assert_eq!(browser.run(&server, "get n; get x").await, "3\n1");

    // An update that made the session tells the browser, also beside a failure.
    let answer = server.send("/run", None, "add n; set x 2; fail").await;
    assert_eq!(answer.status, 500);
    assert_eq!(Browser::after(&answer).run(&server, "get n; get x").await, "1\n-");
}

async fn half_a_request_changes_nothing(backend: Backend) {
    let server = Server::start(backend.address());
    let mut browser = Browser::signed_on(&server, "set x 1").await;
    let cookie = browser.cookie.clone().unwrap();
    let request = format!(
        "POST /member?over HTTP/1.1\r\nhost: test\r\ncookie: {cookie}\r\ncontent-length: 99\r\n\r\nset x"
    );
    let mut stream = TcpStream::connect(server.addr()).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    stream.shutdown(Shutdown::Both).unwrap();
    server.wait("over").await;
    assert_eq!(browser.run(&server, "get x").await, "1");
    assert_eq!(backend.records().await, 1);
}

async fn client_that_hangs_up_before_the_commit_changes_nothing(backend: Backend) {
    let server = Server::start(backend.address());
    let mut browser = Browser::signed_on(&server, "set x 1").await;
    for (round, change) in CHANGES.into_iter().enumerate() {
        let path = format!("/member?over{round}");
        let program = format!("{change}; wait {round}");
        let waiting = server.begin(&path, browser.cookie.as_deref(), &program);
        server.reached(&round.to_string()).await;
        waiting.hang_up().await;
        server.wait(&format!("over{round}")).await;
        server.set(&round.to_string()).await;
        assert_eq!(browser.run(&server, "get x; get y; flashes").await, "1\n-", "{change}");
        assert_eq!(backend.records().await, 1, "{change}");
    }
}

async fn client_that_hangs_up_in_the_commit_leaves_the_session_whole(backend: Backend) {
    let server = Server::start(backend.address());
    for (round, change) in CHANGES.into_iter().enumerate() {
        let before = backend.records().await;
        let mut browser = Browser::signed_on(&server, "set x 1; set base 1").await;
        let gate = round.to_string();
        let path = format!("/member?over{round}");
        let program = format!("wait {gate}; {change}; say said{round}");
        let committing = server.begin(&path, browser.cookie.as_deref(), &program);
        server.reached(&gate).await;
        let frozen = backend.freeze();
        server.set(&gate).await;
        server.wait(&format!("said{round}")).await;
        assert!(committing.is_pending(), "nothing is answered before it is stored");
        committing.hang_up().await;
        server.wait(&format!("over{round}")).await;
        drop(frozen);

        // The old session or the new one, whole. A move goes on without its client, and may come
        // to its end before this request, in it, or after it.
        let mut answer = None;
        within(DEADLINE, "the store is back", async || {
            let next = browser.send(&server, "/member", "get base; set z 1; get z").await;
            answer.insert(next).status != 503
        })
        .await;
        let answer = answer.unwrap();
        let is_move = ["regenerate", "login", "logout"].iter().any(|word| change.contains(word));
        if answer.is_success() {
            assert_eq!(answer.body, "1\n1", "{change}");
        } else {
            let is_ended = [401, 409].contains(&answer.status.as_u16());
            assert!(is_ended && is_move, "{change}: {answer:?}");
        }
        within(DEADLINE, "at most one record is left", async || {
            backend.records().await <= before + 1
        })
        .await;
        browser.send(&server, "/run", "logout").await;
    }
}

async fn hundred_clients_that_hang_up_leave_the_session_whole(backend: Backend) {
    let server = Server::start(backend.address());
    let mut browser = Browser::signed_on(&server, "set n 0").await;
    let mut requests = Vec::new();
    for n in 0..100 {
        let path = format!("/member?over{n}");
        requests.push(server.begin(&path, browser.cookie.as_deref(), "say begun; add n"));
    }
    server.wait("begun").await;
    let (mut acknowledged, mut left) = (0, 0);
    for (n, request) in requests.into_iter().enumerate() {
        if n % 4 == 0 {
            acknowledged += i32::from(request.answer().await.is_success());
        } else {
            request.hang_up().await;
            left += 1;
        }
    }
    // Those that had not even connected never begin; an update that did is over in no time.
    let counted: i32 = browser.run(&server, "get n").await.parse().unwrap();
    println!("{counted} counted, {acknowledged} acknowledged, {left} hung up");
    assert!((acknowledged..=100).contains(&counted), "{acknowledged} <= {counted}");
    assert_eq!(browser.run(&server, "set n 0; get n; set z 1").await, "0");
    assert_eq!(backend.records().await, 1);
}

async fn streamed_response_is_stored_before_its_head_is_sent(backend: Backend) {
    let servers = Server::start_many(2, &backend);
    let streaming = servers[0].begin("/run", None, "set x 1; stream end").head().await;
    let set = streaming.response.headers().get(http::header::SET_COOKIE).unwrap();
    let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
    let mut browser = Browser { cookie: Some(pair) };
    assert_eq!(browser.run(&servers[1], "get x").await, "1");

    let cookie = browser.cookie.as_deref();
    let second = servers[0].begin("/run", cookie, "set x 2; stream end").head().await;
    assert_eq!(second.response.status(), 200);
    assert_eq!(browser.run(&servers[1], "get x").await, "2");
    servers[0].set("end").await;
    assert_eq!(streaming.answer().await.body, "first second");
    assert_eq!(second.answer().await.body, "first second");
}

async fn streamed_response_that_cannot_be_stored_is_503(backend: Backend) {
    let server = Server::start(backend.address());
    let browser = Browser::signed_on(&server, "set x 1").await;
    let program = "wait a; set x 2; stream end";
    let streaming = server.begin("/member", browser.cookie.as_deref(), program);
    server.reached("a").await;
    let frozen = backend.freeze();
    server.set("a").await;
    let answer = tokio::time::timeout(DEADLINE, streaming.answer()).await.expect("in time");
    answer.refuses(503);
    let advice = ErrorKind::Unavailable.advice();
    assert_eq!(answer.body, advice, "none of the handler's body");
    drop(frozen);
}
