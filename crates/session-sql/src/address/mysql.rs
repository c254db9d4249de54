//! A URL of MySQL or MariaDB, as SQLAlchemy's drivers and providers write it.

use super::host::{Host, Parts};
use super::parameters::{Parameter, check_pair, decode, parameters};
use super::refuse;
use crate::config::SqlOptions;
use session_core::Result;
use session_core::store::Timeouts;
use sqlx::ConnectOptions as _;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

/// What is read of one.
pub(super) struct Read {
    pub(super) place: MySqlConnectOptions,
    pub(super) timeouts: Timeouts,
}

/// Reads what follows the scheme.
pub(super) fn read(rest: &str, options: &SqlOptions) -> Result<Read> {
    let Parts { user, password, hosts: host, database, query } = Parts::of(rest);
    let mut place = MySqlConnectOptions::new().disable_statement_logging();
    for (text, set) in [
        (user, MySqlConnectOptions::username as fn(_, &str) -> _),
        (password, MySqlConnectOptions::password),
        (database, MySqlConnectOptions::database),
    ] {
        if !text.is_empty() {
            place = set(place, &decode(text)?);
        }
    }
    if host.contains(',') {
        return Err(refuse("the url has several hosts; name one, or a proxy before them"));
    }
    let host = Host::read(host)?;
    if !host.name.is_empty() {
        place = place.host(&host.name);
    }
    if let Some(port) = host.port {
        place = place.port(port);
    }
    let mut asked = Asked { place, security: Security::default(), timeouts: options.timeouts };
    let parameters = parameters(query)?;
    check_pair(&parameters, ["ssl-cert", "ssl-key"])?;
    for parameter in parameters {
        asked.read(&parameter)?;
    }
    let place = asked.place.ssl_mode(asked.security.mode());
    Ok(Read { place, timeouts: asked.timeouts })
}

struct Asked {
    place: MySqlConnectOptions,
    security: Security,
    timeouts: Timeouts,
}

impl Asked {
    fn read(&mut self, asked: &Parameter) -> Result<()> {
        let Parameter { name, value } = asked;
        let place = self.place.clone();
        match &**name {
            "unix_socket" | "socket" => self.place = place.socket(value),
            "ssl_ca" | "ssl-ca" => {
                self.place = place.ssl_ca(asked.pem()?);
                self.security.has_ca = true;
            }
            "ssl_cert" | "ssl-cert" => {
                self.place = place.ssl_client_cert(asked.pem()?);
                self.security.at_least(Level::Required);
            }
            "ssl_key" | "ssl-key" => self.place = place.ssl_client_key(asked.pem()?),
            "ssl_mode" | "ssl-mode" | "sslmode" => {
                let level = Level::read(value).ok_or_else(|| {
                    asked.refused(
                        "which is DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY",
                    )
                })?;
                self.security.mode = Some(level);
            }
            "ssl_disabled" => {
                if asked.flag()? {
                    self.security.mode = Some(Level::Disabled);
                }
            }
            "ssl_verify_cert" => self.verify(asked, Level::VerifyCa)?,
            "ssl_verify_identity" => self.verify(asked, Level::VerifyIdentity)?,
            "ssl_check_hostname" => self.security.skips_names = !asked.flag()?,
            // Prisma's name for it, and what JavaScript's drivers have.
            "sslaccept" => match &**value {
                "strict" => self.security.at_least(Level::VerifyIdentity),
                "accept_invalid_certs" => self.security.at_least(Level::Required),
                _ => return Err(asked.refused("which is strict or accept_invalid_certs")),
            },
            "ssl" => {
                asked.only(
                    &["true", r#"{"rejectUnauthorized":true}"#],
                    "which is true; else take ssl-mode",
                )?;
                self.security.at_least(Level::VerifyIdentity);
            }
            "charset" => asked.only(&["utf8mb4", "utf8mb3", "utf8"], "and keys are utf8mb4")?,
            "collation" => {
                if !value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
                    return Err(asked.refused("which is a name"));
                }
                self.place = place.collation(value);
            }
            "autocommit" => {
                if !asked.flag()? {
                    return Err(asked.refused("and each statement is committed by itself"));
                }
            }
            // Nothing is loaded from files, and no text is read but as it is.
            "local_infile" | "use_unicode" | "binary_prefix" => drop(asked.flag()?),
            "connect_timeout" | "connection_timeout" => {
                let bound = self.timeouts.connect().min(asked.seconds()?);
                self.timeouts = self.timeouts.with_connect(bound);
            }
            "read_timeout" | "write_timeout" => {
                let bound = self.timeouts.operation().min(asked.seconds()?);
                self.timeouts = self.timeouts.with_operation(bound);
            }
            _ => return Err(asked.unknown()),
        }
        Ok(())
    }

    fn verify(&mut self, asked: &Parameter, level: Level) -> Result<()> {
        if asked.flag()? {
            self.security.at_least(level);
        }
        Ok(())
    }
}

/// How much a connection is secured, in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Disabled,
    Preferred,
    Required,
    VerifyCa,
    VerifyIdentity,
}

impl Level {
    fn read(text: &str) -> Option<Self> {
        Some(match &*text.to_ascii_lowercase().replace('-', "_") {
            "disabled" | "disable" => Self::Disabled,
            "preferred" | "prefer" => Self::Preferred,
            "required" | "require" => Self::Required,
            "verify_ca" => Self::VerifyCa,
            "verify_identity" | "verify_full" => Self::VerifyIdentity,
            _ => return None,
        })
    }
}

/// What parameters say of that together: the strictest counts.
#[derive(Default)]
struct Security {
    mode: Option<Level>,
    least: Option<Level>,
    has_ca: bool,
    skips_names: bool,
}

impl Security {
    fn at_least(&mut self, level: Level) {
        self.least = self.least.max(Some(level));
    }

    fn mode(&self) -> MySqlSslMode {
        // A certificate of an authority is there to be verified, unless a mode says otherwise.
        let by_ca = match self.mode {
            None if self.has_ca && self.skips_names => Some(Level::VerifyCa),
            None if self.has_ca => Some(Level::VerifyIdentity),
            mode => mode,
        };
        match by_ca.max(self.least).unwrap_or(Level::Preferred) {
            Level::Disabled => MySqlSslMode::Disabled,
            Level::Preferred => MySqlSslMode::Preferred,
            Level::Required => MySqlSslMode::Required,
            Level::VerifyCa => MySqlSslMode::VerifyCa,
            Level::VerifyIdentity => MySqlSslMode::VerifyIdentity,
        }
    }
}
