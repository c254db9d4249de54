//! Ports that are kept from others.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::TcpSocket;

/// Binds a loopback port and never listens there; a server may, nobody else is given it.
pub(crate) fn reserve() -> io::Result<TcpSocket> {
    bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

/// Binds `addr`, also one that is reserved.
pub(crate) fn bind(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}
