//! Settings that are wrong.

use super::{assert_found, in_order};
use crate::common::Site;

#[tokio::test]
async fn each_wrong_setting_is_found_with_what_to_change() {
    type Vars = &'static [(&'static str, &'static str)];
    let cases: [(Vars, &str, &str); 13] = [
        (&[("SESSION_TPYE", "hunter2")], "problem", "did you mean SESSION_TYPE?"),
        (
            &[("SESSION_REDIS_URL", "hunter2")],
            "note",
            "SESSION_REDIS_URL has no effect…SESSION_REDIS?",
        ),
        (&[("SESSION_TIMEOUT", "hunter2")], "problem", "read SESSION_TIMEOUT: expected seconds"),
        (
            &[("SESSION_PERMANENT", "hunter2")],
            "problem",
            "read SESSION_PERMANENT: expected true or",
        ),
        (
            &[("SESSION_TYPE", "hunter2")],
            "problem",
            "read SESSION_TYPE: expected…redis or memcached",
        ),
        (&[("SESSION_USE_SIGNER", "true")], "problem", "SECRET_KEY is not set; `openssl rand"),
        (
            &[("SESSION_COOKIE_SAMESITE", "None"), ("SESSION_COOKIE_SECURE", "false")],
            "problem",
            "SESSION_COOKIE_SAMESITE=None needs SESSION_COOKIE_SECURE=true",
        ),
        (
            &[("SESSION_COOKIE_SECURE", "false")],
            "warning",
            "sent over plain HTTP…set SESSION_COOKIE_SECURE=true",
        ),
        (
            &[("SESSION_CLEANUP_INTERVAL", "")],
            "warning",
            "expired sessions stay in the database: set SESSION_CLEANUP_INTERVAL=3600",
        ),
        (
            &[("SESSION_MONGODB", "mongodb://u:hunter2@h")],
            "note",
            "SESSION_MONGODB is read by SESSION_TYPE=mongodb alone…leave it out",
        ),
        (&[("SESSION_TYPE", "null")], "problem", "SESSION_TYPE=null keeps no session"),
        (
            &[("SESSION_MIGRATE_TO", "redis"), ("SESSION_MIGRATE_FROM", "filesystem")],
            "problem",
            "leave SESSION_MIGRATE_TO out",
        ),
        (&[("SESSION_MIGRATE_TO", "ftp://hunter2")], "problem", "SESSION_MIGRATE_TO"),
    ];
    for (vars, level, sentence) in cases {
        let mut site = in_order(Site::sqlite());
        drop(site.store().await);
        for (name, value) in vars {
            site.set(name, value);
        }
        assert_found(&site, level, sentence);
    }
}
