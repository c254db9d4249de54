//! What servers on axum have in common.

use super::{say, untouched};
use crate::row::Row;
use axum::Router;
use axum::routing::{MethodRouter, get};
use std::net::Ipv4Addr;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// As `tokio::main` does.
pub(super) fn block_on(server: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    Runtime::new()?.block_on(server)
}

pub(super) fn routes(read: MethodRouter, increment: MethodRouter, new: MethodRouter) -> Router {
    Router::new()
        .route(Row::Untouched.path(), get(untouched))
        .route(Row::Read.path(), read)
        .route(Row::Increment.path(), increment)
        .route(Row::New.path(), new)
}

pub(super) async fn serve(router: Router) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    say(listener.local_addr()?.port())?;
    Ok(axum::serve(listener, router).await?)
}

pub(super) async fn serve_bare() -> anyhow::Result<()> {
    serve(routes(get(untouched), get(untouched), get(untouched))).await
}
