//! Whether the user may run what the store will send, asked when it connects: a missing right would
//! else be found by the first visitor who changes something.

use super::RedisStore;
use crate::connection::{Commands, Endpoint};
use crate::error::{Denied, Fault, lacks};
use futures_util::future::join_all;
use redis::Cmd;
use session_core::Result;
use session_core::store::Call;
use tokio::time::Instant;

/// No record's and no owner's key, for their names end in something else.
const KEY: &str = "session-owner:rights:keys";

/// Those of records, in forms that change nothing where there is no such key. Redis looks at the
/// right to a command before it looks at its keys, whether their slot is elsewhere, and before it
/// runs it.
const RECORDS: [&[&str]; 7] = [
    &["GET", KEY],
    &["PTTL", KEY],
    &["SET", KEY, "", "XX", "PX", "1"],
    &["DEL", KEY],
    &["PEXPIRE", KEY, "1"],
    &["EVALSHA", "0000000000000000000000000000000000000000", "1", KEY],
    &["EVAL", "return 1", "1", KEY],
];

/// Those of the index.
const INDEX: [&[&str]; 9] = [
    &["EXISTS", KEY],
    &["TYPE", KEY],
    &["TIME"],
    &["ZADD", KEY, "XX", "1", ""],
    &["ZREM", KEY, ""],
    &["ZSCORE", KEY, ""],
    &["ZCOUNT", KEY, "1", "1"],
    &["ZSCAN", KEY, "0"],
    &["ZREMRANGEBYRANK", KEY, "0", "0"],
];

/// What follows slots that move.
const CLUSTER: [&[&str]; 1] = [&["ASKING"]];

impl RedisStore {
    /// Asks every server that holds keys for all at once. Whatever else one answers is left to the
    /// calls that meet it.
    pub(super) async fn check_rights(&self) -> Result<()> {
        let deadline = self.deadline() + self.timeouts.connect();
        let (has_owners, is_cluster) = (self.owners.is_some(), self.link.is_cluster());
        let parts = [(true, &RECORDS[..]), (is_cluster, &CLUSTER), (has_owners, &INDEX)];
        let sent = parts.into_iter().filter(|(is_sent, _)| *is_sent).flat_map(|(_, part)| part);
        let probes: Vec<Cmd> = sent.map(|words| cmd(words)).collect();
        let servers = self.link.servers();
        let asked = servers.iter().map(|server| lacking(server, &probes, deadline));
        for (server, mut denied) in servers.iter().zip(join_all(asked).await) {
            // Records have keys of their own.
            denied.retain(|denied| has_owners || *denied != Denied::Keys);
            if !denied.is_empty() {
                return Err(lacks(Call::Connect, &denied, server.login().as_ref()));
            }
        }
        Ok(())
    }
}

/// What a server does not let the user do, each once.
async fn lacking(server: &Endpoint, probes: &[Cmd], deadline: Instant) -> Vec<Denied> {
    let asked = probes.iter().map(|probe| server.send(Commands::One(probe), deadline));
    let mut lacking = Vec::new();
    for answer in join_all(asked).await {
        if let Err(Fault::Denied(denied, _)) = answer
            && !lacking.contains(&denied)
        {
            lacking.push(denied);
        }
    }
    lacking
}

fn cmd(words: &[&str]) -> Cmd {
    let mut cmd = Cmd::new();
    cmd.arg(words);
    cmd
}
