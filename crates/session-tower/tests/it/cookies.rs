//! Which cookies open a session, which are answered, and how.

mod answers;

use crate::support::Browser;
use crate::support::app::{App, counted};
use crate::support::ids::{alias, made_up};
use session_core::{Config, ErrorKind, MemoryStore, SessionManager, Signer, Store, StoreKey};
use session_testkit::{Calls, CountingStore};
use std::sync::Arc;
use std::time::Duration;

fn plain() -> (App, Arc<CountingStore>) {
    counted(Config::default(), None)
}

fn loads(calls: Calls) -> u64 {
    assert_eq!(calls.total(), calls.load, "{calls:?}");
    calls.load
}

#[tokio::test]
async fn malformed_id_never_reaches_the_store() {
    let (app, store) = plain();
    let live = app.visit("/set:a=1").await.id().to_owned();
    store.take_calls();
    let values: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"x".to_vec(),
        b"AAAAAAAAAAAAAAAAAAAAA".to_vec(),
        live.as_bytes()[..41].to_vec(),
        format!("{live}AA").into(),
        format!("{live}=").into(),
        format!("\"{live}\"").into(),
        format!(" {live}").into(),
        format!("{live}.{live}").into(),
        format!("session:{live}").into(),
        alias(&live).into(),
        live.replacen(&live[..1], "%41", 1).into(),
        format!("{}/", &live[..42]).into(),
        format!("{}+", &live[..42]).into(),
        [&live.as_bytes()[..42], &[0xff]].concat(),
        "ä".repeat(22).into(),
        "A".repeat(87).into(),
        "A".repeat(4000).into(),
        "a".repeat(64).into(),
        b"0f8fad5b-d9cb-469f-a165-70867728950e".to_vec(),
    ];
    for value in &values {
        let cookie = [b"session=", &value[..]].concat();
        let answer = app.request("/get:a", &[&cookie]).await;
        assert_eq!(answer.body, "none", "{}", value.escape_ascii());
        assert_eq!(answer.set_cookies(), [""; 0]);
        assert_eq!(store.take_calls().total(), 0, "{}", value.escape_ascii());
        // It is not adopted either: what is written gets an id of ours.
        let written = app.request("/set:a=2", &[&cookie]).await;
        let new = written.set_cookie().split(';').next().unwrap().as_bytes();
        assert!(new.len() == 51 && new != cookie, "{}", value.escape_ascii());
        store.take_calls();
    }
}

