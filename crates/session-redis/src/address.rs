//! From a URL to the servers that it names.

use crate::error::STORE;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisError};
use session_core::store::Call;
use session_core::{Error, ErrorKind, Result};
use std::time::Duration;

/// A NAT forgets a connection on which nothing passes for minutes, and TCP asks after two hours.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Where a URL leads.
pub(crate) enum Place {
    /// One server.
    Server(ConnectionInfo),
    /// Some nodes of a cluster, which know the others.
    #[cfg(feature = "cluster")]
    Cluster(Vec<ConnectionInfo>),
    /// The master that sentinels name.
    #[cfg(feature = "sentinel")]
    Sentinel(Service),
}

/// Whom to ask for the master, and by what name.
#[cfg(feature = "sentinel")]
pub(crate) struct Service {
    pub(crate) sentinels: Vec<ConnectionInfo>,
    pub(crate) name: String,
    /// How to log in to the master; its address is what the sentinels tell.
    pub(crate) master: ConnectionInfo,
}

/// Reads a URL of any of the forms that `RedisOptions::new` lists.
pub(crate) fn parse(url: &str) -> Result<Place> {
    let Some((scheme, rest)) = url.split_once("://") else { return Err(not_a_url()) };
    match scheme.split_once('+') {
        Some((scheme @ ("redis" | "rediss" | "valkey" | "valkeys"), "cluster")) => {
            cluster(scheme, rest)
        }
        Some((scheme @ ("redis" | "rediss" | "valkey" | "valkeys"), "sentinel")) => {
            sentinel(scheme, rest)
        }
        _ => server(url).map(Place::Server),
    }
}

#[cfg(feature = "cluster")]
fn cluster(scheme: &str, rest: &str) -> Result<Place> {
    let parts = Parts::of(rest)?;
    if !matches!(parts.path, "" | "/" | "/0") {
        return Err(config("a cluster has no databases but 0; leave the path of the url out"));
    }
    parts.refuse_unknown(&["protocol"])?;
    let query = parts.protocol();
    let nodes = parts.hosts(scheme, 6379).map(|host| server(&format!("{host}{query}")));
    Ok(Place::Cluster(nodes.collect::<Result<_>>()?))
}

#[cfg(not(feature = "cluster"))]
fn cluster(_: &str, _: &str) -> Result<Place> {
    Err(config(
        "redis+cluster:// needs the feature `cluster` of session-redis, `redis-cluster` of web-session",
    ))
}

#[cfg(feature = "sentinel")]
fn sentinel(scheme: &str, rest: &str) -> Result<Place> {
    let parts = Parts::of(rest)?;
    let mut path = parts.path.trim_matches('/').split('/');
    let name = path.next().map(decoded).filter(|name| !name.is_empty());
    let Some(name) = name else {
        return Err(config("the url names no service; redis+sentinel://host:port/SERVICE"));
    };
    let db = path.next().unwrap_or_default();
    if path.next().is_some() {
        return Err(config("the url goes on after the service and the database"));
    }
    parts.refuse_unknown(&["protocol", "sentinel_user", "sentinel_password"])?;
    let (user, password) = (parts.value("sentinel_user"), parts.value("sentinel_password"));
    if user.is_some() && password.is_none() {
        return Err(config("the url has a sentinel_user and no sentinel_password"));
    }
    let query = parts.protocol();
    let master = server(&format!("{scheme}://{}master/{db}{query}", parts.login))?;
    let mut sentinels = Vec::new();
    for host in parts.without_login().hosts(scheme, 26379) {
        let info = server(&format!("{host}{query}"))?;
        let mut settings = info.redis_settings().clone();
        if let Some(user) = &user {
            settings = settings.set_username(user);
        }
        if let Some(password) = &password {
            settings = settings.set_password(password);
        }
        sentinels.push(info.set_redis_settings(settings));
    }
    Ok(Place::Sentinel(Service { sentinels, name, master }))
}

#[cfg(not(feature = "sentinel"))]
fn sentinel(_: &str, _: &str) -> Result<Place> {
    Err(config(
        "redis+sentinel:// needs the feature `sentinel` of session-redis, `redis-sentinel` of web-session",
    ))
}

