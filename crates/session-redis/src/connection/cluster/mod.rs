//! The nodes of a cluster, and the one that serves a key.
//!
//! The client's own cluster connection is not used: while it learns who serves what, every call
//! waits, so that one silent node holds up all slots; and its errors do not tell a command that was
//! never sent from one whose answer was lost.

mod member;
mod redirect;
mod slots;

use self::redirect::Way;
use self::slots::{Address, Slots, slot};
use super::at;
use super::commands::Commands;
use super::dialler::{Dialler, Source};
use super::endpoint::Endpoint;
use super::first::first;
use super::task::Task;
use super::waits::Waits;
use crate::error::Fault;
use redis::{Cmd, ConnectionAddr, ConnectionInfo, Value};
use session_core::store::Lost;
use std::collections::HashMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long nodes are left in peace after they were asked who serves what.
const REST: Duration = Duration::from_millis(50);

/// A cluster, as far as it is known.
pub(crate) struct Cluster {
    seeds: Vec<Address>,
    /// How to connect to a node; its address is what the nodes tell.
    template: ConnectionInfo,
    waits: Waits,
    /// How many sessions of each node are held.
    near: Option<NonZeroUsize>,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    slots: Slots,
    /// Redirections since the slots were asked for.
    moved: HashMap<u16, Address>,
    nodes: HashMap<Address, Node>,
    inquiry: Option<Task<Answer>>,
    inquiries: usize,
}

struct Node {
    endpoint: Arc<Endpoint>,
    /// Since the slots were asked for; such a node may be a new one without slots.
    is_used: bool,
}

/// Whether some node told who serves what, and when.
type Answer = (Result<(), Fault>, Instant);

