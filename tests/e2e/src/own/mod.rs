//! Servers of a test's own, to break: those that the test kit does not start.

mod mariadb;
mod postgres;
mod setup;

pub use mariadb::{MariaDb, mariadb};
pub use postgres::{Postgres, postgres};
