// Its examples name web-session, and are compiled by tests/interop, which has that.
#![cfg_attr(not(doctest), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "adapters")]
pub mod adapter;
mod browser;
mod clause;
pub mod clauses;
mod counting;
mod faulty;
mod port;
mod probe;
pub mod proxy;
mod requests;
mod run;
pub mod server;
#[cfg(all(feature = "servers", unix))]
mod servers;
pub mod steps;
mod subject;
mod verdict;
mod wiretap;

pub use browser::Browser;
pub use counting::{Calls, CountingStore};
pub use faulty::{Fault, FaultyStore, Method};
pub use requests::store_calls_per_request;
pub use run::run;
#[cfg(all(feature = "servers", unix))]
pub use servers::{
    ChildServer, DynamoDb, DynamoDbServer, Memcached, MemcachedServer, Mongo, MongoServer, Place,
    Program, Redis, RedisCluster, RedisSentinels, RedisServer,
};
pub use subject::{Link, Remote, Subject};
pub use verdict::{Finding, Verdict};
