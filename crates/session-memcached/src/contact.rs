//! The first contact with a server: whether it can keep sessions, and how large.
//!
//! The client cannot ask for settings, so this is the protocol itself.

use crate::error::Fault;
use std::io;
use std::net::SocketAddr;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// What a server says, at most; its settings are some 3 KiB.
const LONGEST: u64 = 64 * 1_024;

/// What a server that has `-c` connections says to one more, before it closes it.
const FULL: &str = "ERROR Too many open connections";

/// What a server told about itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// Which of its addresses took the connection.
    pub(crate) address: SocketAddr,
    /// The largest item, with key and header; proxies do not tell.
    pub(crate) item_size_max: Option<usize>,
}

/// Asks the server at the first of `addresses` that takes a connection, on one of its own, for its
/// settings and for an `mn`.
pub(crate) async fn ask(addresses: &[SocketAddr]) -> Result<Told, Fault> {
    let stream = TcpStream::connect(addresses).await.map_err(Fault::unreached)?;
    let address = stream.peer_addr().map_err(Fault::unreached)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"stats settings\r\nmn\r\n").await.map_err(Fault::unreached)?;
    stream.flush().await.map_err(Fault::unreached)?;
    let mut lines = stream.take(LONGEST).lines();
    let mut hearing = Hearing::Settings(Told { address, item_size_max: None });
    loop {
        let line = match lines.next_line().await {
            Ok(Some(line)) => line,
            Ok(None) => return Err(Fault::unreached(io::ErrorKind::UnexpectedEof.into())),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(Fault::Garbled),
            Err(error) => return Err(Fault::unreached(error)),
        };
        hearing = match hearing.hear(&line)? {
            Hearing::Done(told) => return Ok(told),
            hearing => hearing,
        };
    }
}

/// Asks the server for what it counts and how it is set up, on a connection of its own. A proxy
/// tells nothing.
pub(crate) async fn statistics(address: SocketAddr) -> Result<Vec<(String, String)>, Fault> {
    let stream = TcpStream::connect(address).await.map_err(Fault::unreached)?;
    let mut stream = BufReader::new(stream);
    stream.write_all(b"stats\r\nstats settings\r\n").await.map_err(Fault::unreached)?;
    let mut lines = stream.take(LONGEST).lines();
    let (mut told, mut answers) = (Vec::new(), 0);
    while answers < 2 {
        let Some(line) = lines.next_line().await.map_err(Fault::unreached)? else { break };
        let mut words = line.split_ascii_whitespace();
        match (words.next(), words.next(), words.next()) {
            (Some("STAT"), Some(name), Some(value)) => {
                told.push((name.to_owned(), value.to_owned()));
            }
            _ => answers += 1,
        }
    }
    Ok(told)
}

/// How far the answers have come.
#[derive(Debug)]
enum Hearing {
    Settings(Told),
    Noop(Told),
    Done(Told),
}

impl Hearing {
    fn hear(self, line: &str) -> Result<Self, Fault> {
        if line.trim_end() == FULL {
            return Err(Fault::Full);
        }
        let mut words = line.split_ascii_whitespace();
        match (self, words.next()) {
            (Self::Settings(told), Some("STAT")) => match (words.next(), words.next()) {
                (Some("cas_enabled"), Some("no")) => Err(Fault::WithoutCas),
                (Some("item_size_max"), Some(bytes)) => {
                    Ok(Self::Settings(Told { item_size_max: bytes.parse().ok(), ..told }))
                }
                _ => Ok(Self::Settings(told)),
            },
            // A proxy has no settings.
            (Self::Settings(told), Some("END" | "ERROR" | "CLIENT_ERROR" | "SERVER_ERROR")) => {
                Ok(Self::Noop(told))
            }
            (Self::Noop(told), Some("MN")) => Ok(Self::Done(told)),
            (Self::Noop(_), Some("ERROR" | "CLIENT_ERROR")) => Err(Fault::Rejected),
            _ => Err(Fault::Garbled),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hearing, Told};
    use crate::error::Fault;
    use std::net::Ipv4Addr;

    fn hear(answer: &str) -> Result<Told, Fault> {
        let address = (Ipv4Addr::LOCALHOST, 11_211).into();
        let mut hearing = Hearing::Settings(Told { address, item_size_max: None });
        for line in answer.lines() {
            hearing = hearing.hear(line)?;
        }
        match hearing {
            Hearing::Done(told) => Ok(told),
            unfinished => panic!("{unfinished:?}"),
        }
    }

    #[test]
    fn limit_is_heard_where_it_is_told() {
        let told = hear("STAT maxbytes 1\nSTAT item_size_max 2097152\nSTAT x y\nEND\nMN").unwrap();
        assert_eq!(told.item_size_max, Some(2_097_152));
        assert_eq!(hear("ERROR\nMN").unwrap().item_size_max, None);
    }

    #[test]
    fn servers_that_cannot_keep_sessions_are_found_out() {
        for (answer, is_right) in [
            ("STAT cas_enabled no", (|f| matches!(f, Fault::WithoutCas)) as fn(&Fault) -> bool),
            ("ERROR Too many open connections", |f| matches!(f, Fault::Full)),
            ("END\nERROR", |f| matches!(f, Fault::Rejected)),
            ("-ERR unknown command", |f| matches!(f, Fault::Garbled)),
            ("HTTP/1.1 400 Bad Request", |f| matches!(f, Fault::Garbled)),
        ] {
            let fault = hear(answer).expect_err(answer);
            assert!(is_right(&fault), "{answer}: {fault:?}");
        }
    }
}
