//! One server process: listens on a free port, prints it, and ends with whoever started it. With
//! `SESSION_E2E_LOG` set it says on standard error what went wrong.
#![allow(clippy::print_stdout, reason = "this is how the port is told")]

use e2e::app::{open_store, router};
use std::error::Error;
use std::net::Ipv4Addr;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::var_os("SESSION_E2E_LOG").is_some() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    }
    let address =
        std::env::args().nth(1).ok_or("name the store: memory, a URL, or an absolute path")?;
    let app = router(open_store(&address).await?)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    tokio::select! {
        served = axum::serve(listener, app) => Ok(served?),
        // The other end of the pipe closes when the test ends, even if it was killed.
        _ = wait_for_the_end_of_input() => Ok(()),
    }
}

async fn wait_for_the_end_of_input() {
    let _ = tokio::io::stdin().read(&mut [0]).await;
    // The runtime would wait for the thread that reads.
    std::process::exit(0);
}
