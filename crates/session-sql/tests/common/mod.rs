//! Databases for a test.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its share of this")]
#![allow(clippy::unwrap_used, reason = "tests fail where they stand")]
