//! What each kind of request costs: the table of the architecture page, in calls of each store,
//! and on Redis as the server and the wire see it.

mod rows;
mod site;

use axum::Router;
use rows::{ROWS, Renewal, Row};
use session_testkit::proxy::Proxy;
use session_testkit::{RedisServer, store_calls_per_request};
use site::{Browser, site};
use std::collections::BTreeMap;
use std::sync::Arc;
use web_session::config::Settings;
use web_session::{Config, SessionManager, Store};

async fn connect<const N: usize>(settings: [(&str, &str); N]) -> Arc<dyn Store> {
    let settings: Settings = settings.into_iter().collect();
    web_session::connect(&settings).await.unwrap()
}

async fn redis(url: &str) -> Arc<dyn Store> {
    connect([("SESSION_TYPE", "redis"), ("SESSION_REDIS", url)]).await
}

#[tokio::test]
async fn sessions_in_memory_keep_to_the_table() {
    let store = connect([("SESSION_TYPE", "memory")]).await;
    store_calls_per_request(store).await.unwrap();
}

#[tokio::test]
async fn sessions_in_files_keep_to_the_table() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().to_str().unwrap();
    let store = connect([("SESSION_TYPE", "filesystem"), ("SESSION_FILE_DIR", dir)]).await;
    store_calls_per_request(store).await.unwrap();
}

#[tokio::test]
async fn sessions_in_redis_keep_to_the_table() {
    let server = RedisServer::start().await.unwrap();
    store_calls_per_request(redis(&server.url()).await).await.unwrap();
}

#[tokio::test]
async fn redis_runs_the_commands_of_the_table_and_no_others() {
    let server = RedisServer::start().await.unwrap();
    let sites = Sites::open(redis(&server.url()).await).await;
    for row in ROWS {
        let mut browser = sites.visitor(row).await;
        let before = server.command_calls().await.unwrap();
        browser.get(sites.of(row), row.path).await;
        let mut ran = server.command_calls().await.unwrap();
        ran.retain(|name, calls| {
            *calls -= before.get(name).unwrap_or(&0);
            *calls > 0
        });
        let expected = row.commands.iter().map(|(name, calls)| ((*name).to_owned(), *calls));
        assert_eq!(ran, expected.collect::<BTreeMap<_, _>>(), "{}", row.request);
    }
}

#[tokio::test]
async fn redis_is_asked_in_as_many_round_trips_as_the_table_says() {
    let server = RedisServer::start().await.unwrap();
    let proxy = Proxy::start(server.addr()).await.unwrap();
    let sites = Sites::open(redis(&format!("redis://{}", proxy.addr())).await).await;
    for row in ROWS {
        let mut browser = sites.visitor(row).await;
        let before = proxy.round_trips();
        browser.get(sites.of(row), row.path).await;
        assert_eq!(proxy.round_trips() - before, row.round_trips, "{}", row.request);
    }
}

/// Two sites over one store: sessions of the one are never due for renewal, of the other always.
struct Sites {
    later: Router,
    due: Router,
}

impl Sites {
    /// The server knows all scripts when this returns.
    async fn open(store: Arc<dyn Store>) -> Self {
        let with_pause = |seconds| {
            let pause: Settings = [("SESSION_REFRESH_AFTER", seconds)].into_iter().collect();
            let config = Config::from_settings(&pause).unwrap();
            site(SessionManager::new(store.clone(), config, None).unwrap())
        };
        let sites = Self { later: with_pause("3600"), due: with_pause("0") };
        for row in ROWS {
            sites.visitor(row).await.get(sites.of(row), row.path).await;
        }
        sites
    }

    fn of(&self, row: &Row) -> &Router {
        match row.renewal {
            Renewal::Later => &self.later,
            Renewal::Due => &self.due,
        }
    }

    /// A browser that has been where the row wants it.
    async fn visitor(&self, row: &Row) -> Browser {
        let mut browser = Browser::default();
        for path in row.before {
            browser.get(&self.later, path).await;
        }
        browser
    }
}
