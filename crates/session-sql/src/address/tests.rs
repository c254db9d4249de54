//! URLs as people have them: what becomes of each parameter.

use super::{mysql, postgres, sqlite, target};
use crate::config::SqlOptions;
use session_core::{ErrorKind, Result};
use sqlx::ConnectOptions as _;

/// What a URL says, in the words of the client and with what is ours.
async fn read(url: &str) -> Result<String> {
    let options = SqlOptions::new(url);
    target(&options)?;
    let (scheme, rest) = url.split_once("://").expect("it has a scheme");
    let scheme = scheme.to_ascii_lowercase();
    Ok(if scheme.starts_with("postgres") {
        let read = postgres::read(rest, &options)?;
        let places = read.places.iter().map(|place| {
            let (name, options) = (place.get_application_name(), place.get_options());
            format!("{} {name:?} {options:?}", place.to_url_lossy())
        });
        let places: Vec<_> = places.collect();
        format!("{} {:?} {:?} {:?}", places.join(" "), read.wanted, read.way, read.timeouts)
    } else if scheme.starts_with("sqlite") {
        format!("{:?}", sqlite::read(rest, &options)?)
    } else {
        let read = mysql::read(rest, &options)?;
        format!("{} {:?} {:?}", read.place.to_url_lossy(), read.place.get_socket(), read.timeouts)
    })
}

