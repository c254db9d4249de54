//! Applications that are launched for one test.

use rocket::config::{Config, LogLevel, Shutdown};
use rocket::fairing::AdHoc;
use rocket::{Build, Rocket};
use session_core::{MemoryStore, SessionManager};
use session_testkit::FaultyStore;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// An application that says nothing, on a port that the system chooses.
pub(crate) fn app() -> Rocket<Build> {
    let shutdown = Shutdown { ctrlc: false, ..Shutdown::default() };
    let config = Config { port: 0, log_level: LogLevel::Off, shutdown, ..Config::default() };
    rocket::custom(config)
}

/// Serves `app` until what is returned beside its address is dropped.
pub(crate) async fn serve(app: Rocket<Build>) -> (SocketAddr, impl Send) {
    let (tell, told) = oneshot::channel();
    let tell = Mutex::new(Some(tell));
    let app = app.attach(AdHoc::on_liftoff("address", |rocket| {
        Box::pin(async move {
            let addr = (rocket.config().address, rocket.config().port).into();
            tell.lock().unwrap().take().unwrap().send(addr).unwrap();
        })
    }));
    let mut server = JoinSet::new();
    server.spawn(app.launch());
    (told.await.unwrap(), server)
}

/// Sessions in a memory that fails on demand.
pub(crate) fn manager() -> (SessionManager, Arc<FaultyStore>) {
    let store = Arc::new(FaultyStore::new(Arc::new(MemoryStore::new())));
    let config = session_core::Config::default();
    (SessionManager::new(store.clone(), config, None).unwrap(), store)
}
