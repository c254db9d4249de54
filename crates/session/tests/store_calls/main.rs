//! What each kind of request costs, from the browser to the store: the table of the architecture
//! page, exact on every store.

#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]

mod rows;
mod site;

use rows::{ROWS, Renewal, Row};
use session::config::Settings;
use session::{Config, SessionManager};
use session_testkit::proxy::Proxy;
use session_testkit::{CountingStore, RedisServer};
use site::{Browser, site};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sites of one store: one whose sessions are never due for renewal, and one where they are.
struct Sites {
    store: Arc<CountingStore>,
    fresh: axum::Router,
    due: axum::Router,
}

impl Sites {
    async fn open(settings: &[(&str, &str)]) -> Self {
        let settings: Settings = settings.iter().copied().collect();
        let store = Arc::new(CountingStore::new(session::connect(&settings).await.unwrap()));
        let with_pause = |seconds| {
            let pause: Settings = [("SESSION_REFRESH_AFTER", seconds)].into_iter().collect();
            let config = Config::builder().settings(&pause).unwrap().build().unwrap();
            site(SessionManager::new(store.clone(), config, None).unwrap())
        };
        let (fresh, due) = (with_pause("3600"), with_pause("0"));
        Self { store, fresh, due }
    }

    fn of(&self, row: &Row) -> &axum::Router {
        match row.renewal {
            Renewal::Later => &self.fresh,
            Renewal::Due => &self.due,
        }
    }

    /// A browser that has been where the row wants it.
    async fn visitor(&self, row: &Row) -> Browser {
        let mut browser = Browser::default();
        for path in row.before {
            browser.get(&self.fresh, path).await;
        }
        browser
    }

    async fn cost_what_the_table_says(&self) {
        for row in ROWS {
            let mut browser = self.visitor(row).await;
            self.store.take_calls();
            browser.get(self.of(row), row.path).await;
            assert_eq!(self.store.take_calls(), row.calls, "{}", row.request);
        }
    }
}

#[tokio::test]
async fn calls_to_memory_are_those_of_the_table() {
    Sites::open(&[("SESSION_TYPE", "memory")]).await.cost_what_the_table_says().await;
}

#[tokio::test]
async fn calls_to_redis_are_those_of_the_table() {
    let server = RedisServer::start().await.unwrap();
    let settings = [("SESSION_TYPE", "redis"), ("SESSION_REDIS", &server.url())];
    Sites::open(&settings).await.cost_what_the_table_says().await;
}

#[tokio::test]
async fn redis_runs_these_commands_and_no_others() {
    let server = RedisServer::start().await.unwrap();
    let settings = [("SESSION_TYPE", "redis"), ("SESSION_REDIS", &server.url())];
    let sites = Sites::open(&settings).await;
    // The server learns the scripts.
    sites.cost_what_the_table_says().await;

    for row in ROWS {
        let mut browser = sites.visitor(row).await;
        let before = server.command_calls().await.unwrap();
        browser.get(sites.of(row), row.path).await;
        let mut ran = server.command_calls().await.unwrap();
        ran.retain(|name, calls| {
            *calls -= before.get(name).unwrap_or(&0);
            *calls > 0
        });
        let expected = row.redis.iter().map(|(name, calls)| ((*name).to_owned(), *calls));
        assert_eq!(ran, expected.collect::<BTreeMap<_, _>>(), "{}", row.request);
    }
}

#[tokio::test]
async fn each_call_to_redis_is_one_round_trip() {
    let server = RedisServer::start().await.unwrap();
    let proxy = Proxy::start(server.addr()).await.unwrap();
    let url = format!("redis://{}", proxy.addr());
    let sites = Sites::open(&[("SESSION_TYPE", "redis"), ("SESSION_REDIS", &url)]).await;
    // The server learns the scripts.
    sites.cost_what_the_table_says().await;

    for row in ROWS {
        let mut browser = sites.visitor(row).await;
        let before = proxy.round_trips();
        browser.get(sites.of(row), row.path).await;
        let trips = proxy.round_trips() - before;
        assert_eq!(trips as u64, row.calls.total(), "{}", row.request);
    }
}