/// Who writes a URL so, the URL, and what is made of it.
const HONOURED: &[(&str, &str, &[&str])] = &[
    (
        "SQLAlchemy",
        "postgresql://u:p@h:5433/d",
        &["postgres://u:p@h:5433/d?sslmode=prefer", "Any Prepared"],
    ),
    ("Heroku", "postgres://u:p@h/d", &["u:p@h:5432/d"]),
    ("a password", "postgresql://u:p%40%2F@h/d", &["u:p%40%2F@h"]),
    (
        "Neon",
        "postgresql://u:p@ep-x.neon.tech/d?sslmode=require&channel_binding=require",
        &["sslmode=verify-full"],
    ),
    ("libpq", "postgresql://h/d?channel_binding=prefer&sslmode=verify-ca", &["sslmode=verify-ca"]),
    ("libpq 17", "postgresql://h/d?sslnegotiation=postgres", &["@h:"]),
    (
        "Patroni",
        "postgresql://u:p@a:5432,b:5433/d?target_session_attrs=read-write",
        &["u:p@a:5432/d", "u:p@b:5433/d", "Writer"],
    ),
    (
        "Patroni, psycopg",
        "postgresql+psycopg://u:p@/d?host=a:5432&host=b:5433&target_session_attrs=primary",
        &["@a:5432/d", "@b:5433/d", "Writer"],
    ),
    ("asyncpg", "postgresql+asyncpg://u:p@/d?host=a,b&port=1,2", &["@a:1/d", "@b:2/d"]),
    ("an address", "postgresql://u@[::1]:5433/d", &["[::1]:5433/d"]),
    ("asyncpg", "postgresql+asyncpg://u:p@h/d?ssl=require", &["sslmode=require"]),
    ("node-postgres", "postgres://u:p@h/d?ssl=true", &["sslmode=verify-full"]),
    (
        "Cloud SQL",
        "postgresql+psycopg2://u:p@/d?host=/cloudsql/x:y:z",
        &["u:p@%2Fcloudsql%2Fx%3Ay%3Az:5432/d"],
    ),
    ("Debian", "postgresql+asyncpg:///d?host=/var/run/postgresql", &["%2Fvar%2Frun%2Fpostgresql"]),
    (
        "AWS RDS",
        "postgresql://h/d?sslmode=verify-full&sslrootcert=/dev/null",
        &["sslmode=verify-full", "sslrootcert=file%3A+%2Fdev%2Fnull"],
    ),
    (
        "libpq",
        "postgresql://h/d?sslmode=require&sslrootcert=/dev/null",
        &["sslmode=verify-ca", "dev%2Fnull"],
    ),
    ("libpq 16", "postgresql://h/d?sslrootcert=system", &["sslmode=verify-full"]),
    (
        "client certificate",
        "postgresql://h/d?sslcert=/dev/null&sslkey=/dev/zero",
        &["dev%2Fnull", "dev%2Fzero"],
    ),
    ("psycopg 3", "postgresql+psycopg://h/d?prepare_threshold=0", &["Prepared"]),
    ("psycopg 3, pooled", "postgresql+psycopg://h/d?prepare_threshold=None", &["Plain"]),
    ("asyncpg, pooled", "postgresql+asyncpg://h/d?statement_cache_size=0", &["Plain"]),
    ("SQLAlchemy, pooled", "postgresql+asyncpg://h/d?prepared_statement_cache_size=0", &["Plain"]),
    ("Supabase", "postgresql://u:p@h:6543/d?pgbouncer=true", &["Plain"]),
    (
        "psycopg 2",
        "postgresql+psycopg2://h/d?application_name=shop&connect_timeout=10",
        &["Some(\"shop\")", "connect: 1s"],
    ),
    (
        "psycopg 2",
        "postgresql://h/d?connect_timeout=0&fallback_application_name=shop",
        &["Some(\"shop\")", "connect: 1s"],
    ),
    (
        "a short one",
        "postgresql://h/d?connect_timeout=0.2&command_timeout=0.1",
        &["connect: 200ms", "operation: 100ms"],
    ),
    ("libpq", "postgresql://h/d?options=-c%20search_path%3Dshop", &["-c search_path=shop"]),
    (
        "psycopg 2",
        "postgresql://h/d?keepalives=1&keepalives_idle=30&keepalives_interval=10&keepalives_count=5&tcp_user_timeout=1000",
        &["@h:"],
    ),
    ("psycopg 2", "postgresql://h/d?gssencmode=disable&client_encoding=utf8", &["@h:"]),
    ("DSN as URL", "postgresql:///?user=u&password=p&host=h&port=7&dbname=d", &["u:p@h:7/d"]),
    (
        "SQLAlchemy",
        "mysql+pymysql://u:p@h:3307/d?charset=utf8mb4",
        &["mysql://u:p@h:3307/d?ssl-mode=PREFERRED"],
    ),
    (
        "Cloud SQL",
        "mysql+pymysql://u:p@/d?unix_socket=/cloudsql/x:y:z",
        &["Some(\"/cloudsql/x:y:z\")"],
    ),
    (
        "mysqlclient",
        "mysql+mysqldb://u@h/d?unix_socket=/run/mysqld.sock&local_infile=0",
        &["/run/mysqld.sock"],
    ),
    ("MariaDB", "mariadb+mariadbconnector://u@h/d?connect_timeout=5", &["u@h:3306/d"]),
    ("pymysql", "mysql+pymysql://h/d?ssl_verify_cert=true", &["ssl-mode=VERIFY_CA"]),
    (
        "pymysql",
        "mysql+pymysql://h/d?ssl_verify_cert=true&ssl_verify_identity=true",
        &["ssl-mode=VERIFY_IDENTITY"],
    ),
    (
        "AWS RDS",
        "mysql+pymysql://h/d?ssl_ca=/dev/null",
        &["ssl-mode=VERIFY_IDENTITY", "dev%2Fnull"],
    ),
    (
        "SQLAlchemy",
        "mysql+pymysql://h/d?ssl_ca=/dev/null&ssl_check_hostname=false",
        &["ssl-mode=VERIFY_CA"],
    ),
    (
        "client certificate",
        "mysql+pymysql://h/d?ssl_cert=/dev/null&ssl_key=/dev/zero",
        &["ssl-mode=REQUIRED", "dev%2Fnull", "dev%2Fzero"],
    ),
    ("Aiven, DigitalOcean", "mysql://u:p@h:25060/d?ssl-mode=REQUIRED", &["ssl-mode=REQUIRED"]),
    (
        "mysql-connector",
        "mysql+mysqlconnector://h/d?ssl_disabled=true&connection_timeout=3&use_unicode=1",
        &["ssl-mode=DISABLED"],
    ),
    (
        "PlanetScale",
        "mysql://u:p@h/d?ssl={\"rejectUnauthorized\":true}",
        &["ssl-mode=VERIFY_IDENTITY"],
    ),
    ("PlanetScale, Prisma", "mysql://u:p@h/d?sslaccept=strict", &["ssl-mode=VERIFY_IDENTITY"]),
    (
        "pymysql",
        "mysql+pymysql://h/d?read_timeout=30&write_timeout=0.2&autocommit=true&collation=utf8mb4_bin&binary_prefix=true",
        &["operation: 200ms", "utf8mb4_bin"],
    ),
    ("SQLAlchemy", "SQLite:///sessions.db", &["sessions.db", "create_if_missing: true"]),
    (
        "pysqlite",
        "sqlite+pysqlite:////var/lib/s.db?check_same_thread=false&timeout=20",
        &["/var/lib/s.db", "busy_timeout: 250ms"],
    ),
    (
        "pysqlite",
        "sqlite:///s.db?timeout=0.1&isolation_level=IMMEDIATE&cached_statements=128",
        &["busy_timeout: 100ms"],
    ),
    ("SQLite", "sqlite:///s.db?mode=rw&cache=private", &["create_if_missing: false"]),
    ("SQLite", "sqlite:///s.db?mode=rwc&uri=false", &["create_if_missing: true"]),
];

