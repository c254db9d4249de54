//! Where the servers under test listen.
//!
//! Tests never skip for want of a server: a missing address fails them with what to run.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};

/// Returns the address in the environment variable `name`, such as `SESSION_TEST_REDIS`.
///
/// # Panics
///
/// If the variable is unset or empty.
#[expect(clippy::panic, reason = "a test without its server has failed")]
pub fn url(name: &str) -> String {
    match std::env::var(name) {
        Ok(url) if !url.is_empty() => url,
        _ => panic!(
            "{name} is not set: it is the address of a server to test against; for those of this \
             library, run `scripts/services up` and export what it prints"
        ),
    }
}

/// Returns the socket address that `url` names, or `host:port` without a scheme.
///
/// # Errors
///
/// If the host does not resolve, or there is no port in `url` and no `default_port`.
///
/// # Examples
///
/// ```
/// use session_testkit::server;
///
/// let addr = server::socket_addr("redis://user:pass@127.0.0.1/0", Some(6379))?;
/// assert_eq!(addr.to_string(), "127.0.0.1:6379");
/// # Ok::<_, std::io::Error>(())
/// ```
pub fn socket_addr(url: &str, default_port: Option<u16>) -> io::Result<SocketAddr> {
    let authority = &url[authority_of(url)];
    let mut found = match default_port {
        Some(port) if !has_port(authority) => {
            (authority.trim_matches(['[', ']']), port).to_socket_addrs()?
        }
        _ => authority.to_socket_addrs()?,
    };
    found.next().ok_or_else(|| io::Error::other("the host of a test server has no address"))
}

/// Returns `url` with its host and port replaced by `addr`, to lead it through a proxy.
///
/// # Examples
///
/// ```
/// use session_testkit::server;
///
/// let through = server::redirect("mysql://user:pass@localhost:3306/db?x=1", "127.0.0.1:9".parse()?);
/// assert_eq!(through, "mysql://user:pass@127.0.0.1:9/db?x=1");
/// # Ok::<_, std::net::AddrParseError>(())
/// ```
pub fn redirect(url: &str, addr: SocketAddr) -> String {
    let mut redirected = url.to_owned();
    redirected.replace_range(authority_of(url), &addr.to_string());
    redirected
}

/// Where host and port stand in `url`.
fn authority_of(url: &str) -> std::ops::Range<usize> {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let start = url[start..end].rfind('@').map_or(start, |at| start + at + 1);
    start..end
}

fn has_port(authority: &str) -> bool {
    let after_host = authority.rfind(']').map_or(authority, |at| &authority[at..]);
    after_host.contains(':')
}

#[cfg(test)]
mod tests {
    use super::{redirect, socket_addr};

    #[test]
    fn addresses_are_found_in_urls() {
        let table = [
            ("127.0.0.1:11211", None, "127.0.0.1:11211"),
            ("127.0.0.1", Some(11211), "127.0.0.1:11211"),
            ("redis://127.0.0.1", Some(6379), "127.0.0.1:6379"),
            ("redis://:p@ss@127.0.0.1:7000/3", Some(6379), "127.0.0.1:7000"),
            ("mongodb://[::1]/?a=b", Some(27017), "[::1]:27017"),
            ("http://[::1]:8000", None, "[::1]:8000"),
        ];
        for (url, default_port, expected) in table {
            assert_eq!(socket_addr(url, default_port).unwrap().to_string(), expected, "{url}");
        }
        assert!(socket_addr("redis://127.0.0.1", None).is_err());
    }

    #[test]
    fn redirect_replaces_host_and_port_alone() {
        let addr = "127.0.0.1:9".parse().unwrap();
        assert_eq!(redirect("localhost:1", addr), "127.0.0.1:9");
        assert_eq!(redirect("redis://u:p@h/0", addr), "redis://u:p@127.0.0.1:9/0");
    }
}
