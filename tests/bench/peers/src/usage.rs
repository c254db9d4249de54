//! What processes have used until now.

use anyhow::Context as _;
use redis::{Connection, InfoDict};
use std::fs;

/// Ticks of `/proc/PID/stat` in a second, on every Linux.
const TICKS: f64 = 100.0;

/// CPU seconds of a process, in its own code and in the kernel for it (proc(5), `utime`, `stime`).
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, after_name) = stat.rsplit_once(')').context("no name in /proc/PID/stat")?;
    // The first of these is the third field.
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at - 3).and_then(|field| field.parse::<f64>().ok());
    let used = ticks(14).zip(ticks(15)).context("no CPU time in /proc/PID/stat")?;
    Ok((used.0 + used.1) / TICKS)
}

/// What Redis has done, for whomever.
#[derive(Clone, Copy)]
pub struct RedisUsage {
    pub commands: f64,
    pub cpu_seconds: f64,
}

impl RedisUsage {
    /// Costs one command.
    pub fn until_now(redis: &mut Connection) -> anyhow::Result<Self> {
        let info: InfoDict = redis::cmd("INFO").query(redis)?;
        let number = |key: &str| info.get::<f64>(key).with_context(|| format!("INFO has no {key}"));
        Ok(Self {
            commands: number("total_commands_processed")?,
            cpu_seconds: number("used_cpu_user")? + number("used_cpu_sys")?,
        })
    }
}
