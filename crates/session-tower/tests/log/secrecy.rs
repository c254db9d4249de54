//! No id, key, secret or value reaches a log, an error or a `Debug`, whatever fails.

use crate::support::Browser;
use crate::support::app::App;
use crate::support::capture::Capture;
use session_core::{Bytes, Config, ErrorKind, IdSyntax, Lease, MemoryStore, Precondition};
use session_core::{SessionId, SessionManager, Signer, Store, StoreKey};
use session_testkit::{Fault, FaultyStore, Method};
use session_tower::SessionLayer;
use std::fmt::Write as _;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

const CANARY: &str = "canary-in-a-value";
const SECRET: &str = "a-secret-that-signs-and-is-long-enough";

/// Everything that was said, and every word that nobody may say.
struct Ears {
    heard: String,
    unspeakable: Vec<String>,
}

impl Ears {
    fn know(&mut self, browser: &Browser) {
        for part in browser.id().split('.') {
            self.unspeakable.push(part.to_owned());
        }
    }

    async fn get(&mut self, app: &App, browser: &mut Browser, path: &str) {
        let answer = browser.get(&app.router, path).await;
        writeln!(self.heard, "{:?}", answer.headers).unwrap();
        if answer.status != 200 {
            writeln!(self.heard, "{} {}", answer.status, answer.body).unwrap();
        }
        if browser.cookie.is_some() {
            self.know(browser);
        }
    }
}

