//! Servers, and how their stores are opened behind a proxy.

use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::Arc;
use web_session::config::Settings;
use web_session::{Store, connect};

/// The table that stays in the databases, empty.
const TABLE: (&str, &str) = ("SESSION_SQLALCHEMY_TABLE", "bench_wire");

/// A server of the tests, and the setting that names its address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) title: &'static str,
    kind: &'static str,
    variable: &'static str,
    setting: &'static str,
    more: &'static [(&'static str, &'static str)],
}

pub(crate) const SERVERS: [Server; 6] = [
    Server {
        title: "Redis",
        kind: "redis",
        variable: "SESSION_TEST_REDIS",
        setting: "SESSION_REDIS",
        more: &[],
    },
    Server {
        title: "Memcached",
        kind: "memcached",
        variable: "SESSION_TEST_MEMCACHED",
        setting: "SESSION_MEMCACHED",
        more: &[],
    },
    Server {
        title: "PostgreSQL",
        kind: "postgres",
        variable: "SESSION_TEST_POSTGRES",
        setting: "SESSION_SQLALCHEMY",
        more: &[TABLE],
    },
    Server {
        title: "MariaDB",
        kind: "mysql",
        variable: "SESSION_TEST_MARIADB",
        setting: "SESSION_SQLALCHEMY",
        more: &[TABLE],
    },
    Server {
        title: "MongoDB",
        kind: "mongodb",
        variable: "SESSION_TEST_MONGODB",
        setting: "SESSION_MONGODB",
        more: &[],
    },
    Server {
        title: "DynamoDB",
        kind: "dynamodb",
        variable: "SESSION_TEST_DYNAMODB",
        setting: "SESSION_DYNAMODB",
        more: &[
            ("SESSION_DYNAMODB_REGION", "eu-central-1"),
            ("SESSION_DYNAMODB_TABLE", "bench-wire"),
        ],
    },
];

impl Server {
    /// Its address in the environment.
    pub(crate) fn address(self) -> anyhow::Result<String> {
        let missing = || format!("{} is not set; run `just bench-wire`", self.variable);
        std::env::var(self.variable).with_context(missing)
    }

    /// Opens its store at another address.
    pub(crate) async fn open(
        self,
        address: &str,
        proxy: SocketAddr,
    ) -> anyhow::Result<Arc<dyn Store>> {
        let there = address.replace(host_and_port(address)?, &proxy.to_string());
        let mut settings = vec![("SESSION_TYPE", self.kind), (self.setting, &there)];
        settings.extend(self.more);
        Ok(connect(&Settings::from_iter(settings)).await?)
    }
}

/// `127.0.0.1:6379` of `redis://127.0.0.1:6379/0`.
pub(crate) fn host_and_port(address: &str) -> anyhow::Result<&str> {
    let authority = address.split_once("://").map_or(address, |(_, after)| after);
    let authority = authority.split('/').next().unwrap_or(authority);
    authority.rsplit('@').next().context("no host in an address")
}
