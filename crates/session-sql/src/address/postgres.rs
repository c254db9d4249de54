//! A URL of PostgreSQL, as libpq, SQLAlchemy's drivers and providers write it.
//!
//! <https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS>

use super::host::{Host, Parts, port};
use super::parameters::{Parameter, check_pair, decode, parameters};
use super::{malformed, refuse};
use crate::config::{SqlOptions, Way};
use crate::entrance::Wanted;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use session_core::Result;
use session_core::store::Timeouts;
use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

/// What is read of one.
pub(super) struct Read {
    /// The servers, in the order in which they are tried.
    pub(super) places: Vec<PgConnectOptions>,
    pub(super) wanted: Wanted,
    pub(super) way: Way,
    pub(super) timeouts: Timeouts,
}

/// Reads what follows the scheme.
pub(super) fn read(rest: &str, options: &SqlOptions) -> Result<Read> {
    let Parts { user, password, hosts, database, query } = Parts::of(rest);
    let mut asked = Asked::new(options);
    asked.keep("user", decode(user)?);
    asked.keep("password", decode(password)?);
    asked.keep("dbname", decode(database)?);
    let written = hosts.split(',').map(Host::read).collect::<Result<Vec<_>>>()?;
    let parameters = parameters(query)?;
    check_pair(&parameters, ["sslcert", "sslkey"])?;
    for parameter in parameters {
        asked.read(parameter)?;
    }
    asked.finish(written)
}

struct Asked {
    /// What the client is told, under its names.
    kept: Vec<(&'static str, String)>,
    hosts: Vec<Host>,
    ports: Vec<u16>,
    mode: Option<String>,
    root: Option<String>,
    has_channel_binding: bool,
    wanted: Wanted,
    way: Way,
    timeouts: Timeouts,
}

impl Asked {
    fn new(options: &SqlOptions) -> Self {
        Self {
            kept: Vec::new(),
            hosts: Vec::new(),
            ports: Vec::new(),
            mode: None,
            root: None,
            has_channel_binding: false,
            wanted: Wanted::Any,
            way: options.way,
            timeouts: options.timeouts,
        }
    }

    fn keep(&mut self, name: &'static str, value: String) {
        if !value.is_empty() {
            self.kept.push((name, value));
        }
    }

    fn read(&mut self, asked: Parameter) -> Result<()> {
        let Parameter { name, value } = &asked;
        match &**name {
            "user" => self.keep("user", asked.value),
            "password" => self.keep("password", asked.value),
            "dbname" | "database" => self.keep("dbname", asked.value),
            "application_name" => self.keep("application_name", asked.value),
            "options" => self.keep("options", asked.value),
            "sslcert" => self.keep("sslcert", asked.pem()?.to_owned()),
            "sslkey" => self.keep("sslkey", asked.pem()?.to_owned()),
            // The one that is kept last counts.
            "fallback_application_name" => self.kept.insert(0, ("application_name", asked.value)),
            "host" => {
                for host in value.split(',') {
                    self.hosts.push(Host::read(host)?);
                }
            }
            "hostaddr" if self.hosts.is_empty() => self.hosts.push(Host::read(value)?),
            "hostaddr" => return Err(asked.refused("beside a host; leave one out")),
            "port" => self.ports = value.split(',').map(port).collect::<Result<_>>()?,
            "target_session_attrs" => match &**value {
                "any" => self.wanted = Wanted::Any,
                "read-write" | "primary" => self.wanted = Wanted::Writer,
                _ => return Err(asked.refused("and sessions are written; take read-write")),
            },
            "load_balance_hosts" => {
                asked.only(&["disable"], "and hosts are tried in their order; leave it out")?;
            }
            "sslmode" | "ssl" => self.mode = Some(mode(&asked)?),
            "sslrootcert" if value == "system" => self.root = Some(asked.value),
            "sslrootcert" => self.root = Some(asked.pem()?.to_owned()),
            "sslnegotiation" => {
                asked.only(
                    &["postgres"],
                    "of which this driver knows postgres alone; leave it out",
                )?;
            }
            "sslcompression" => asked.only(&["0"], "and this driver does not compress")?,
            "ssl_min_protocol_version" => {
                let older = ["TLSv1", "TLSv1.1", "TLSv1.2"];
                asked.only(&older, "and this driver takes TLS 1.2 and 1.3")?;
            }
            "channel_binding" => match &**value {
                "require" => self.has_channel_binding = true,
                _ => asked.only(&["prefer", "disable"], "which is disable, prefer or require")?,
            },
            "gssencmode" => {
                asked.only(&["disable", "prefer"], "and this driver does not speak GSSAPI")?;
            }
            "client_encoding" => {
                asked.only(&["utf8", "utf-8", "unicode", "auto"], "and keys are UTF-8")?;
            }
            "connect_timeout" | "timeout" => {
                let bound = self.timeouts.connect().min(asked.seconds()?);
                self.timeouts = self.timeouts.with_connect(bound);
            }
            "command_timeout" => {
                let bound = self.timeouts.operation().min(asked.seconds()?);
                self.timeouts = self.timeouts.with_operation(bound);
            }
            // Deadlines notice a dead connection, and earlier.
            "keepalives"
            | "keepalives_idle"
            | "keepalives_interval"
            | "keepalives_count"
            | "tcp_user_timeout" => drop(asked.number()?),
            // Statements are prepared at their first use; who forbids that has a pooler.
            "prepare_threshold" if value.eq_ignore_ascii_case("none") => self.way = Way::Plain,
            "prepare_threshold" => drop(asked.number()?),
            "statement_cache_size" | "prepared_statement_cache_size" => {
                if asked.number()? == 0 {
                    self.way = Way::Plain;
                }
            }
            "pgbouncer" => {
                if asked.flag()? {
                    self.way = Way::Plain;
                }
            }
            _ => return Err(asked.unknown()),
        }
        Ok(())
    }

