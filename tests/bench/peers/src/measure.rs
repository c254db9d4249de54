//! A server in a process of its own, and what its requests cost.

use crate::load::Load;
use crate::payload::Payload;
use crate::row::Row;
use crate::subject::Subject;
use crate::usage::{RedisUsage, cpu_seconds};
use crate::visitors;
use anyhow::Context as _;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// What requests of a row cost on a server, in one round.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    pub per_second: f64,
    pub cpu_us: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub redis_commands: f64,
    pub redis_us: f64,
}

/// A server that answers as it should.
pub struct Server {
    pub subject: Subject,
    process: Child,
    port: u16,
}

impl Server {
    pub fn start(subject: Subject, payload: Payload, redis: &str) -> anyhow::Result<Self> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--redis", redis, "--payload", &payload.to_string()])
            .args(["serve", &subject.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = String::new();
        BufReader::new(process.stdout.take().context("no output")?).read_line(&mut port)?;
        let port = port.trim().parse().with_context(|| format!("{subject} did not start"))?;
        visitors::check(port, subject)?;
        Ok(Self { subject, process, port })
    }

    /// Measures requests of `row` under `load`.
    pub fn measure(
        &self,
        row: Row,
        load: Load,
        redis: &mut redis::Connection,
    ) -> anyhow::Result<Cost> {
        let visitors = visitors::begin(self.port, self.subject, row)?;
        let before = RedisUsage::until_now(redis)?;
        let cpu = cpu_seconds(self.process.id())?;
        let seen = load.send(self.port, row, &visitors).with_context(|| self.subject.title())?;
        let cpu = cpu_seconds(self.process.id())? - cpu;
        let after = RedisUsage::until_now(redis)?;
        // The second question is not counted yet where it is answered; the first one is.
        let commands = after.commands - before.commands - 1.0;
        let redis_cpu = after.cpu_seconds - before.cpu_seconds;
        Ok(Cost {
            per_second: seen.requests / seen.seconds,
            cpu_us: cpu * 1e6 / seen.requests,
            p50_ms: seen.p50_ms,
            p99_ms: seen.p99_ms,
            redis_commands: commands / seen.requests,
            redis_us: redis_cpu * 1e6 / seen.requests,
        })
    }
}

impl Drop for Server {
    /// The end of its input is the end of the server.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
