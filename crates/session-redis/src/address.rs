//! From a URL to the servers that it names.

mod parameters;
mod tls;

use self::parameters::Parameters;
use crate::error::STORE;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::{ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisError};
use session_core::store::Call;
use session_core::{Error, ErrorKind, Result};
use std::time::Duration;

/// A NAT forgets a connection on which nothing passes for minutes, and TCP asks after two hours.
const KEEPALIVE: Duration = Duration::from_secs(60);

const NO_NUMBER: &str = "the database of the url is no number";

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

impl Place {
    /// What the servers that hold sessions are spoken to in.
    pub(crate) fn protocol(&self) -> ProtocolVersion {
        let info = match self {
            Self::Server(info) => Some(info),
            #[cfg(feature = "cluster")]
            Self::Cluster(nodes) => nodes.first(),
            #[cfg(feature = "sentinel")]
            Self::Sentinel(service) => Some(&service.master),
        };
        info.map_or(ProtocolVersion::RESP3, |info| info.redis_settings().protocol())
    }
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
    // What follows it would be dropped, and with it half a log-in.
    if let Some((_, fragment)) = url.split_once('#') {
        return Err(config(match fragment {
            "insecure" => "the url has #insecure; name the authority by ?ssl_ca_certs in its place",
            _ => "the url has a #; in a user or password it is %23",
        }));
    }
    let (place, query) = url.split_once('?').unwrap_or((url, ""));
    let Some((scheme, rest)) = place.split_once("://") else { return Err(not_a_url()) };
    match scheme.split_once('+') {
        Some((scheme @ ("redis" | "rediss" | "valkey" | "valkeys"), "cluster")) => {
            cluster(scheme, rest, query)
        }
        Some((scheme @ ("redis" | "rediss" | "valkey" | "valkeys"), "sentinel")) => {
            sentinel(scheme, rest, query)
        }
        _ => server(place, &Parameters::read(query, &[])?).map(Place::Server),
    }
}

#[cfg(feature = "cluster")]
fn cluster(scheme: &str, rest: &str, query: &str) -> Result<Place> {
    let parts = Parts::of(rest);
    let parameters = Parameters::read(query, &[])?;
    if !matches!(parts.path, "" | "/" | "/0") || parameters.db()?.is_some_and(|db| db != 0) {
        return Err(config("a cluster has no databases but 0; leave it out of the url"));
    }
    let nodes = parts.hosts(scheme, 6379).map(|host| server(&host, &parameters));
    Ok(Place::Cluster(nodes.collect::<Result<_>>()?))
}

#[cfg(not(feature = "cluster"))]
fn cluster(_: &str, _: &str, _: &str) -> Result<Place> {
    Err(config(
        "redis+cluster:// needs the feature `cluster` of session-redis, `redis-cluster` of \
         web-session",
    ))
}

#[cfg(feature = "sentinel")]
fn sentinel(scheme: &str, rest: &str, query: &str) -> Result<Place> {
    let parts = Parts::of(rest);
    let mut path = parts.path.trim_matches('/').split('/');
    let name = path.next().map(parameters::decoded).filter(|name| !name.is_empty());
    let Some(name) = name else {
        return Err(config("the url names no service; redis+sentinel://host:port/SERVICE"));
    };
    let db = path.next().unwrap_or_default();
    if path.next().is_some() {
        return Err(config("the url goes on after the service and the database"));
    }
    let parameters = Parameters::read(query, &["sentinel_user", "sentinel_password"])?;
    let master = server(&format!("{scheme}://{}master/{db}", parts.login), &parameters)?;
    let parameters = parameters.of_sentinels()?;
    let sentinels = parts.without_login().hosts(scheme, 26379);
    let sentinels = sentinels.map(|host| server(&host, &parameters)).collect::<Result<_>>()?;
    Ok(Place::Sentinel(Service { sentinels, name, master }))
}

#[cfg(not(feature = "sentinel"))]
fn sentinel(_: &str, _: &str, _: &str) -> Result<Place> {
    Err(config(
        "redis+sentinel:// needs the feature `sentinel` of session-redis, `redis-sentinel` of \
         web-session",
    ))
}

/// A URL with one host and no parameters.
fn server(url: &str, parameters: &Parameters) -> Result<ConnectionInfo> {
    let parsed = redis::parse_redis_url(url).ok_or_else(not_a_url)?;
    if matches!(parsed.scheme(), "rediss" | "valkeys") {
        tls::secure()?;
    }
    let path = parsed.path().trim_matches('/');
    if !parsed.scheme().contains("unix") && !path.is_empty() && path.parse::<i64>().is_err() {
        return Err(config(NO_NUMBER));
    }
    let info = parsed.into_connection_info().map_err(|cause| malformed(&cause))?;
    let probes = TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE);
    let tcp = info.tcp_settings().clone().set_nodelay(true).set_keepalive(probes);
    parameters.apply(info.set_tcp_settings(tcp))
}

/// The client's descriptions are fixed phrases; its details may repeat the URL.
pub(crate) fn malformed(cause: &RedisError) -> Error {
    config(&format!("the url cannot be used ({})", cause.category()))
}

fn not_a_url() -> Error {
    config(
        "not a redis url; expected redis://[user[:password]@]host[:port][/db], rediss://, \
         unix:///path, redis+cluster://host:port,.. or redis+sentinel://host:port,../service, and in a \
         user or password %2F for /, %3F for ?, %40 for @",
    )
}

fn config(what: &str) -> Error {
    Call::Connect.error(STORE, ErrorKind::Config, what)
}

/// What comes between the scheme and the parameters of a URL with several hosts.
#[cfg(any(feature = "cluster", feature = "sentinel"))]
#[derive(Clone, Copy)]
struct Parts<'a> {
    /// With its `@`, or empty.
    login: &'a str,
    hosts: &'a str,
    path: &'a str,
}

#[cfg(any(feature = "cluster", feature = "sentinel"))]
impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Self {
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (login, hosts) = authority.split_at(authority.rfind('@').map_or(0, |at| at + 1));
        Self { login, hosts, path }
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
}

#[cfg(test)]
mod tests;
