//! The nodes of a cluster, and the one that serves a key.
//!
//! The client's own cluster connection is not used: while it learns who serves what, every call
//! waits, so that one silent node holds up all slots; and its errors do not tell a command that was
//! never sent from one whose answer was lost.

use super::at;
use super::dialler::{Dialler, Source};
use super::endpoint::Endpoint;
use super::first::first;
use super::redirect::Way;
use super::slots::{Address, Slots, slot};
use super::trip;
use crate::error::Fault;
use redis::{Arg, Cmd, ConnectionAddr, ConnectionInfo, RedisError};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout_at};

/// How long nodes are left in peace after they were asked who serves what.
const REST: Duration = Duration::from_millis(50);

/// A cluster, as far as it is known.
#[derive(Clone)]
pub(crate) struct Cluster(Arc<Inner>);

struct Inner {
    seeds: Vec<Address>,
    /// How to connect to a node; its address is what the nodes tell.
    template: ConnectionInfo,
    connect_timeout: Duration,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    slots: Slots,
    /// Redirections since the slots were asked for.
    moved: HashMap<u16, Address>,
    nodes: HashMap<Address, Node>,
    inquiry: Option<watch::Receiver<Answer>>,
    inquiries: usize,
}

struct Node {
    endpoint: Arc<Endpoint>,
    /// Since the slots were asked for; such a node may be a new one without slots.
    is_used: bool,
}

/// `None` until someone told who serves what, or no one did.
type Answer = Option<Result<(), Fault>>;

impl Cluster {
    pub(crate) fn new(seeds: Vec<ConnectionInfo>, connect_timeout: Duration) -> Self {
        let template = seeds.first().cloned();
        let template = template.expect("a url with no host at all does not parse");
        let seeds = seeds.iter().filter_map(|seed| match seed.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Some(Address { host: host.as_str().into(), port: *port })
            }
            _ => None,
        });
        let seeds = seeds.collect();
        Self(Arc::new(Inner { seeds, template, connect_timeout, table: Mutex::default() }))
    }

    /// Learns who serves what.
    pub(crate) async fn connect(&self) -> Result<(), Fault> {
        learnt(self.inquire()).await
    }

    /// The way to the node of a command's key.
    pub(crate) fn way(&self, cmd: &Cmd) -> trip::Way<'_> {
        trip::Way::Cluster(Way::new(self, slot(key_of(cmd))))
    }

    /// Has the nodes asked who serves what, unless they are being asked, or were just now.
    pub(super) fn inquire(&self) -> watch::Receiver<Answer> {
        let mut table = self.0.table();
        if let Some(inquiry) = &table.inquiry {
            return inquiry.clone();
        }
        let (sender, receiver) = watch::channel(None);
        table.inquiry = Some(receiver.clone());
        drop(table);
        let rest = Rest(self.clone());
        tokio::spawn(async move {
            let answer = rest.0.learn().await;
            sender.send_replace(Some(answer));
            sleep(REST).await;
            drop(rest);
        });
        receiver
    }

    async fn learn(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + self.0.connect_timeout;
        let asked = self.0.informants().into_iter().map(|address| {
            let endpoint = self.endpoint(&address);
            async move {
                let mut question = Cmd::with_capacity(2, 16);
                question.arg("CLUSTER").arg("SLOTS");
                let reply = endpoint.command(&question, deadline).await?;
                let slots = Slots::read(&reply, &address.host).ok_or(Fault::NoCluster)?;
                // A node that was reset, or never joined, knows of no one.
                if slots.masters().next().is_some() { Ok(slots) } else { Err(Fault::Unsettled) }
            }
        });
        let slots = first(asked).await.unwrap_or(Err(Fault::Unsent))?;
        let mut table = self.0.table();
        let named: Vec<Address> = slots.masters().chain(&slots.replicas).cloned().collect();
        table
            .nodes
            .retain(|address, node| std::mem::take(&mut node.is_used) || named.contains(address));
        table.moved.clear();
        table.slots = slots;
        Ok(())
    }

    /// The node at an address, known before or not.
    pub(super) fn endpoint(&self, address: &Address) -> Arc<Endpoint> {
        let mut table = self.0.table();
        if let Some(node) = table.nodes.get_mut(address) {
            node.is_used = true;
            return Arc::clone(&node.endpoint);
        }
        let addr = at(self.0.template.addr(), address.host.to_string(), address.port);
        let info = self.0.template.clone().set_addr(addr);
        let dialler = Dialler::new(Source::Server(info), self.0.connect_timeout);
        let endpoint = Arc::new(Endpoint::Own(dialler));
        let node = Node { endpoint: Arc::clone(&endpoint), is_used: true };
        table.nodes.insert(address.clone(), node);
        endpoint
    }

    /// Who serves a slot, as far as is known.
    pub(super) fn master(&self, slot: u16) -> Option<Address> {
        let table = self.0.table();
        table.moved.get(&slot).or_else(|| table.slots.master(slot)).cloned()
    }

    /// Notes who serves a slot now; more may have changed.
    pub(super) fn has_moved(&self, slot: u16, to: Address) {
        self.0.table().moved.insert(slot, to);
        self.inquire();
    }

    /// Waits until the nodes were asked who serves what.
    pub(super) async fn learn_until(&self, deadline: Instant) -> Result<(), Fault> {
        timeout_at(deadline, learnt(self.inquire())).await.unwrap_or(Err(Fault::Unsent))
    }
}

