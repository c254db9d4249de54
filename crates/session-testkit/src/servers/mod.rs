//! Servers of a test's own, to look into and to break.

mod child;
mod dynamodb;
mod memcached;
mod mongo;
mod process;
mod redis;

pub use child::{ChildServer, Place, Program};
pub use dynamodb::{DynamoDb, DynamoDbServer};
pub use memcached::{Memcached, MemcachedServer};
pub use mongo::{Mongo, MongoServer};
pub use redis::{Redis, RedisCluster, RedisSentinels, RedisServer};
