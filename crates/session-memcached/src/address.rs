//! The address of a server, by the forms that clients of Memcached give it.
//!
//! None is half read: what a form says beyond host and port would be dropped in silence.

use std::net::Ipv6Addr;

const PORT: u16 = 11_211;

/// `host:port`, or what is wrong with it and what to write.
pub(crate) fn read(server: &str) -> Result<String, &'static str> {
    plain(server).ok_or_else(|| complaint(server))
}

fn complaint(server: &str) -> &'static str {
    let (front, rest) = server.split_once(':').unwrap_or((server, ""));
    if server.contains('?') {
        return "a server in SESSION_MEMCACHED has parameters; leave them out: \
                SESSION_OPERATION_TIMEOUT, SESSION_CONNECT_TIMEOUT and \
                SESSION_MEMCACHED_MAX_CONNECTIONS stand for those of clients";
    }
    if server.contains('@') {
        return "a server in SESSION_MEMCACHED has a user; leave it out: there is no log-in, so \
                servers belong on a private network";
    }
    if front == "unix" || server.starts_with('/') {
        return "a server in SESSION_MEMCACHED is a unix socket; have it listen on a loopback port \
                and write host:port";
    }
    if server.contains("://") || ["inet", "inet6"].contains(&front) {
        return "a server in SESSION_MEMCACHED has a scheme; write host:port, there is no TLS";
    }
    if rest.contains(':') && plain(rest.rsplit_once(':').map_or("", |_| front)).is_some() {
        return "a server in SESSION_MEMCACHED has a weight, or is IPv6 without brackets; write \
                host:port or [ipv6]:port: all servers have the same weight";
    }
    "a server in SESSION_MEMCACHED is written host, host:port or [ipv6]:port"
}

/// `host:port` of a server as it was written.
fn plain(server: &str) -> Option<String> {
    if let Some(rest) = server.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        let host: Ipv6Addr = host.parse().ok()?;
        return Some(format!("[{host}]:{}", port(rest.strip_prefix(':'), rest)?));
    }
    let (host, written) = match server.split_once(':') {
        Some((host, written)) => (host, Some(written)),
        None => (server, None),
    };
    let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = !host.is_empty() && host.bytes().all(is_host);
    Some(format!("{host}:{}", port(written, "")?)).filter(|_| is_name)
}

/// The port that is `written`, or the usual one if there is nothing in its place.
fn port(written: Option<&str>, instead: &str) -> Option<u16> {
    match written {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().filter(|port| *port != 0)
        }
        Some(_) => None,
        None => instead.is_empty().then_some(PORT),
    }
}

#[cfg(test)]
mod tests {
    use super::{plain, read};

    #[test]
    fn servers_are_spelled_one_way() {
        for (written, spelled) in [
            ("cache", Some("cache:11211")),
            ("cache.internal:11212", Some("cache.internal:11212")),
            ("127.0.0.1:1", Some("127.0.0.1:1")),
            ("[::1]", Some("[::1]:11211")),
            ("[0:0::1]:7", Some("[::1]:7")),
            ("", None),
            (":11211", None),
            ("cache:", None),
            ("cache:0", None),
            ("cache:+1", None),
            ("cache:65536", None),
            ("cache:11211:2", None),
            ("::1", None),
            ("[::1", None),
            ("[::1]7", None),
            ("[cache]:7", None),
            ("memcached://cache", None),
            ("/run/memcached.sock", None),
            ("user@cache", None),
            ("a b", None),
        ] {
            assert_eq!(plain(written).as_deref(), spelled, "{written:?}");
        }
    }

    /// What users write, with the client that it comes from, and a word of the refusal.
    #[test]
    fn no_part_of_an_address_is_dropped_in_silence() {
        for (client, written, refused) in [
            ("pymemcache", "cache.internal:11211", None),
            ("pymemcache", "[::1]:11211", None),
            ("pymemcache", "unix:/run/memcached.sock", Some("unix socket")),
            ("pylibmc", "/run/memcached.sock", Some("unix socket")),
            ("pylibmc", "cache:11211:2", Some("weight")),
            ("python-memcached", "inet:cache:11211", Some("scheme")),
            ("python-memcached", "inet6:[::1]:11211", Some("scheme")),
            ("Flask-Caching", "memcached://cache:11211", Some("scheme")),
            ("pymemcache, TLS", "tls://cache:11211", Some("scheme")),
            ("aiomcache", "cache:11211?timeout=1", Some("parameters")),
            ("URLs of others", "memcached://cache/?ketama_weight=1", Some("parameters")),
            ("MemCachier", "app:hunter2@mc1.ec2.memcachier.com:11211", Some("user")),
            ("IPv6", "fe80::1", Some("IPv6")),
            ("a typing mistake", "cache:port", Some("host:port")),
        ] {
            let told = read(written).err();
            assert_eq!(told.is_some(), refused.is_some(), "{client}: {written}: {told:?}");
            if let (Some(told), Some(refused)) = (told, refused) {
                assert!(told.contains(refused), "{client}: {written}: {told}");
                assert!(told.contains("SESSION_MEMCACHED") && !told.contains("hunter2"), "{told}");
            }
        }
    }
}
