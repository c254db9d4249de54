//! The command of the README, and a browser that goes back and forth.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

use reqwest::Client;
use session_testkit::server;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;
use tempfile::TempDir;

#[tokio::test]
async fn one_login_on_sqlite() {
    let dir = tempfile::tempdir().unwrap();
    one_login("sqlite", &[("FLASK_SHARED_DATA", dir.path().to_str().unwrap())]).await;
}

#[tokio::test]
async fn one_login_on_redis() {
    one_login("redis", &[("SESSION_REDIS", &server::url("SESSION_TEST_REDIS"))]).await;
}

async fn one_login(store: &str, settings: &[(&str, &str)]) {
    let running = Running::start(store, settings).await;
    let [flask, axum] = running.urls();
    for (here, there) in [(&flask, &axum), (&axum, &flask)] {
        let browser = Client::builder().cookie_store(true).build().unwrap();
        let page = get(&browser, here).await;
        assert!(page.contains("not signed in"), "{page}");

        post(&browser, &format!("{here}sign-in"), ("name", "Änne <b>")).await;
        let page = get(&browser, there).await;
        assert!(page.contains("<strong id=\"user\">Änne &"), "{page}");
        assert!(!page.contains("<b>"), "{page}");

        // The form leads to the other side, and the message is there before us.
        let page = post(&browser, &format!("{here}message"), ("text", "over here")).await;
        assert!(page.contains(">over here</p>"), "{page}");
        assert!(!get(&browser, there).await.contains("over here"), "once");

        let page = post(&browser, &format!("{there}sign-out"), ("unused", "")).await;
        assert!(page.contains("not signed in"), "{page}");
        assert!(get(&browser, here).await.contains("not signed in"));
    }
}

#[tokio::test]
async fn pages_are_counted_on_both_sides() {
    let dir = tempfile::tempdir().unwrap();
    let data = ("FLASK_SHARED_DATA", dir.path().to_str().unwrap());
    let running = Running::start("sqlite", &[data]).await;
    let [flask, axum] = running.urls();
    let browser = Client::builder().cookie_store(true).build().unwrap();
    for url in [&flask, &axum, &axum, &flask] {
        get(&browser, url).await;
    }
    let page = get(&browser, &axum).await;
    assert!(page.contains("2 by Flask, 3 by axum"), "{page}");
}

async fn get(browser: &Client, url: &str) -> String {
    let response = browser.get(url).send().await.unwrap().error_for_status().unwrap();
    response.text().await.unwrap()
}

async fn post(browser: &Client, url: &str, field: (&str, &str)) -> String {
    let response = browser.post(url).form(&[field]).send().await.unwrap();
    response.error_for_status().unwrap().text().await.unwrap()
}

/// Both apps, under the script that starts them.
struct Running {
    script: Child,
    addresses: [String; 2],
    _elsewhere: TempDir,
}

impl Running {
    async fn start(store: &str, settings: &[(&str, &str)]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        // Both are bound at once, so that they differ.
        let free = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses = free.map(|listener| listener.local_addr().unwrap().to_string());
        // The script does not depend on where it is called.
        let elsewhere = tempfile::tempdir().unwrap();
        let script = Command::new(root.canonicalize().unwrap().join("examples/flask-shared/run"))
            .arg(store)
            .env("FLASK_ADDRESS", &addresses[0])
            .env("AXUM_ADDRESS", &addresses[1])
            .env("AXUM_APP", env!("CARGO_BIN_EXE_flask-shared"))
            .envs(settings.iter().copied())
            .current_dir(&elsewhere)
            .spawn()
            .unwrap();
        let running = Self { script, addresses, _elsewhere: elsewhere };
        let answer = async {
            for url in running.urls() {
                while reqwest::get(&url).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(60), answer).await.expect("both sides answer");
        running
    }

    /// Flask's and axum's.
    fn urls(&self) -> [String; 2] {
        [0, 1].map(|side| format!("http://{}/", self.addresses[side]))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The script ends both apps when it is asked to end.
        let _ = Command::new("kill").arg(self.script.id().to_string()).status();
        let _ = self.script.wait();
    }
}
