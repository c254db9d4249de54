//! The Rust side as a process: configured by the environment, as an application would be.
#![allow(clippy::print_stdout, reason = "this is how the port is told")]

use std::error::Error;
use std::net::Ipv4Addr;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let app = interop::app::router(web_session::manager_from_env().await?);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("{}", listener.local_addr()?);
    let mut input = tokio::io::stdin();
    tokio::select! {
        served = axum::serve(listener, app) => Ok(served?),
        // The other end of the pipe closes when the test ends, even if it was killed.
        _ = input.read_u8() => std::process::exit(0),
    }
}
