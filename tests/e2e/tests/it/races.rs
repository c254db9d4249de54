//! Four processes, one store, and requests of one session that meet in it.

use e2e::{Answer, Backend, Browser, Pending, Server, on_every_store};

on_every_store!(
    acknowledged_updates_are_all_counted,
    values_changed_by_functions_are_exact,
    writes_to_different_keys_all_survive,
    reads_cost_no_write,
    one_of_two_that_read_and_set_a_key_wins,
    blind_sets_and_overwrites_win_over_what_was_read,
    flash_is_shown_once_and_none_is_lost,
    nothing_outlives_a_logout,
);

const PROCESSES: usize = 4;

async fn answers(requests: Vec<Pending>) -> Vec<Answer> {
    let mut answers = Vec::with_capacity(requests.len());
    for request in requests {
        answers.push(request.answer().await);
    }
    answers
}

fn successes(answers: &[Answer]) -> usize {
    answers.iter().filter(|answer| answer.is_success()).count()
}

/// Sends the programs at once, to the servers in turn.
async fn all(
    servers: &[Server],
    browser: &Browser,
    programs: impl Iterator<Item = String>,
) -> Vec<Answer> {
    let servers = servers.iter().cycle();
    let requests = programs.zip(servers);
    let requests = requests
        .map(|(program, server)| server.begin("/member", browser.cookie.as_deref(), &program));
    answers(requests.collect()).await
}

async fn acknowledged_updates_are_all_counted(backend: Backend) {
    let servers = Server::start_patient(PROCESSES, &backend);
    let mut browser = Browser::signed_on(&servers[0], "set n 0").await;
    let crowd = 100;
    let answers = all(&servers, &browser, (0..crowd).map(|_| "add n".to_owned())).await;
    let counted = successes(&answers);
    println!("{counted} of {crowd} updates succeeded");
    assert!(counted == crowd || backend.is_cache(), "{counted} of {crowd}");
    for answer in answers.iter().filter(|answer| !answer.is_success()) {
        answer.refuses(if answer.status == 503 { 503 } else { 409 });
    }
    // A 503 may have been applied.
    let unknown = answers.iter().filter(|answer| answer.status == 503).count();
    let stored: usize = browser.run(&servers[1], "get n").await.parse().unwrap();
    assert!((counted..=counted + unknown).contains(&stored), "{stored} stored, {unknown} unknown");
    let mut told: Vec<usize> = answers.iter().filter_map(|it| it.body.parse().ok()).collect();
    told.sort_unstable();
    told.dedup();
    assert_eq!(told.len(), counted, "each was told a value of its own");
}

/// Each of the requests loaded the session before the first of them is committed.
async fn values_changed_by_functions_are_exact(backend: Backend) {
    let servers = Server::start_patient(PROCESSES, &backend);
    let mut browser = Browser::signed_on(&servers[0], "set n 0").await;
    for crowd in [6, 50] {
        let before: usize = browser.run(&servers[0], "get n").await.parse().unwrap();
        let mut requests = Vec::new();
        for (n, server) in (0..crowd).zip(servers.iter().cycle()) {
            let program = format!("say {n}-of-{crowd}:reached; wait all-{crowd}; count n");
            requests.push(server.begin("/member", browser.cookie.as_deref(), &program));
            server.reached(&format!("{n}-of-{crowd}")).await;
        }
        for server in &servers {
            server.set(&format!("all-{crowd}")).await;
        }
        let answers = answers(requests).await;
        let counted = successes(&answers);
        println!("{counted} of {crowd} changes succeeded");
        assert!(counted == crowd || (crowd > 6 && backend.is_cache()), "{counted} of {crowd}");
        let after: usize = browser.run(&servers[1], "get n").await.parse().unwrap();
        let unknown = answers.iter().filter(|answer| answer.status == 503).count();
        assert!((before + counted..=before + counted + unknown).contains(&after), "{after}");
    }
}

async fn writes_to_different_keys_all_survive(backend: Backend) {
    let servers = Server::start_patient(PROCESSES, &backend);
    let mut browser = Browser::signed_on(&servers[0], "set n 0").await;
    let crowd = 50;
    let programs = (0..crowd).map(|n| format!("set k{n} {n}"));
    let answers = all(&servers, &browser, programs).await;
    println!("{} of {crowd} writes succeeded", successes(&answers));
    for (n, answer) in answers.iter().enumerate() {
        assert!(answer.is_success() || backend.is_cache(), "{answer:?}");
        if !answer.is_success() {
            continue;
        }
        assert_eq!(browser.run(&servers[n % PROCESSES], &format!("get k{n}")).await, n.to_string());
    }
}

