//! What servers on actix-web have in common.

use super::{say, untouched};
use crate::row::Row;
use actix_web::web::{self, ServiceConfig, get};
use actix_web::{App, HttpServer, Route, Scope};
use anyhow::Context as _;
use std::net::Ipv4Addr;

/// As `actix_web::main` does.
pub(super) fn block_on(server: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(server)
}

pub(super) fn routes(read: Route, increment: Route, new: Route) -> Scope {
    web::scope("")
        .route(Row::Untouched.path(), get().to(untouched))
        .route(Row::Read.path(), read)
        .route(Row::Increment.path(), increment)
        .route(Row::New.path(), new)
}

pub(super) async fn serve(
    configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let server = HttpServer::new(move || App::new().configure(&configure));
    let server = server.disable_signals().bind((Ipv4Addr::LOCALHOST, 0))?;
    say(server.addrs().first().context("no address is bound")?.port())?;
    Ok(server.run().await?)
}
