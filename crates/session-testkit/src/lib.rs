#![doc = include_str!("../README.md")]

pub mod clauses;
mod counting;
mod dynamodb;
mod faulty;
mod mongo;
mod probe;
pub mod proxy;
mod redis;
mod requests;
mod run;
pub mod server;
mod subject;
mod verdict;
mod wiretap;

pub use counting::{Calls, CountingStore};
pub use dynamodb::DynamoDbServer;
pub use faulty::{Fault, FaultyStore, Method};
pub use mongo::MongoServer;
pub use redis::{RedisCluster, RedisSentinels, RedisServer};
pub use requests::store_calls_per_request;
pub use run::run;
pub use subject::{Link, Remote, Subject};
pub use verdict::{Finding, Verdict};