impl Inner {
    /// Whom to ask who serves what: masters, then replicas, then the nodes of the URL; each time
    /// beginning with another, so that no silent one is in the way for long.
    fn informants(&self) -> Vec<Address> {
        let mut table = self.table();
        table.inquiries += 1;
        let mut found: Vec<Address> = Vec::new();
        let known = table.slots.masters().chain(&table.slots.replicas).chain(&self.seeds);
        for address in known {
            if !found.contains(address) {
                found.push(address.clone());
            }
        }
        let begin = table.inquiries % found.len().max(1);
        found.rotate_left(begin);
        found
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A poisoned one holds what some node said, old or new.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While this lives, nodes are not asked again. It also ends with the runtime that asks.
struct Rest(Cluster);

impl Drop for Rest {
    fn drop(&mut self) {
        self.0.0.table().inquiry = None;
    }
}

/// Waits for the answer; an error says that no node of the cluster could be asked, and so that
/// nothing else was sent.
async fn learnt(mut inquiry: watch::Receiver<Answer>) -> Result<(), Fault> {
    let answer = inquiry.wait_for(Option::is_some).await.ok().and_then(|answer| answer.clone());
    match answer {
        Some(Err(Fault::Refused(error))) if error.code() == "ERR" => Err(Fault::NoCluster),
        Some(Err(Fault::Refused(error))) => Err(Fault::Unreached(RedisError::from(error))),
        Some(Err(Fault::Broken(error))) => Err(Fault::Unreached(error)),
        Some(Err(Fault::Silent)) => Err(Fault::Unsent),
        Some(answer) => answer,
        // The runtime that asked was shut down.
        None => Err(Fault::Unreached(io::Error::from(io::ErrorKind::Interrupted).into())),
    }
}

/// The key that a command is about, or the first of them.
fn key_of(cmd: &Cmd) -> &[u8] {
    let mut args = cmd.args_iter();
    let is_script = matches!(args.next(), Some(Arg::Simple(b"EVALSHA" | b"EVAL")));
    match args.nth(if is_script { 2 } else { 0 }) {
        Some(Arg::Simple(key)) => key,
        _ => b"",
    }
}

#[cfg(test)]
mod tests {
    use super::key_of;
    use crate::scripts;
    use redis::cmd;
    use session_core::StoreKey;

    #[test]
    fn key_is_found_in_each_command() {
        let key = StoreKey::new("session:", "id");
        for cmd in [
            cmd("GET").arg(key.as_bytes()).clone(),
            cmd("SET").arg(key.as_bytes()).arg("value").arg("NX").clone(),
            scripts::UPDATE.by_digest(&[key.as_bytes()], &[b"old", b"new"]),
            scripts::TOUCH.by_text(&[key.as_bytes()], &[b"old", b"1"]),
        ] {
            assert_eq!(key_of(&cmd), key.as_bytes());
        }
    }
}
