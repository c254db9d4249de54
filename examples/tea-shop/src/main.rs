//! Runs the site: `cargo run -p tea-shop`.

use std::error::Error;
use std::io::IsTerminal as _;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use tea_shop::settings::Settings;
use tea_shop::{Accounts, app};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let is_terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(is_terminal).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("tea-shop: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "the address is what the program has to say")]
async fn run() -> Result<(), Box<dyn Error>> {
    let settings = Settings::from_env()?;
    let manager = web_session::manager(&settings.session).await?;
    let accounts = Accounts::open(settings.data_dir.join("accounts.json")).await?;
    let port = settings.port;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| format!("listen at PORT {port}: {error}"))?;
    println!("listening on http://localhost:{}", listener.local_addr()?.port());
    if settings.origins.is_https() {
        println!("for {}, behind something that speaks TLS", settings.origins.first());
    } else if manager.config().cookie().secure {
        tracing::info!(
            "the cookie is Secure: Chromium and Firefox keep it from http://localhost, Safari does \
             not; for Safari set SESSION_COOKIE_NAME=session SESSION_COOKIE_SECURE=false"
        );
    }
    let app = app(manager, accounts, settings.origins)?;
    axum::serve(listener, app).with_graceful_shutdown(told_to_stop()).await?;
    Ok(())
}

/// Resolves at Ctrl-C or SIGTERM; requests that run then are still answered.
async fn told_to_stop() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signals) => signals.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}
