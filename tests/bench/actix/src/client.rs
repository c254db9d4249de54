//! A browser with one connection.

use crate::row::Row;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// What a server answered.
pub struct Answer {
    /// The name and the value of a cookie that it sets.
    pub cookie: Option<String>,
    /// The page.
    pub body: String,
}

/// Sends one request after the other.
pub struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects to a server on this machine.
    pub fn connect(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends `cookie`, beside one that is not the application's; fails for any answer but 200.
    pub fn get(&mut self, row: Row, cookie: Option<&str>) -> io::Result<Answer> {
        let cookie = cookie.map(|pair| format!("; {pair}")).unwrap_or_default();
        let request = format!(
            "GET {} HTTP/1.1\r\nHost: localhost\r\nCookie: consent=necessary{cookie}\r\n\r\n",
            row.path()
        );
        self.0.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let (mut length, mut cookie) = (0, None);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(": ") else { break };
            match name {
                "content-length" => length = value.parse().map_err(io::Error::other)?,
                "set-cookie" => cookie = value.split(';').next().map(str::to_owned),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        let body = String::from_utf8(body).map_err(io::Error::other)?;
        match status.as_str() {
            "HTTP/1.1 200 OK" => Ok(Answer { cookie, body }),
            _ => Err(io::Error::other(format!("get {}: {status}: {body}", row.path()))),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.0.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}
