//! What a response does with the cookie.

use super::plain;
use crate::support::Browser;
use crate::support::app::counted;
use crate::support::ids::made_up;
use session_core::{Config, SameSite};

#[tokio::test]
async fn removal_repeats_every_attribute() {
    let config = Config::builder()
        .cookie_domain("example.org")
        .cookie_path("/shop")
        .cookie_secure(true)
        .cookie_same_site(SameSite::None)
        .cookie_partitioned(true)
        .build()
        .unwrap();
    let (app, _) = counted(config, None);
    let mut browser = Browser::default();
    let set = browser.get(&app.router, "/set:a=1").await;
    let attributes = "Domain=example.org; Secure; HttpOnly; Path=/shop; SameSite=None; Partitioned";
    let expected = format!("{}; Max-Age=2678400; {attributes}", browser.cookie.as_ref().unwrap());
    assert_eq!(set.set_cookie(), expected);
    let removed = browser.get(&app.router, "/flush").await;
    assert_eq!(removed.set_cookie(), format!("session=; Max-Age=0; {attributes}"));
    assert_eq!(browser.cookie, None);
}

#[tokio::test]
async fn flush_removes_a_cookie_that_opens_nothing_and_leaves_none_alone() {
    let (app, _) = plain();
    let dead = format!("session={}", made_up());
    for cookie in [dead.as_str(), "session=malformed"] {
        let answer = app.request("/flush", &[cookie.as_bytes()]).await;
        assert!(answer.set_cookie().contains("Max-Age=0"));
    }
    assert_eq!(app.request("/flush", &[b"theme=dark"]).await.set_cookies(), [""; 0]);
}

#[tokio::test]
async fn cookie_is_set_only_when_the_browser_must_learn_something() {
    let (app, _) = plain();
    let mut browser = Browser::default();
    let table = [
        ("/get:a", false),
        ("/permanent:no", false),
        ("/set:a=1", true),
        ("/get:a", false),
        ("/set:a=2", false),
        ("/update:n", false),
        ("/clear", false),
        ("/lifetime:60", true),
        ("/permanent:no", true),
        ("/permanent:no", false),
        ("/set:a=3", false),
        ("/permanent:yes", true),
        ("/login:ann", true),
        ("/regenerate", true),
        ("/set:a=4/status:400", false),
        ("/flush/flash:bye", true),
        ("/flush", true),
        ("/get:a", false),
    ];
    for (path, is_set) in table {
        let answer = browser.get(&app.router, path).await;
        assert_eq!(answer.set_cookies().len(), usize::from(is_set), "{path}");
        assert_eq!(answer.field("vary").as_deref(), Some("Cookie"), "{path}");
        let expected = is_set.then_some("no-store");
        assert_eq!(answer.field("cache-control").as_deref(), expected, "{path}");
    }
    assert_eq!(browser.get(&app.router, "/plain").await.field("vary"), None);
}

/// A sensitive field has no `Debug`, and HPACK never indexes it (RFC 7541, section 7.1.3).
#[tokio::test]
async fn set_cookie_is_marked_sensitive() {
    let (app, _) = plain();
    let mut browser = Browser::default();
    for path in ["/set:a=1", "/regenerate", "/flush"] {
        let answer = browser.get(&app.router, path).await;
        assert!(answer.headers[http::header::SET_COOKIE].is_sensitive(), "{path}");
    }
}