#[tokio::test]
async fn unknown_id_is_looked_up_and_not_adopted() {
    let (app, store) = plain();
    let id = made_up();
    let cookie = format!("session={id}");
    let answer = app.request("/get:a", &[cookie.as_bytes()]).await;
    assert_eq!((answer.body.as_str(), loads(store.take_calls())), ("none", 1));
    assert_eq!(answer.set_cookies(), [""; 0]);
    let mut browser = Browser { cookie: Some(cookie.clone()) };
    browser.ok(&app.router, "/set:a=1").await;
    assert_ne!(browser.cookie, Some(cookie));
    assert!(store.load(&StoreKey::new("session:", &id)).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn expired_id_is_not_adopted() {
    let config = Config::builder().lifetime(Duration::from_secs(60)).build().unwrap();
    let (app, _) = counted(config, None);
    let mut browser = app.visit("/set:a=1").await;
    let old = browser.cookie.clone();
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(browser.ok(&app.router, "/get:a").await, "none");
    browser.ok(&app.router, "/set:a=2").await;
    assert_ne!(browser.cookie, old);
}

#[tokio::test]
async fn of_several_cookies_exactly_one_live_session_counts() {
    let (app, store) = plain();
    let [a, b] = [app.visit("/set:a=1").await, app.visit("/set:a=2").await];
    let [a, b] = [a.cookie.unwrap(), b.cookie.unwrap()];
    let dead: Vec<String> = (0..4).map(|_| format!("session={}", made_up())).collect();
    let junk = "session=junk".to_owned();
    let table: &[(&[&[&String]], &str, u64)] = &[
        (&[&[&a]], "1", 1),
        (&[&[&dead[0], &a]], "1", 2),
        (&[&[&a, &dead[0]]], "1", 2),
        (&[&[&a], &[&dead[0]]], "1", 2),
        (&[&[&a, &a], &[&a]], "1", 1),
        (&[&[&junk, &a, &junk, &junk, &junk]], "1", 1),
        (&[&[&dead[0], &dead[1], &a]], "1", 3),
        (&[&[&dead[0], &dead[1]]], "none", 2),
        (&[&[&a, &b]], "none", 2),
        (&[&[&a], &[&b]], "none", 2),
        (&[&[&b, &dead[0], &a]], "none", 3),
        (&[&[&dead[0], &dead[1], &dead[2], &a]], "none", 0),
        (&[&[&a, &dead[0], &dead[1], &dead[2]]], "none", 0),
        (&[&[&dead[0], &dead[1]], &[&dead[2], &dead[3]]], "none", 0),
    ];
    store.take_calls();
    for (row, (fields, expected, calls)) in table.iter().enumerate() {
        let fields: Vec<String> = fields
            .iter()
            .map(|field| field.iter().map(|pair| pair.as_str()).collect::<Vec<_>>().join("; "))
            .collect();
        let fields: Vec<&[u8]> = fields.iter().map(String::as_bytes).collect();
        let answer = app.request("/get:a", &fields).await;
        assert_eq!((answer.body.as_str(), loads(store.take_calls())), (*expected, *calls), "{row}");
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
}

/// The prefix of one application and its id are together what another one could take for an id.
#[tokio::test]
async fn applications_whose_prefixes_overlap_keep_their_sessions_apart() {
    let store = Arc::new(MemoryStore::new());
    let app = |prefix: &str| {
        let config = Config::builder().key_prefix(prefix).build().unwrap();
        App::with(store.clone(), config, None)
    };
    let prefixes = ["", "shop", "shop-", "shop-eu-", "shop:"];
    for owner in prefixes {
        let visitor = app(owner).visit("/set:a=1").await;
        for other in prefixes.into_iter().filter(|other| owner.starts_with(other)) {
            let rest = owner.strip_prefix(other).unwrap();
            let cookie = format!("session={rest}{}", visitor.id());
            let answer = app(other).request("/get:a", &[cookie.as_bytes()]).await;
            let expected = if owner == other { "1" } else { "none" };
            assert_eq!(answer.body, expected, "{owner:?} at {other:?}");
        }
    }
}

#[test]
fn managers_whose_cookies_open_each_others_sessions_are_refused() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let other_store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    let manager = |store: &Arc<dyn Store>, name: &str, prefix: &str, signer: Option<Signer>| {
        let config = Config::builder()
            .cookie_name(name)
            .key_prefix(prefix)
            .use_signer(signer.is_some())
            .build()
            .unwrap();
        SessionManager::new(store.clone(), config, signer)
    };
    let signer = || Some(Signer::new("a key of thirty-two bytes or more").unwrap());
    let first = manager(&store, "session", "session:", None).unwrap();
    manager(&store, "session", "session:", None).unwrap();
    manager(&store, "admin", "admin:", None).unwrap();
    manager(&other_store, "admin", "session:", None).unwrap();
    // Of a signed cookie, whoever holds it can cut the signature off.
    for signer in [None, signer()] {
        let refused = manager(&store, "admin", "session:", signer).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Config);
        let said = refused.to_string();
        for word in ["session", "admin", "SESSION_KEY_PREFIX", "SESSION_USE_SIGNER"] {
            assert!(said.contains(word), "{said}");
        }
    }
    drop(first);
    let signing = manager(&store, "admin", "session:", signer()).unwrap();
    manager(&store, "session", "session:", signer()).unwrap();
    manager(&store, "session", "session:", None).unwrap_err();
    drop(signing);
    manager(&store, "admin", "session:", None).unwrap();
}

/// None of them is believed, so the way out is a logout that ends all.
#[tokio::test]
async fn logout_ends_every_session_that_the_browser_sent() {
    let end = |load, write, delete| Calls { load, write, delete, ..Calls::default() };
    // How many live sessions are sent, what is asked, the calls, and how many live afterwards.
    let table = [
        (1, "/flush", 200, end(1, 0, 1), 0),
        (2, "/flush", 200, end(2, 0, 2), 0),
        (3, "/flush", 200, end(3, 0, 3), 0),
        (2, "/flush/set:b=1", 200, end(2, 1, 2), 0),
        (2, "/flush/login:ann", 200, end(2, 3, 0), 0),
        (2, "/set:b=1", 200, end(2, 1, 0), 2),
        (2, "/status:500", 500, end(2, 0, 0), 2),
        (4, "/flush", 409, end(0, 0, 0), 4),
        (4, "/set:b=1", 200, end(0, 1, 0), 4),
    ];
    for (sent, path, status, calls, live) in table {
        let (app, store) = plain();
        let mut browsers = Vec::new();
        for _ in 0..sent {
            browsers.push(app.visit("/set:a=1").await);
        }
        store.take_calls();
        let cookies: Vec<&[u8]> =
            browsers.iter().map(|browser| browser.cookie.as_deref().unwrap().as_bytes()).collect();
        let answer = app.request(path, &cookies).await;
        assert_eq!((answer.status.as_u16(), store.take_calls()), (status, calls), "{sent} {path}");
        let is_removed = answer.set_cookies().iter().any(|cookie| cookie.contains("Max-Age=0"));
        assert_eq!(is_removed, path == "/flush" && status == 200, "{sent} {path}");
        let mut left = 0;
        for browser in browsers {
            left += usize::from(app.dump(&browser).await == "a=1");
        }
        assert_eq!(left, live, "{sent} {path}");
    }
}

#[tokio::test]
async fn neighbours_do_not_matter_and_names_are_compared_byte_for_byte() {
    let (app, store) = plain();
    let live = app.visit("/set:a=1").await;
    let pair = live.cookie.clone().unwrap();
    let id = live.id();
    let found: Vec<Vec<u8>> = vec![
        format!("theme=dark; {pair}; lang=de").into(),
        format!("{pair};;;").into(),
        format!("=; ;novalue; a=b=c; \t{pair} \t").into(),
        [b"\xff\xfe=\x80\x81; ", pair.as_bytes(), b"; \xc3("].concat(),
    ];
    for cookie in found {
        let answer = app.request("/get:a", &[&cookie]).await;
        assert_eq!(answer.body, "1", "{}", cookie.escape_ascii());
    }
    store.take_calls();
    for cookie in [
        format!("Session={id}"),
        format!("s%65ssion={id}"),
        format!("session ={id}"),
        format!("xsession={id}"),
        format!("sessionx={id}"),
        format!("x={pair}"),
        format!("\"session\"={id}"),
        id.to_owned(),
    ] {
        let answer = app.request("/get:a", &[cookie.as_bytes()]).await;
        assert_eq!((answer.body.as_str(), store.take_calls().total()), ("none", 0), "{cookie}");
    }
}
