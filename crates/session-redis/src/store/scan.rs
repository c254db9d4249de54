//! Reading all records, page by page.
//!
//! `SCAN` lists what is there throughout, in one process of one server. So a cursor names that
//! process, and one that is another by now is read anew. On a cluster the masters are read one after
//! the other, in the order of their ids; slots that moved meanwhile may have taken records from one
//! that was not read yet to one that was, and then all are read again, until a pass saw no slot move.

mod place;
mod server;

use self::place::{Node, Place};
use self::server::{Map, Process};
use super::{RedisStore, reply};
use crate::connection::Commands;
use crate::error::{self, Fault, STORE};
use redis::{Cmd, Pipeline, Value};
use session_core::store::{Call, Cursor, Page, reread};
use session_core::{Result, StoreKey};
use std::num::NonZeroUsize;
use tokio::time::Instant;

/// The longest step of `SCAN`: what a server does for it, it does for nobody else meanwhile.
const LONGEST_STEP: usize = 1_000;

/// What `SCAN` told.
struct Listed {
    process: Process,
    cursor: u64,
    keys: Vec<StoreKey>,
}

impl RedisStore {
    /// Reads a page: `SCAN`, then the records of the keys that it lists.
    pub(super) async fn page(
        &self,
        prefix: &str,
        after: Option<&Cursor>,
        most: NonZeroUsize,
    ) -> Result<Page> {
        let deadline = self.deadline();
        let place = match after {
            Some(cursor) => Place::read(cursor.as_str(), self.link.is_cluster()),
            None => Some(Place::Start),
        };
        match place.ok_or_else(|| Cursor::unknown(STORE))? {
            Place::Start => {
                let node = self.begin(deadline).await?;
                let page = self.page_of(node, prefix, most, deadline).await?;
                page.ok_or_else(|| error::unsettled(Call::Scan))
            }
            Place::In(node) => {
                let page = self.page_of(node, prefix, most, deadline).await?;
                // What a node had that serves no keys any more is elsewhere.
                let anew = || Page { next: Some(Place::Start.cursor()), ..Page::default() };
                Ok(page.unwrap_or_else(anew))
            }
        }
    }

    /// Where a scan begins.
    async fn begin(&self, deadline: Instant) -> Result<Node> {
        if !self.link.is_cluster() {
            return Ok(Node::default());
        }
        let nodes = cluster_nodes();
        let send = || self.link.send_to_any(Commands::One(&nodes), deadline);
        let replies = reread(Fault::is_broken, send).await;
        let map = map(&replies.map_err(|fault| fault.into_error(Call::Scan))?)?;
        let first = map.first().map(|id| Node::begin(id, Some(&map.digest)));
        first.ok_or_else(|| error::unsettled(Call::Scan))
    }

    /// A page of one node; `None` if it serves no keys any more.
    async fn page_of(
        &self,
        node: Node,
        prefix: &str,
        most: NonZeroUsize,
        deadline: Instant,
    ) -> Result<Option<Page>> {
        match self.list_keys(prefix, &node, most, deadline).await? {
            Some(listed) => self.read_listed(node, listed, deadline).await,
            None => Ok(None),
        }
    }

    /// Has a node list keys, from its first one if it is another process than it was; `None` if it
    /// serves none any more.
    async fn list_keys(
        &self,
        prefix: &str,
        node: &Node,
        most: NonZeroUsize,
        deadline: Instant,
    ) -> Result<Option<Listed>> {
        let step = most.get().min(LONGEST_STEP);
        let mut cursor = node.cursor;
        loop {
            let mut commands = Pipeline::with_capacity(2);
            commands.cmd("SCAN").arg(cursor).arg("MATCH").arg(pattern(prefix));
            commands.arg("TYPE").arg("string").arg("COUNT").arg(step);
            commands.cmd("INFO").arg("server");
            let replies = self.ask_node(node, Commands::Several(&commands), deadline).await?;
            let Some(replies) = replies else { return Ok(None) };
            let listed = listed(replies)?;
            if !self.link.is_cluster() && listed.process.is_clustered {
                self.check_alone(node, deadline).await?;
            }
            if cursor == 0 || listed.process.run == node.run {
                return Ok(Some(listed));
            }
            cursor = 0;
        }
    }

