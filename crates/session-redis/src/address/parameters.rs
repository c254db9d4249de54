//! The parameters of a URL, by the names that clients of Redis give them.
//!
//! None is dropped in silence: each is honoured, or the store does so anyway, or an error names it.

use super::{NO_NUMBER, config, tls};
use redis::{ConnectionInfo, ProtocolVersion};
use session_core::Result;

/// With redis-py's name first; `user` and `pass` are those of the `redis` crate for sockets.
const HONOURED: &[&str] = &[
    "db",
    "protocol",
    "username",
    "password",
    "user",
    "pass",
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
];

/// Nothing hangs on them here: bytes are read as they are, over one connection, which is looked
/// after while it rests.
const IDLE: &[&str] = &[
    "allowUsernameInURI",
    "decode_responses",
    "encoding",
    "encoding_errors",
    "health_check_interval",
    "max_connections",
    "socket_keepalive",
];

/// Names and values, all of them known and each once.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a query that may hold `more` names than those that all URLs may.
    pub(super) fn read(query: &str, more: &[&str]) -> Result<Self> {
        let pairs = pairs(query);
        for (index, (name, value)) in pairs.iter().enumerate() {
            check(name, value, more)?;
            if pairs[..index].iter().any(|(other, _)| other == name) {
                return Err(config(&format!("the url has the parameter {name} twice")));
            }
        }
        Ok(Self(pairs))
    }

    /// The database that they name.
    pub(super) fn db(&self) -> Result<Option<i64>> {
        let number = |db: &str| db.parse().map_err(|_| config(NO_NUMBER));
        self.value("db").map(number).transpose()
    }

    /// Has a connection made as they say.
    pub(super) fn apply(&self, info: ConnectionInfo) -> Result<ConnectionInfo> {
        let settings = info.redis_settings().clone();
        // Proxies and restricted users know no CLIENT, and a full server answers the first command
        // alone.
        let mut settings = settings.set_skip_set_lib_name().set_protocol(self.protocol()?);
        if let Some(db) = self.db()? {
            if ![0, db].contains(&settings.db()) {
                return Err(config("the url names two databases, in its path and as db"));
            }
            settings = settings.set_db(db);
        }
        let user = self.value("username").or_else(|| self.value("user"));
        let password = self.value("password").or_else(|| self.value("pass"));
        let has_login = settings.username().is_some() || settings.password().is_some();
        if has_login && (user.is_some() || password.is_some()) {
            return Err(config("the url names a log-in twice, before the host and as parameters"));
        }
        if let Some(user) = user {
            settings = settings.set_username(user);
        }
        if let Some(password) = password {
            settings = settings.set_password(password);
        }
        let [authority, certificate, key] =
            ["ssl_ca_certs", "ssl_certfile", "ssl_keyfile"].map(|name| self.value(name));
        tls::certify(info.set_redis_settings(settings), authority, certificate, key)
    }

    /// What is said of the sentinels, who have a log-in of their own and no databases.
    #[cfg(feature = "sentinel")]
    pub(super) fn of_sentinels(&self) -> Result<Self> {
        if self.value("sentinel_user").is_some() && self.value("sentinel_password").is_none() {
            return Err(config("the url has a sentinel_user and no sentinel_password"));
        }
        let pairs = self.0.iter().filter_map(|(name, value)| {
            let name = match name.as_str() {
                "sentinel_user" => "username",
                "sentinel_password" => "password",
                name if name == "protocol" || name.starts_with("ssl_") => name,
                _ => return None,
            };
            Some((name.to_owned(), value.clone()))
        });
        Ok(Self(pairs.collect()))
    }

    fn protocol(&self) -> Result<ProtocolVersion> {
        match self.value("protocol") {
            None | Some("3" | "resp3") => Ok(ProtocolVersion::RESP3),
            Some("2" | "resp2") => Ok(ProtocolVersion::RESP2),
            Some(_) => Err(config("the protocol of the url is neither resp2 nor resp3")),
        }
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str())
    }
}

/// Percent-decodes a part of a path, as the query of a URL is.
#[cfg(feature = "sentinel")]
pub(super) fn decoded(part: &str) -> String {
    pairs(&format!("name={part}")).pop().map(|pair| pair.1).unwrap_or_default()
}

/// `+` is itself here, as in the log-in, and no space.
fn pairs(query: &str) -> Vec<(String, String)> {
    let query = query.replace('+', "%2B");
    let parsed = redis::parse_redis_url(&format!("redis://host/?{query}"));
    let pairs = parsed.iter().flat_map(|url| url.query_pairs());
    pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

/// Says of a parameter that is not honoured what is to be done in its place.
fn check(name: &str, value: &str, more: &[&str]) -> Result<()> {
    let is_on = ["required", "cert_required", "true", "yes", "1"]
        .iter()
        .any(|on| value.eq_ignore_ascii_case(on));
    let instead = match name {
        _ if [HONOURED, IDLE, more].iter().any(|names| names.contains(&name)) => return Ok(()),
        "ssl_cert_reqs" | "ssl_check_hostname" if is_on => return Ok(()),
        "ssl" => "rediss:// in place of redis:// is TLS",
        "ssl_cert_reqs" | "ssl_check_hostname" => {
            "a server must prove who it is; ssl_ca_certs=/path/to.pem names an authority of your own"
        }
        "ssl_ca_path" | "ssl_ca_data" => "name one file of certificates by ssl_ca_certs",
        "socket_timeout" | "read_timeout" | "write_timeout" | "timeout" => {
            "set SESSION_OPERATION_TIMEOUT in its place"
        }
        "socket_connect_timeout" | "connect_timeout" | "connectTimeout" | "dial_timeout" => {
            "set SESSION_CONNECT_TIMEOUT in its place"
        }
        "retry_on_timeout" | "retry_on_error" | "max_retries" => {
            "no write is sent twice here; leave it out"
        }
        _ if is_name(name) => {
            let known = [HONOURED, more].concat().join(", ");
            return Err(config(&format!("the url has the parameter {name}, and takes {known}")));
        }
        _ => {
            return Err(config(
                "the url has a parameter whose name cannot be shown; in a user or password ? is %3F",
            ));
        }
    };
    Err(config(&format!("the url has the parameter {name}: {instead}")))
}

/// What is no name may be a part of a password with an unescaped `?`.
fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..40).contains(&name.len()) && name.bytes().all(is_part)
}