async fn spoil(store: &MemoryStore, browser: &Browser) {
    let key = StoreKey::new("session:", browser.id().split('.').next().unwrap());
    let old = store.load(&key).await.unwrap().unwrap();
    let lease = Lease { ttl: old.ttl, owner: Some(CANARY) };
    let payload = Bytes::from(format!("\u{1}{CANARY}"));
    let _ = store.write(&key, payload, &lease, Precondition::Unchanged(&old)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_secret_is_said() {
    let capture = Capture::start();
    let mut ears =
        Ears { heard: String::new(), unspeakable: vec![CANARY.to_owned(), SECRET.to_owned()] };
    let memory = Arc::new(MemoryStore::new());
    let faulty = Arc::new(FaultyStore::new(memory.clone()));
    let config = Config::builder()
        .use_signer(true)
        .max_payload(1000)
        .owner_index(true)
        .lifetime(Duration::from_secs(1000))
        .cleanup_n_requests(NonZeroU32::new(3).unwrap())
        .build()
        .unwrap();
    let app = App::with(faulty.clone(), config.clone(), Signer::new(SECRET).unwrap());
    let set = format!("/set:a={CANARY}/login:{CANARY}");

    // What fails, with the faults that make it fail.
    let unknown = Fault::FailAfterApplying(ErrorKind::Unknown);
    let table: &[(&str, &[(Method, Fault)])] = &[
        ("/get:a", &[(Method::Load, Fault::Fail(ErrorKind::Unavailable))]),
        ("/get:a", &[(Method::Load, Fault::Hang)]),
        ("/set:a=canary-in-a-value2", &[(Method::Write, unknown)]),
        ("/update:n", &[(Method::Write, Fault::Hang)]),
        ("/regenerate", &[(Method::Write, unknown), (Method::Delete, Fault::Hang)]),
        ("/login:canary-in-a-value3", &[(Method::Delete, unknown), (Method::Delete, Fault::Hang)]),
        ("/flush", &[(Method::Delete, Fault::Fail(ErrorKind::Unavailable))]),
        ("/update:a", &[]),
        ("/increment:a", &[]),
        ("/big:canary-in-a-value=1001", &[]),
        ("/big:b=950", &[]),
        ("/flash:canary-in-a-value/status:500", &[]),
    ];
    for (path, faults) in table {
        let mut browser = app.visit(&set).await;
        ears.know(&browser);
        faults.iter().for_each(|(method, fault)| faulty.push(*method, *fault));
        ears.get(&app, &mut browser, path).await;
        faulty.clear();
    }

    faulty.push(Method::DeleteExpired, Fault::Fail(ErrorKind::Unavailable));
    for _ in 0..4 {
        app.request("/plain", &[]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // A renewal that fails, a conflict, a session that ended, an undecodable one, tossed cookies.
    let mut browser = app.visit(&set).await;
    tokio::time::advance(Duration::from_secs(500)).await;
    faulty.push(Method::Touch, unknown);
    ears.get(&app, &mut browser, "/new").await;
    // An application's keys may hold an address.
    let increment = format!("/increment:{CANARY}");
    let conflict = (format!("{increment}/pause"), increment.as_str());
    for (slow, fast) in [conflict, ("/pause/set:a=1".into(), "/flush")] {
        let mut browser = app.visit(&set).await;
        ears.know(&browser);
        let slow = app.pause(&browser, &slow).await;
        browser.ok(&app.router, fast).await;
        app.gate.open(1);
        assert_eq!(slow.await.unwrap().status, 409);
    }
    let mut broken = app.visit(&set).await;
    spoil(&memory, &broken).await;
    ears.get(&app, &mut broken, "/get:a").await;
    let other = app.visit(&set).await;
    ears.know(&other);
    let mut both = app.visit(&set).await;
    ears.know(&both);
    let tossed = format!("{}; {}", both.cookie.as_ref().unwrap(), other.cookie.as_ref().unwrap());
    assert_eq!(app.request("/get:a", &[tossed.as_bytes()]).await.body, "none");
    app.request("/get:a", &[format!("session={CANARY}").as_bytes()]).await;
    ears.get(&app, &mut both, "/get:a").await;

    // Every `Debug` and every error that an application can print.
    let signer = Signer::new(SECRET).unwrap();
    write!(ears.heard, "{signer:?} {:?}", app.manager).unwrap();
    let manager = SessionManager::new(memory.clone(), config, signer).unwrap();
    write!(ears.heard, "{:?}", SessionLayer::new(manager.clone())).unwrap();
    let exchange = manager.open();
    let session = exchange.session([other.cookie.as_ref().unwrap().as_bytes()]).await.unwrap();
    session.flash(CANARY, CANARY).unwrap();
    for error in [
        session.get::<u64>("a").unwrap_err(),
        session.remove::<Vec<u8>>("a").unwrap_err(),
        session.insert("b", CANARY.repeat(99)).unwrap_err(),
        session.update("a", |_: Option<u8>| 1).await.unwrap_err(),
    ] {
        write!(ears.heard, "{error} {error:#} {error:?}").unwrap();
    }
    let id =
        SessionId::parse(other.id().split('.').next().unwrap().as_bytes(), IdSyntax::Base64Url);
    let key = StoreKey::new("session:", id.as_ref().unwrap().as_str());
    let record = memory.load(&key).await.unwrap().unwrap();
    let lease = Lease { ttl: record.ttl, owner: Some(CANARY) };
    let when = Precondition::Unchanged(&record);
    write!(ears.heard, "{session:?} {exchange:?} {id:?} {key:?} {record:?} {lease:?} {when:?}")
        .unwrap();
    session.regenerate().unwrap();
    let committing = exchange.commit();
    write!(ears.heard, "{committing:?} {memory:?} {faulty:?}").unwrap();
    let commit = committing.await.unwrap();
    write!(ears.heard, "{commit:?}").unwrap();
    let cookie = commit.id_field().unwrap().split(';').next().unwrap().to_owned();
    ears.know(&Browser { cookie: Some(cookie) });

    let logged = capture.text();
    for event in [
        "session load failed",
        "session commit failed",
        "session renewal failed",
        "session conflict",
        "stored session undecodable",
        "several session ids",
        "session id malformed",
        "orphaned session",
        "session sweep failed",
        "session error in a handler",
    ] {
        assert!(logged.contains(event), "{event:?} was not provoked:\n{logged}");
    }
    for word in &ears.unspeakable {
        for said in [&logged, &ears.heard] {
            let line = said.lines().find(|line| line.contains(word.as_str()));
            assert_eq!(line, None, "{word}");
        }
    }
}