    /// Makes sure that a node of a cluster which is not known as one serves all of its keys.
    async fn check_alone(&self, node: &Node, deadline: Instant) -> Result<()> {
        let replies = self.ask_node(node, Commands::One(&cluster_nodes()), deadline).await?;
        match map(&replies.unwrap_or_default())?.has_several() {
            true => Err(error::one_of_several(Call::Scan)),
            false => Ok(()),
        }
    }

    /// Reads the records of listed keys, and then where the next page begins.
    async fn read_listed(
        &self,
        node: Node,
        listed: Listed,
        deadline: Instant,
    ) -> Result<Option<Page>> {
        let Listed { process, cursor, keys } = listed;
        let is_cluster = self.link.is_cluster();
        let mut commands = Pipeline::with_capacity(2 * keys.len() + 1);
        for key in &keys {
            commands.cmd("GET").arg(key.as_bytes()).cmd("PTTL").arg(key.as_bytes());
        }
        if is_cluster {
            // After the records: what had left the node before they were read is known by then.
            commands.add_command(cluster_nodes());
        }
        let mut replies = match commands.is_empty() {
            true => Vec::new(),
            false => {
                let replies = self.ask_node(&node, Commands::Listed(&commands), deadline).await?;
                let Some(replies) = replies else { return Ok(None) };
                replies
            }
        };
        let map = match is_cluster {
            true => Some(map(&replies.split_off(2 * keys.len()))?),
            false => None,
        };
        let records = reply::records(keys, replies)?;
        let next = next(node, process.run, cursor, map.as_ref()).map(|place| place.cursor());
        Ok(Some(Page { records, next, ..Page::default() }))
    }

    async fn ask_node(
        &self,
        node: &Node,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Option<Vec<Value>>> {
        let send = || self.link.send_to(&node.id, commands, deadline);
        reread(Fault::is_broken, send).await.map_err(|fault| fault.into_error(Call::Scan))
    }
}

/// Where the page after one of `node` begins.
fn next(mut node: Node, run: String, cursor: u64, map: Option<&Map>) -> Option<Place> {
    let is_settled =
        map.is_none_or(|map| node.pass.as_ref() == Some(&map.digest) && !map.is_moving);
    if !is_settled {
        node.pass = None;
    }
    if cursor != 0 {
        return Some(Place::In(Node { run, cursor, ..node }));
    }
    match map?.after(&node.id) {
        Some(id) => Some(Place::In(Node::begin(id, node.pass.as_deref()))),
        None if node.pass.is_none() => Some(Place::Start),
        None => None,
    }
}

/// A pattern for all that begins with `prefix` (Redis, `util.c`, `stringmatchlen`).
fn pattern(prefix: &str) -> String {
    let mut pattern = String::with_capacity(prefix.len() + 1);
    for sign in prefix.chars() {
        if matches!(sign, '\\' | '*' | '?' | '[' | ']') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern.push('*');
    pattern
}

fn cluster_nodes() -> Cmd {
    let mut cmd = Cmd::with_capacity(2, 16);
    cmd.arg("CLUSTER").arg("NODES");
    cmd
}

fn map(replies: &[Value]) -> Result<Map> {
    let text = replies.first().and_then(reply::text);
    Ok(Map::read(text.ok_or_else(|| error::unexpected(Call::Scan))?))
}

/// Reads the replies of `SCAN` and `INFO`. What no session can be called is none.
fn listed(replies: Vec<Value>) -> Result<Listed> {
    let read = || {
        let [scanned, info] = <[Value; 2]>::try_from(replies).ok()?;
        let (cursor, names) = reply::scanned(scanned)?;
        let keys = names.iter().filter_map(|name| match name {
            Value::BulkString(name) => std::str::from_utf8(name).ok(),
            _ => None,
        });
        let keys = keys.filter(|key| key.bytes().all(|byte| byte.is_ascii_graphic()));
        let keys = keys.map(|key| StoreKey::new("", key)).collect();
        let cursor = std::str::from_utf8(&cursor).ok()?.parse().ok()?;
        Some(Listed { process: Process::read(reply::text(&info)?)?, cursor, keys })
    };
    read().ok_or_else(|| error::unexpected(Call::Scan))
}

#[cfg(test)]
mod tests;
