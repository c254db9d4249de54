//! Databases that cannot be used.

use super::super::check;
use super::{REFUSED, UNKNOWN_HOST, at, check_urls};
use std::fs;

#[tokio::test]
async fn sql() {
    const NO_TLS: &str = "the server has no TLS: turn it on there, or write sslmode=disable \
                          (PostgreSQL) or ssl-mode=DISABLED (MySQL) in the url";
    for (name, scheme, tls) in
        [("postgresql", "postgres", "sslmode=require"), ("mysql", "mysql", "ssl-mode=REQUIRED")]
    {
        let variable =
            if scheme == "mysql" { "SESSION_TEST_MARIADB" } else { "SESSION_TEST_POSTGRES" };
        let here = at(variable);
        let rows = [
            (
                &*format!("{scheme}://u:hunter2@127.0.0.1:1/db"),
                "the server cannot be reached",
                &*format!("{scheme}://127.0.0.1:1/db): {REFUSED}"),
            ),
            (
                &format!("{scheme}://u:hunter2@session.invalid/db"),
                "the server cannot be reached",
                &format!("{scheme}://session.invalid/db): {UNKNOWN_HOST}"),
            ),
            (
                &format!("{scheme}://session:hunter2@{here}/session"),
                "the server refuses the user or password of the url",
                &format!("{scheme}://{here}/session)"),
            ),
            (
                &format!("{scheme}://session:session@{here}/session?{tls}"),
                NO_TLS,
                &format!("{scheme}://{here}/session)"),
            ),
        ];
        check_urls("sql", name, "SESSION_SQLALCHEMY", &rows).await;
    }
    let here = at("SESSION_TEST_POSTGRES");
    let rows = [
        (
            &*format!("postgres://session:session@{here}/nowhere"),
            "there is no such database or schema; `init` makes neither",
            &*format!("postgres://{here}/nowhere)"),
        ),
        (
            "postgres://127.0.0.1:1/db?sslcert=/own.pem",
            "the url has one of sslcert and sslkey; it takes both",
            "postgres://127.0.0.1:1/db)",
        ),
        (
            "postgres://127.0.0.1:1/db?sslrootcert=/nowhere.pem",
            "the url has the parameter sslrootcert, which names a file that cannot be read: No such \
             file or directory (os error …)",
            "postgres://127.0.0.1:1/db)",
        ),
    ];
    for (url, what, then) in rows {
        let expected = format!("connect to …: {what} (SQLALCHEMY_DATABASE_URI: {then}");
        check("sql", &[(&[("SQLALCHEMY_DATABASE_URI", url)], &expected)]).await;
    }
}

#[tokio::test]
async fn sqlite() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("text.db"), "this is text, and long enough to be no header").unwrap();
    let here = dir.path().display();
    let unopened = "the database file cannot be opened; check its directory, owner and mode";
    let rows = [
        (
            "sqlite:////nowhere/at/all.db",
            unopened,
            "sqlite:////nowhere/at/all.db): No such file or directory (os error …)",
        ),
        (
            &*format!("sqlite:///{here}"),
            unopened,
            &*format!("sqlite:///{here}): Is a directory (os error …)"),
        ),
        (
            &format!("sqlite:///{here}/missing.db?mode=rw"),
            unopened,
            &format!("sqlite:///{here}/missing.db)"),
        ),
    ];
    check_urls("sql", "sqlite", "SESSION_SQLALCHEMY", &rows).await;
}

#[tokio::test]
async fn mongodb() {
    let here = at("SESSION_TEST_MONGODB");
    let rows = [
        (
            "mongodb://u:hunter2@127.0.0.1:1/",
            "the server cannot be reached",
            &*format!("mongodb://127.0.0.1:1/): {REFUSED}"),
        ),
        (
            "mongodb://u:hunter2@session.invalid/",
            "the server cannot be reached",
            &format!("mongodb://session.invalid/): {UNKNOWN_HOST}"),
        ),
        (
            &format!("mongodb://u:hunter2@{here}/"),
            "the server refuses the user or password of the url",
            &format!("mongodb://{here}/)"),
        ),
        (
            &format!("mongodb://{here}/?tls=true"),
            "the server cannot be reached",
            &format!("mongodb://{here}/): …"),
        ),
        (
            &format!("mongodb://{here}/?socketTimeoutMS=20"),
            "the parameter socketTimeoutMS of the url is not followed; leave it out and set \
             SESSION_OPERATION_TIMEOUT",
            &format!("mongodb://{here}/)"),
        ),
    ];
    check_urls("mongodb", "mongodb", "SESSION_MONGODB", &rows).await;
}

#[tokio::test]
async fn dynamodb() {
    let (here, other) = (at("SESSION_TEST_DYNAMODB"), at("SESSION_TEST_REDIS"));
    let rows = [
        (
            "http://127.0.0.1:1",
            "the server cannot be reached",
            &*format!("http://127.0.0.1:1): {REFUSED}"),
        ),
        (
            "http://session.invalid",
            "the server cannot be reached",
            &format!("http://session.invalid): {UNKNOWN_HOST}"),
        ),
        (
            &format!("https://{here}"),
            "no region is named; set SESSION_DYNAMODB_REGION or AWS_REGION",
            &format!("https://{here})"),
        ),
        (&format!("http://{other}"), "the connection broke", &format!("http://{other})…")),
    ];
    check_urls("dynamodb", "dynamodb", "SESSION_DYNAMODB", &rows).await;
}
