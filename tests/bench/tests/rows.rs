//! What is measured is what the table says.

use axum::http::{Response, StatusCode, header};
use bench::{App, ENTRIES, Row, Subject, serve};
use futures_util::FutureExt as _;
use http_body_util::BodyExt as _;

fn text(response: Response<axum::body::Body>) -> String {
    assert_eq!(response.status(), StatusCode::OK);
    let body = response.into_body().collect().now_or_never();
    let body = body.expect("a body that is there at once").expect("a whole body");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

const WITH_SESSIONS: [Subject; 3] = [Subject::Session, Subject::Signed, Subject::TowerSessions];

#[test]
fn increments_are_stored() {
    for subject in WITH_SESSIONS {
        let app = App::new(subject).unwrap();
        let send = |row| text(serve(app.router(), app.request(row)));
        let answers = [Row::Read, Row::Increment, Row::Increment, Row::Untouched, Row::Read];
        let expected = ["1000", "1001", "1002", "1000", "1002"];
        assert_eq!(answers.map(send), expected, "{subject:?}");
    }
}

#[test]
fn only_new_sessions_are_new() {
    for subject in WITH_SESSIONS {
        let app = App::new(subject).unwrap();
        let sets_cookie = |row| {
            let response = serve(app.router(), app.request(row));
            response.headers().contains_key(header::SET_COOKIE)
        };
        assert!(sets_cookie(Row::New), "{subject:?}");
        assert!(!sets_cookie(Row::Untouched), "{subject:?}");
        assert!(!sets_cookie(Row::Read), "{subject:?}");
    }
}

#[test]
fn bare_application_answers_the_same_without_cookies() {
    let app = App::new(Subject::Bare).unwrap();
    for row in Row::ALL {
        let response = serve(app.router(), app.request(row));
        assert!(!response.headers().contains_key(header::SET_COOKIE));
        assert_eq!(text(response), "1000");
    }
}

#[test]
fn stored_session_has_15_keys_in_509_bytes() {
    use session_core::{Config, MemoryStore, SessionId, SessionManager, Store};
    let store = std::sync::Arc::new(MemoryStore::new());
    let manager = SessionManager::new(store.clone(), Config::default(), None).unwrap();
    let session = manager.create();
    for (key, value) in ENTRIES {
        session.insert(key, value).unwrap();
    }
    let cookie = session.commit().now_or_never().unwrap().unwrap().id_field().unwrap().to_owned();
    let id = cookie.split(['=', ';']).nth(1).unwrap();
    let config = Config::default();
    let id = SessionId::parse(id.as_bytes(), config.id_syntax()).unwrap();
    let key = id.to_key(config.key_prefix(), config.id_hash());
    let record = store.load(&key).now_or_never().unwrap().unwrap().unwrap();
    assert_eq!((record.payload[0], record.payload.len()), (0x8f, 509));
}
