//! The stores of this build, each behind its feature, with their options and settings.
//!
//! They have a room of their own, so that a glob import of the crate hides no client library.

#[cfg(feature = "dynamodb")]
#[doc(inline)]
pub use session_dynamodb as dynamodb;
#[cfg(feature = "filesystem")]
#[doc(inline)]
pub use session_fs as filesystem;
#[cfg(feature = "memcached")]
#[doc(inline)]
pub use session_memcached as memcached;
#[cfg(feature = "mongodb")]
#[doc(inline)]
pub use session_mongodb as mongodb;
#[cfg(feature = "redis")]
#[doc(inline)]
pub use session_redis as redis;
#[cfg(feature = "sql")]
#[doc(inline)]
pub use session_sql as sql;