/// What no setting of ours makes true, and the parameter that the error names.
const REFUSED: &[(&str, &str)] = &[
    ("postgresql://h/d?sslnegotiation=direct", "sslnegotiation"),
    ("postgresql://h/d?gssencmode=require", "gssencmode"),
    ("postgresql://h/d?channel_binding=hunter2", "channel_binding"),
    ("postgresql://h/d?target_session_attrs=read-only", "target_session_attrs"),
    ("postgresql://h/d?target_session_attrs=prefer-standby", "target_session_attrs"),
    ("postgresql://h/d?load_balance_hosts=random", "load_balance_hosts"),
    ("postgresql://h/d?host=h&hostaddr=127.0.0.1", "hostaddr"),
    ("postgresql://a,b,c/d?port=1,2", "port"),
    ("postgresql://h/d?sslmode=require&sslrootcert=system", "sslrootcert"),
    ("postgresql://h/d?sslrootcert=/hunter2.pem", "sslrootcert"),
    ("postgresql://h/d?sslcert=/hunter2.pem&sslkey=/dev/null", "sslcert"),
    ("postgresql://h/d?sslcert=/dev/null&sslkey=/hunter2.pem", "sslkey"),
    ("postgresql://h/d?sslmode=hunter2", "sslmode"),
    ("postgresql://h/d?ssl=hunter2", "ssl"),
    ("postgresql://h/d?ssl_min_protocol_version=TLSv1.3", "ssl_min_protocol_version"),
    ("postgresql://h/d?sslcompression=1", "sslcompression"),
    ("postgresql://h/d?sslcrl=/hunter2", "sslcrl"),
    ("postgresql://h/d?client_encoding=latin1", "client_encoding"),
    ("postgresql://h/d?connect_timeout=hunter2", "connect_timeout"),
    ("postgresql://h/d?keepalives=hunter2", "keepalives"),
    ("postgresql://h/d?prepare_threshold=hunter2", "prepare_threshold"),
    ("postgresql://h/d?connection_limit=1", "connection_limit"),
    ("postgresql://h/d?service=hunter2", "service"),
    ("mysql://u:p@h/d?ssl_verify_cert=hunter2", "ssl_verify_cert"),
    ("mysql://u:p@h/d?ssl-mode=hunter2", "ssl-mode"),
    ("mysql://u:p@h/d?ssl-ca=/hunter2.pem", "ssl-ca"),
    ("mysql://u:p@h/d?ssl-cert=/hunter2.pem&ssl-key=/dev/null", "ssl-cert"),
    ("mysql://u:p@h/d?ssl_cert=/dev/null&ssl_key=/hunter2.pem", "ssl_key"),
    ("mysql://u:p@h/d?ssl=hunter2", "ssl"),
    ("mysql://u:p@h/d?sslaccept=hunter2", "sslaccept"),
    ("mysql://h/d?charset=latin1", "charset"),
    ("mysql://h/d?collation=hunter2'", "collation"),
    ("mysql://h/d?autocommit=false", "autocommit"),
    ("mysql://h/d?sql_mode=hunter2", "sql_mode"),
    ("mysql://h/d?init_command=hunter2", "init_command"),
    ("mysql://h/d?program_name=hunter2", "program_name"),
    ("sqlite:///hunter2.db?mode=ro", "mode"),
    ("sqlite:///hunter2.db?uri=true", "uri"),
    ("sqlite:///hunter2.db?cache=shared", "cache"),
    ("sqlite:///hunter2.db?check_same_thread=hunter2", "check_same_thread"),
    ("sqlite:///hunter2.db?detect_types=3", "detect_types"),
];

/// What is no URL of a database.
const MALFORMED: &[&str] = &[
    "",
    "hunter2",
    "oracle://u:hunter2@h/d",
    "postgresql://u:hunter2@h:port/d",
    "postgresql://u:hunter2@[h/d",
    "postgresql://u:p@h/d?hunter2%3d=x",
    "postgresql://u:hun?ter2=x@h/d",
    "postgresql://h/d?sslkey=/hunter2.pem",
    "mysql://h/d?ssl-cert=/hunter2.pem",
    "mysql://u:hunter2@[h/d",
    "mysql://u:hunter2@h:port/d",
    "mysql://u:hunter2@a,b/d",
    "sqlite://",
    "sqlite:///",
    "sqlite:///:memory:",
    "sqlite:///x.db?mode=memory",
    "sqlite://hunter2/x.db",
    "sqlite:///file:hunter2?uri=true",
];

#[tokio::test]
async fn parameters_as_people_write_them_are_honoured() {
    for (who, url, expected) in HONOURED {
        let read = read(url).await.unwrap_or_else(|error| panic!("{who}: {url}: {error}"));
        for part in *expected {
            assert!(read.contains(part), "{who}: {url}: no {part} in {read}");
        }
    }
}

#[tokio::test]
async fn parameter_that_cannot_be_honoured_is_named() {
    for (url, name) in REFUSED {
        let error = read(url).await.expect_err(url);
        assert!(error.to_string().contains(&format!("the parameter {name},")), "{url}: {error}");
    }
}

#[tokio::test]
async fn bad_url_is_a_config_error_that_does_not_repeat_it() {
    for url in REFUSED.iter().map(|(url, _)| url).chain(MALFORMED) {
        let error = read(url).await.expect_err(url);
        assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Config, false), "{url}");
        let shown = format!("{error:#} {error:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("ter2"), "{error:?}");
    }
}