/// A URL with one host.
fn server(url: &str) -> Result<ConnectionInfo> {
    let parsed = redis::parse_redis_url(url).ok_or_else(not_a_url)?;
    if matches!(parsed.scheme(), "rediss" | "valkeys") {
        secure()?;
    }
    let names_protocol = parsed.query_pairs().any(|(name, _)| name == "protocol");
    let info = parsed.into_connection_info().map_err(|cause| malformed(&cause))?;
    // Proxies and restricted users know no CLIENT, and a full server answers the first command alone.
    let mut settings = info.redis_settings().clone().set_skip_set_lib_name();
    if !names_protocol {
        settings = settings.set_protocol(ProtocolVersion::RESP3);
    }
    let probes = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    let tcp = info.tcp_settings().clone().set_nodelay(true).set_keepalive(probes);
    Ok(info.set_redis_settings(settings).set_tcp_settings(tcp))
}

/// The client's descriptions are fixed phrases; its details may repeat the URL.
pub(crate) fn malformed(cause: &RedisError) -> Error {
    config(&format!("the url cannot be used ({})", cause.category()))
}

fn not_a_url() -> Error {
    config(
        "not a redis url; expected redis://[user[:password]@]host[:port][/db], rediss://, \
         unix:///path, redis+cluster://host:port,.. or redis+sentinel://host:port,../service",
    )
}

fn config(what: &str) -> Error {
    Call::Connect.error(STORE, ErrorKind::Config, what)
}

/// What comes after the scheme of a URL with several hosts.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
#[derive(Clone, Copy)]
struct Parts<'a> {
    /// With its `@`, or empty.
    login: &'a str,
    hosts: &'a str,
    path: &'a str,
    query: &'a str,
}

#[cfg(any(feature = "cluster", feature = "sentinel"))]
impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Result<Self> {
        // What follows it would be dropped, and with it half a log-in.
        if rest.contains('#') {
            return Err(config("the url has a #; in a user or password it is %23"));
        }
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (login, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        Ok(Self { login, hosts, path, query })
    }

    /// A URL for each host.
    fn hosts(self, scheme: &str, port: u16) -> impl Iterator<Item = String> {
        self.hosts.split(',').map(move |host| {
            let has_port = host.rfind(']').map_or(host, |at| &host[at..]).contains(':');
            let port = if has_port { String::new() } else { format!(":{port}") };
            format!("{scheme}://{}{host}{port}", self.login)
        })
    }

    #[cfg(feature = "sentinel")]
    fn without_login(self) -> Self {
        Self { login: "", ..self }
    }

    /// A mistyped name would leave a password out.
    fn refuse_unknown(self, known: &[&str]) -> Result<()> {
        let is_known = |(name, _): &(String, String)| known.contains(&name.as_str());
        if self.pairs().iter().all(is_known) {
            return Ok(());
        }
        Err(config(&format!("the query of the url takes {}, and nothing else", known.join(", "))))
    }

    fn protocol(self) -> String {
        let protocol = self.value("protocol");
        protocol.map_or_else(String::new, |version| format!("?protocol={version}"))
    }

    fn value(self, name: &str) -> Option<String> {
        self.pairs().into_iter().find(|pair| pair.0 == name).map(|pair| pair.1)
    }

    /// `+` is itself here, as in the log-in, and no space.
    fn pairs(self) -> Vec<(String, String)> {
        let query = self.query.replace('+', "%2B");
        let parsed = redis::parse_redis_url(&format!("redis://host/?{query}"));
        let pairs = parsed.iter().flat_map(|url| url.query_pairs());
        pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
    }
}

/// Percent-decodes a part of a path, as the query of a URL is.
#[cfg(feature = "sentinel")]
fn decoded(part: &str) -> String {
    let query = format!("name={part}");
    let parts = Parts { login: "", hosts: "", path: "", query: &query };
    parts.value("name").unwrap_or_default()
}

/// rustls panics when a build holds two cryptography providers and the process chose none.
#[cfg(feature = "rustls")]
fn secure() -> Result<()> {
    use rustls::crypto::{CryptoProvider, ring};
    if CryptoProvider::get_default().is_none() {
        // Refused only if another thread has just chosen one, which serves as well.
        let _ = ring::default_provider().install_default();
    }
    Ok(())
}

#[cfg(not(feature = "rustls"))]
fn secure() -> Result<()> {
    Err(config("rediss:// needs the feature `rustls` of session-redis"))
}

#[cfg(test)]
mod tests;
