//! The load. As much as 32 connections take: wrk with one thread, which takes the least from the
//! servers that it measures. At a rate, late or not: vegeta.

mod vegeta;
mod wrk;

use crate::row::Row;

/// How much is asked, and for how long.
#[derive(Clone, Copy)]
pub struct Load {
    pub connections: u32,
    pub seconds: u64,
    /// Requests in a second; as many as the server answers if there is none.
    pub rate: Option<u32>,
}

/// What the clients saw.
pub struct Seen {
    pub requests: f64,
    pub seconds: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
}

impl Load {
    /// Sends requests of `row`, with the cookies of one visitor after the other; fails if any is
    /// not answered with success.
    pub fn send(self, port: u16, row: Row, visitors: &[String]) -> anyhow::Result<Seen> {
        let url = format!("http://127.0.0.1:{port}{}", row.path());
        match self.rate {
            None => wrk::send(self, &url, visitors),
            Some(rate) => vegeta::send(self, rate, &url, visitors),
        }
    }
}
