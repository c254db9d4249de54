//! Servers of a test's own, to break.

mod mariadb;
mod memcached;
mod postgres;
mod process;

pub use process::Process;

use async_trait::async_trait;
use session_testkit::{DynamoDbServer, MongoServer, RedisServer};
use std::fmt::Debug;
use std::io;

/// A server that can be killed and frozen, and dies with this value.
#[async_trait]
pub trait OwnServer: Debug + Send + Sync {
    /// Where stores find it.
    fn address(&self) -> String;

    /// Ends it without a warning.
    ///
    /// # Errors
    ///
    /// If it has ended.
    fn kill(&mut self) -> io::Result<()>;

    /// Starts it again after that, at its address, and waits until it answers.
    ///
    /// # Errors
    ///
    /// If it does not.
    async fn restart(&mut self) -> io::Result<()>;

    /// Stops it in whatever it does; its connections stay open.
    ///
    /// # Errors
    ///
    /// If it has ended.
    fn freeze(&self) -> io::Result<()>;

    /// Lets it go on after that.
    ///
    /// # Errors
    ///
    /// If it has ended.
    fn thaw(&self) -> io::Result<()>;
}

/// Implements [`OwnServer`] for types that have methods of these names.
macro_rules! own_servers {
    ($($server:ty),* $(,)?) => {$(
        #[async_trait]
        impl OwnServer for $server {
            fn address(&self) -> String {
                self.url()
            }
            fn kill(&mut self) -> io::Result<()> {
                <$server>::kill(self)
            }
            async fn restart(&mut self) -> io::Result<()> {
                <$server>::restart(self).await
            }
            fn freeze(&self) -> io::Result<()> {
                <$server>::freeze(self)
            }
            fn thaw(&self) -> io::Result<()> {
                <$server>::thaw(self)
            }
        }
    )*};
}

own_servers!(DynamoDbServer, MongoServer, Process, RedisServer);
