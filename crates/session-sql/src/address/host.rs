//! A host of a URL, with its port.

use super::parameters::decode;
use super::{malformed, refuse};
use session_core::Result;
use std::net::Ipv6Addr;

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
    text.parse().map_err(|_| refuse("the url has a port that is none"))
}
