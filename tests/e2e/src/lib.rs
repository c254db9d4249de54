//! The promises of the library, kept over HTTP by several processes and real stores.
//!
//! A request carries a little [program] that says what its handler does, step by step;
//! [signals] hold handlers at a step until a test has seen them there, so that no race depends on
//! time. Each test has servers and a store of its own, and they end with it.
// The crate is test code, of which the lints cannot know.
#![allow(clippy::unwrap_used, reason = "a test whose tools fail has failed")]

pub mod address;
pub mod answer;
pub mod app;
pub mod backend;
pub mod browser;
pub mod own;
pub mod program;
pub mod server;
pub mod signals;

pub use answer::Answer;
pub use backend::Backend;
pub use browser::Browser;
pub use server::{Pending, Server};

use std::time::{Duration, Instant};

/// Longer than any test takes, so that one that hangs fails.
const LIMIT: Duration = Duration::from_secs(120);

/// Makes each function a test on files, Redis, MongoDB and DynamoDB, whose records it can count.
///
/// The functions take the [`Backend`] by value; the tests are `filesystem::name`,
/// `redis::name`, `mongodb::name` and `dynamodb::name`.
#[macro_export]
macro_rules! on_each_store {
    ($($name:ident),* $(,)?) => {
        $crate::on_stores! {
            filesystem: $crate::Backend::files();
            redis: $crate::Backend::redis().await;
            mongodb: $crate::Backend::mongodb().await;
            dynamodb: $crate::Backend::table();
            => [$($name),*]
        }
    };
}

/// Makes each function a test on every store that processes can share: `postgres::name` and so on.
#[macro_export]
macro_rules! on_every_store {
    ($($name:ident),* $(,)?) => {
        $crate::on_stores! {
            filesystem: $crate::Backend::files();
            redis: $crate::Backend::redis().await;
            redis_cluster: $crate::Backend::shared("SESSION_TEST_REDIS_CLUSTER");
            redis_sentinel: $crate::Backend::shared("SESSION_TEST_REDIS_SENTINEL");
            memcached: $crate::Backend::memcached().await;
            mongodb: $crate::Backend::mongodb().await;
            dynamodb: $crate::Backend::table();
            sqlite: $crate::Backend::sqlite();
            postgres: $crate::Backend::own_postgres().await;
            mariadb: $crate::Backend::mariadb();
            => [$($name),*]
        }
    };
}

/// Makes each function a test on every store that has an index of owners.
#[macro_export]
macro_rules! on_every_index {
    ($($name:ident),* $(,)?) => {
        $crate::on_stores! {
            filesystem: $crate::Backend::files();
            redis: $crate::Backend::redis().await;
            redis_cluster: $crate::Backend::shared("SESSION_TEST_REDIS_CLUSTER");
            redis_sentinel: $crate::Backend::shared("SESSION_TEST_REDIS_SENTINEL");
            mongodb: $crate::Backend::mongodb().await;
            dynamodb: $crate::Backend::table();
            sqlite: $crate::Backend::sqlite();
            postgres: $crate::Backend::own_postgres().await;
            mariadb: $crate::Backend::own_mariadb().await;
            => [$($name),*]
        }
    };
}

/// Makes each function a test on every store with a server, which is the test's own.
#[macro_export]
macro_rules! on_every_server {
    ($($name:ident),* $(,)?) => {
        $crate::on_stores! {
            redis: $crate::Backend::durable_redis().await;
            memcached: $crate::Backend::memcached().await;
            mongodb: $crate::Backend::mongodb().await;
            dynamodb: $crate::Backend::durable_dynamodb().await;
            postgres: $crate::Backend::own_postgres().await;
            mariadb: $crate::Backend::own_mariadb().await;
            => [$($name),*]
        }
    };
}

/// Makes each function a test on each of the named stores.
#[macro_export]
macro_rules! on_stores {
    ($($store:ident: $backend:expr;)* => $names:tt) => {
        $($crate::on_stores!(@store $store $backend; $names);)*
    };
    (@store $store:ident $backend:expr; [$($name:ident),*]) => {
        mod $store {
            $(#[test] fn $name() { $crate::run(async { super::$name($backend).await }); })*
        }
    };
}

/// Runs a test on a runtime of its own.
///
/// # Panics
///
/// If the test does, or hangs for two minutes.
pub fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test can start a runtime");
    runtime.block_on(async {
        tokio::time::timeout(LIMIT, test).await.expect("the test ends");
    });
}

/// Asks until the condition holds.
///
/// # Panics
///
/// If it does not within `limit`.
pub async fn within(limit: Duration, what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !holds().await {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