async fn reads_cost_no_write(backend: Backend) {
    let servers = Server::start_patient(PROCESSES, &backend);
    let mut browser = Browser::signed_on(&servers[0], "set n 7").await;
    let crowd = 200;
    let programs = (0..crowd).map(|n| match n % 2 {
        0 => format!("set k{n} {n}"),
        _ => "get n".to_owned(),
    });
    let answers = all(&servers, &browser, programs).await;
    let (mut stored, mut lost) = (0, Vec::new());
    for (n, answer) in answers.iter().enumerate() {
        if n % 2 == 1 {
            assert_eq!((answer.status.as_u16(), &*answer.body), (200, "7"));
        } else if answer.is_success() {
            stored += 1;
            if browser.run(&servers[0], &format!("get k{n}")).await != n.to_string() {
                lost.push(n);
            }
        }
    }
    let writes = crowd / 2;
    println!("{stored} of {writes} writes stored beside as many reads");
    assert_eq!(lost, [0; 0], "acknowledged and lost");
    assert!(stored == writes || backend.is_cache(), "{stored} of {writes}");
}

/// Brings two programs to their gates `a` and `b`, opens both, and returns the answers.
async fn meet(servers: &[Server], browser: &Browser, programs: [&str; 2]) -> [Answer; 2] {
    let cookie = browser.cookie.as_deref();
    let first = servers[0].begin("/member", cookie, programs[0]);
    let second = servers[1].begin("/member", cookie, programs[1]);
    servers[0].reached("a").await;
    servers[1].reached("b").await;
    let ((), ()) = tokio::join!(servers[0].set("a"), servers[1].set("b"));
    [first.answer().await, second.answer().await]
}

async fn one_of_two_that_read_and_set_a_key_wins(backend: Backend) {
    // The second pair counts by hand: that both arrive at the same number makes it no less lost.
    for values in [["1", "2"], ["1", "1"]] {
        let servers = Server::start_many(2, &backend);
        let mut browser = Browser::signed_on(&servers[0], "set x 0").await;
        let first = format!("get x; wait a; set x {}", values[0]);
        let second = format!("get x; wait b; set x {}", values[1]);
        let met = meet(&servers, &browser, [&first, &second]).await;
        let (winner, loser) = if met[0].is_success() { (0, 1) } else { (1, 0) };
        assert!(met[winner].is_success(), "{met:?}");
        met[loser].refuses(409);
        assert_eq!(browser.run(&servers[0], "get x").await, values[winner]);
    }
}

async fn blind_sets_and_overwrites_win_over_what_was_read(backend: Backend) {
    for [first, second] in [
        ["wait a; set x 1", "wait b; set x 2"],
        ["get x; wait a; overwrite x 1", "get x; wait b; overwrite x 2"],
    ] {
        let servers = Server::start_many(2, &backend);
        let mut browser = Browser::signed_on(&servers[0], "set x 0").await;
        let met = meet(&servers, &browser, [first, second]).await;
        assert!(met.iter().all(Answer::is_success), "{first} | {second}: {met:?}");
        let left = browser.run(&servers[1], "get x").await;
        assert!(["1", "2"].contains(&&*left), "{left}");
    }
}

async fn flash_is_shown_once_and_none_is_lost(backend: Backend) {
    let servers = Server::start_many(2, &backend);
    let mut browser = Browser::signed_on(&servers[0], "flash one").await;
    let met = meet(&servers, &browser, ["flashes; wait a", "wait b; flash two"]).await;
    assert!(met.iter().all(Answer::is_success), "{met:?}");
    assert_eq!(met[0].body, "one");
    assert_eq!(browser.run(&servers[0], "flashes").await, "two");
    assert_eq!(browser.run(&servers[1], "flashes").await, "");
}

async fn nothing_outlives_a_logout(backend: Backend) {
    for late in [
        "wait a; set x 1",
        "get x; wait a; set x 1",
        "wait a; add x",
        "add x; wait a; set y 1",
        "wait a; flash late",
        "wait a; regenerate",
        "wait a; login bob",
        "wait a; remove x",
        "wait a; logout",
        "wait a; logout; set x 1",
        "wait a; regenerate; logout",
    ] {
        let servers = Server::start_many(2, &backend);
        let browser = Browser::signed_on(&servers[0], "set x 0; login ann").await;
        let slow = servers[0].begin("/member", browser.cookie.as_deref(), late);
        servers[0].reached("a").await;
        let mut leaving = browser.clone();
        leaving.run(&servers[1], "logout").await;
        assert_eq!(leaving.cookie, None, "the browser is told to forget the cookie");
        servers[0].set("a").await;
        let answer = slow.answer().await;
        assert_eq!(answer.status, 409, "{late}");
        answer.refuses(409);
        assert!(!browser.is_known(&servers[0]).await, "{late}");
        assert!(!browser.is_known(&servers[1]).await, "{late}");
        if backend.has_records_to_count() {
            assert_eq!(backend.records().await, 0, "{late}");
        }
    }
}
