//! The parts of a URL of a server, and a host with its port.

use super::parameters::decode;
use super::{malformed, refuse};
use session_core::Result;
use std::net::Ipv6Addr;

/// What follows the scheme, each part as it is written and empty if it is not given.
pub(super) struct Parts<'a> {
    pub(super) user: &'a str,
    pub(super) password: &'a str,
    pub(super) hosts: &'a str,
    pub(super) database: &'a str,
    pub(super) query: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(rest: &'a str) -> Self {
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, database) = place.split_once('/').unwrap_or((place, ""));
        let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        Self { user, password, hosts, database, query }
    }
}

/// One server, or the directory of its socket; what is not given is left to the client.
#[derive(Clone, Default)]
pub(super) struct Host {
    pub(super) name: String,
    pub(super) port: Option<u16>,
}

impl Host {
    pub(super) fn read(text: &str) -> Result<Self> {
        let name = decode(text)?;
        if name.starts_with('/') {
            return Ok(Self { name, port: None });
        }
        // Colons in brackets are an address's own.
        let after = name.rfind(']').unwrap_or(0);
        let (name, port) = match name[after..].rfind(':') {
            Some(at) => (&name[..after + at], Some(port(&name[after + at + 1..])?)),
            None => (&*name, None),
        };
        let address = name.strip_prefix('[').map(|rest| rest.strip_suffix(']').unwrap_or_default());
        if address.is_some_and(|address| address.parse::<Ipv6Addr>().is_err()) {
            return Err(malformed());
        }
        Ok(Self { name: name.to_owned(), port })
    }
}

pub(super) fn port(text: &str) -> Result<u16> {
    text.parse().map_err(|_| refuse("the port of the url is no number; in a user or password / is %2F, ? is %3F and @ is %40"))
}
