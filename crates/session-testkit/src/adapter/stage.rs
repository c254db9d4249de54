//! What a story has: a site that is served, its store, and a browser.

use super::{Adapter, Browser, Gate, Site};
use crate::{CountingStore, FaultyStore, Finding, Verdict};
use session_core::{Config, MemoryStore, SessionManager, Transport};
use std::any::Any;
use std::fmt;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Longer than any story takes, so that one that hangs fails its test.
const LIMIT: Duration = Duration::from_secs(60);

/// A server that runs until this is dropped.
pub struct Serving {
    addr: SocketAddr,
    _guard: Box<dyn Any + Send>,
}

impl Serving {
    /// A server at `addr` that ends when `guard` is dropped.
    pub fn new(addr: SocketAddr, guard: impl Any + Send) -> Self {
        Self { addr, _guard: Box::new(guard) }
    }

    /// A visitor of it without cookies.
    pub fn browser(&self) -> Browser {
        Browser::new(self.addr)
    }
}

/// Blank: what the guard is says nothing.
impl fmt::Debug for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serving").field("addr", &self.addr).finish_non_exhaustive()
    }
}

/// A served site with a store in memory that counts its calls and fails on demand.
#[derive(Debug)]
pub struct Stage {
    pub(super) memory: Arc<MemoryStore>,
    pub(super) faulty: Arc<FaultyStore>,
    pub(super) counting: Arc<CountingStore>,
    pub(super) gate: Arc<Gate>,
    browser: Browser,
    _serving: Serving,
}

impl Stage {
    async fn new(adapter: &dyn Adapter, transport: Transport) -> Result<Self, Finding> {
        let memory = Arc::new(MemoryStore::new());
        let faulty = Arc::new(FaultyStore::new(memory.clone()));
        let counting = Arc::new(CountingStore::new(faulty.clone()));
        let gate = Arc::new(Gate::new());
        let (config, admin) = (Config::builder(), Config::builder().key_prefix("admin:"));
        let (config, admin) = match transport {
            Transport::Cookie => {
                (config, admin.cookie_name("admin").cookie_name_fallback("former"))
            }
            Transport::Header => {
                (config.transport(transport), admin.transport(transport).header_name("Admin"))
            }
        };
        let (config, admin) = (config.build()?, admin.build()?);
        let site = Site {
            manager: SessionManager::new(counting.clone(), config, None)?,
            admin: SessionManager::new(Arc::new(MemoryStore::new()), admin, None)?,
            gate: gate.clone(),
        };
        let serving = adapter.serve(site).await?;
        let browser = serving.browser();
        Ok(Self { memory, faulty, counting, gate, browser, _serving: serving })
    }

    /// A visitor without cookies.
    pub(super) fn browser(&self) -> Browser {
        self.browser.clone()
    }

    /// A visitor who has been at `path`, which is answered with 200.
    pub(super) async fn visitor(&self, path: &str) -> Result<Browser, Finding> {
        let mut browser = self.browser();
        browser.ok(path).await?;
        self.counting.take_calls();
        Ok(browser)
    }
}

/// Runs the story `name` as one test, on a runtime of its own, of a site whose ids `transport`
/// carries.
///
/// # Panics
///
/// If the adapter fails it, or it takes a minute; where the adapter says that it
/// [`fails`](Adapter::fails), if it passes.
#[expect(clippy::panic, reason = "this is the body of a test")]
pub fn run(
    adapter: &dyn Adapter,
    transport: Transport,
    name: &str,
    story: impl AsyncFnOnce(&Stage) -> Verdict,
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a test can start a runtime");
    let verdict = runtime.block_on(async {
        tokio::time::timeout(LIMIT, async {
            let stage = Stage::new(adapter, transport).await?;
            story(&stage).await
        })
        .await
    });
    let known = adapter.fails().iter().find(|(failing, _)| *failing == name);
    match (verdict, known) {
        (Ok(Ok(())), None) => {}
        (Ok(Ok(())), Some(_)) => panic!("{name} passes: take it out of `Adapter::fails`"),
        (Ok(Err(finding)), Some((_, why))) => {
            // Not `eprintln`: the harness captures that in tests that pass.
            let _ = writeln!(std::io::stderr(), "{name} fails, as is known: {why}: {finding}");
        }
        (Ok(Err(finding)), None) => panic!("{finding}"),
        (Err(_), _) => panic!("still running after {LIMIT:?}"),
    }
}
