//! Why TLS was not agreed on, of which the client's words tell the reason.

use session_core::ErrorKind::{Config, Unavailable};
use session_core::store::Failure::{self, Final};
use std::io;

/// What there is to do about `error`; `None` if it is about something else.
pub(crate) fn failure(error: &sqlx::Error) -> Option<Failure> {
    match error {
        sqlx::Error::Tls(cause) => Some(of_words(&cause.to_string())),
        sqlx::Error::Io(cause) => of_handshake(cause),
        _ => None,
    }
}

fn of_words(words: &str) -> Failure {
    if words == "server does not support TLS" {
        return Final(
            Unavailable,
            "the server has no TLS: turn it on there, or write sslmode=disable (PostgreSQL) or \
             ssl-mode=DISABLED (MySQL) in the url",
        );
    }
    if words.starts_with("TLS upgrade required") {
        return Final(
            Config,
            "the url asks for TLS, which needs the feature `rustls` of session-sql, `sql-rustls` \
             of web-session",
        );
    }
    Final(Config, "the certificates or the host name of the url cannot be used for TLS")
}

fn of_handshake(cause: &io::Error) -> Option<Failure> {
    let text = cause.to_string();
    if text.contains("not valid for name") || text.contains("NotValidForName") {
        return Some(Final(
            Unavailable,
            "the certificate of the server does not name the host of the url",
        ));
    }
    if text.starts_with("invalid peer certificate: ") {
        return Some(Final(
            Unavailable,
            "the certificate of the server is not trusted: sslrootcert (PostgreSQL) or ssl-ca \
             (MySQL) in the url names the authority that it is of",
        ));
    }
    text.starts_with("received fatal alert: ").then_some(Final(
        Unavailable,
        "the server refuses to agree on TLS: if it wants to see a certificate, sslcert and sslkey \
         (PostgreSQL) or ssl-cert and ssl-key (MySQL) in the url name it",
    ))
}