    fn finish(mut self, written: Vec<Host>) -> Result<Read> {
        if let Some(mode) = self.security()? {
            self.keep("sslmode", mode);
        }
        if let Some(root) = self.root.take() {
            self.keep("sslrootcert", root);
        }
        let hosts = if self.hosts.is_empty() { written } else { self.hosts };
        if self.ports.len() > 1 && self.ports.len() != hosts.len() {
            return Err(refuse("the url has the parameter port, and not as many as hosts"));
        }
        let places = hosts.into_iter().enumerate().map(|(at, host)| {
            let port = host.port.or(self.ports.get(at).or(self.ports.first()).copied());
            let mut pairs = self.kept.clone();
            pairs.push(("host", host.name));
            pairs.push(("port", port.map(|port| port.to_string()).unwrap_or_default()));
            pairs.retain(|(_, value)| !value.is_empty());
            place(&pairs)
        });
        let places = places.collect::<Result<_>>()?;
        Ok(Read { places, wanted: self.wanted, way: self.way, timeouts: self.timeouts })
    }

    /// How the connection is secured: never less than was asked for.
    fn security(&mut self) -> Result<Option<String>> {
        let is_system = self.root.as_deref() == Some("system");
        if is_system {
            // As libpq has it, but for the roots, which are those of the driver.
            self.root = None;
            if self.mode.as_deref().is_some_and(|mode| mode != "verify-full") {
                return Err(refuse(
                    "the url has the parameter sslrootcert, and system goes with \
                     sslmode=verify-full alone",
                ));
            }
        }
        Ok(match self.mode.take() {
            // The driver cannot bind to the channel, so its certificate is verified in place of that.
            _ if self.has_channel_binding || is_system => Some("verify-full".to_owned()),
            // As libpq has it.
            Some(mode) if mode == "require" && self.root.is_some() => Some("verify-ca".to_owned()),
            mode => mode,
        })
    }
}

/// libpq's modes, and what asyncpg and others write in their place.
fn mode(asked: &Parameter) -> Result<String> {
    let modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    match &*asked.value {
        "true" if asked.name == "ssl" => Ok("verify-full".to_owned()),
        "false" if asked.name == "ssl" => Ok("disable".to_owned()),
        value if modes.contains(&value) => Ok(value.to_owned()),
        _ => {
            Err(asked.refused("which is disable, allow, prefer, require, verify-ca or verify-full"))
        }
    }
}

/// All of it goes through the client's parser, which then also looks into the password file.
fn place(pairs: &[(&str, String)]) -> Result<PgConnectOptions> {
    let pairs = pairs
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    let url = format!("postgres:///?{}", pairs.collect::<Vec<_>>().join("&"));
    let place: PgConnectOptions = url.parse().map_err(|_| malformed())?;
    // No float is read, and PgBouncer as shipped knows nothing of this parameter.
    Ok(place.extra_float_digits(None).disable_statement_logging())
}