impl Cluster {
    pub(crate) fn new(
        seeds: Vec<ConnectionInfo>,
        waits: Waits,
        near: Option<NonZeroUsize>,
    ) -> Arc<Self> {
        let template = seeds.first().cloned();
        let template = template.expect("a url with no host at all does not parse");
        let seeds = seeds.iter().filter_map(|seed| match seed.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
                Some(Address { host: host.as_str().into(), port: *port })
            }
            _ => None,
        });
        let seeds = seeds.collect();
        Arc::new(Self { seeds, template, waits, near, table: Mutex::default() })
    }

    /// Learns who serves what.
    ///
    /// An error says that no node of the cluster could be asked, and so that nothing else was sent.
    pub(crate) async fn connect(self: &Arc<Self>) -> Result<(), Fault> {
        let answered = self.inquire().end().await;
        // The runtime that asked was shut down.
        let interrupted = || Fault::unreached(io::Error::from(io::ErrorKind::Interrupted).into());
        match answered.ok_or_else(interrupted)?.0 {
            Err(Fault::Refused(error)) if error.code() == "ERR" => Err(Fault::NoCluster),
            Err(Fault::Refused(error)) => Err(Fault::unreached(error.into())),
            Err(Fault::Lost(Lost::Broken, cause)) => Err(Fault::Lost(Lost::Unreached, cause)),
            Err(Fault::Lost(Lost::Silent, _)) => Err(Lost::Unsent.into()),
            answer => answer,
        }
    }

    /// Sends commands to the node that serves their key, wherever its slot goes.
    pub(crate) async fn send(
        self: &Arc<Self>,
        commands: Commands<'_>,
        deadline: Instant,
    ) -> Result<Vec<Value>, Fault> {
        let mut way = Way::new(self, slot(commands.key()));
        loop {
            match way.send(commands, deadline).await {
                Ok(replies) => return Ok(replies),
                Err(why) => way.again(why, deadline).await?,
            }
        }
    }

    /// The node that serves `key`, as far as is known.
    pub(crate) fn server(&self, key: &[u8]) -> Option<Arc<Endpoint>> {
        self.master(slot(key)).map(|address| self.node(&address))
    }

    /// Has the nodes asked who serves what, unless they are being asked, or were just now.
    fn inquire(self: &Arc<Self>) -> Task<Answer> {
        let mut table = self.table();
        let recent = table.inquiry.clone();
        let recent =
            recent.filter(|it| it.is_worth_waiting_for(|(_, answered)| answered.elapsed() < REST));
        recent.unwrap_or_else(|| {
            let this = Arc::clone(self);
            let inquiry = Task::spawn(async move { (this.learn().await, Instant::now()) });
            table.inquiry.insert(inquiry).clone()
        })
    }

    async fn learn(&self) -> Result<(), Fault> {
        let deadline = Instant::now() + self.waits.connect;
        let asked = self.informants().into_iter().map(|address| {
            let endpoint = self.node(&address);
            async move {
                let mut question = Cmd::with_capacity(2, 16);
                question.arg("CLUSTER").arg("SLOTS");
                let replies = endpoint.send(Commands::One(&question), deadline).await?;
                let slots = Slots::read(&replies, &address.host).ok_or(Fault::NoCluster)?;
                // A node that was reset, or never joined, knows of no one.
                if slots.masters().next().is_some() { Ok(slots) } else { Err(Fault::Unsettled) }
            }
        });
        let slots = first(asked.collect(), Fault::is_answer).await;
        let slots = slots.unwrap_or_else(|| Err(Lost::Unsent.into()))?;
        let mut table = self.table();
        let named: Vec<Address> = slots.masters().chain(&slots.replicas).cloned().collect();
        table
            .nodes
            .retain(|address, node| std::mem::take(&mut node.is_used) || named.contains(address));
        table.moved.clear();
        table.slots = slots;
        Ok(())
    }

    /// Those who serve slots.
    pub(super) fn masters(&self) -> Vec<Arc<Endpoint>> {
        let masters = distinct(self.table().slots.masters());
        masters.iter().map(|address| self.node(address)).collect()
    }

    /// The node at an address, known before or not.
    fn node(&self, address: &Address) -> Arc<Endpoint> {
        let mut table = self.table();
        if let Some(node) = table.nodes.get_mut(address) {
            node.is_used = true;
            return Arc::clone(&node.endpoint);
        }
        let info = at(&self.template, &address.host, address.port);
        let dialler = Dialler::new(Source::Server(info), self.waits, self.near);
        let endpoint = Arc::new(Endpoint::Own(dialler));
        let node = Node { endpoint: Arc::clone(&endpoint), is_used: true };
        table.nodes.insert(address.clone(), node);
        endpoint
    }

    /// Who serves a slot, as far as is known.
    fn master(&self, slot: u16) -> Option<Address> {
        let table = self.table();
        table.moved.get(&slot).or_else(|| table.slots.master(slot)).cloned()
    }

    /// Notes who serves a slot now; more may have changed.
    fn has_moved(self: &Arc<Self>, slot: u16, to: Address) {
        self.table().moved.insert(slot, to);
        self.inquire();
    }

    /// Waits until the nodes were asked who serves what.
    async fn learn_until(self: &Arc<Self>, deadline: Instant) -> Result<(), Fault> {
        timeout_at(deadline, self.connect()).await.map_err(|_| Lost::Unsent)?
    }

    /// Whom to ask who serves what: masters, then replicas, then the nodes of the URL; each time
    /// beginning with another, so that no silent one is in the way for long.
    fn informants(&self) -> Vec<Address> {
        let mut table = self.table();
        table.inquiries += 1;
        let known = table.slots.masters().chain(&table.slots.replicas).chain(&self.seeds);
        let mut found = distinct(known);
        let begin = table.inquiries % found.len().max(1);
        found.rotate_left(begin);
        found
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // A poisoned one holds what some node said, old or new.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn distinct<'a>(addresses: impl Iterator<Item = &'a Address>) -> Vec<Address> {
    let mut found: Vec<Address> = Vec::new();
    for address in addresses {
        if !found.contains(address) {
            found.push(address.clone());
        }
    }
    found
}
