//! Prints what a session costs per request on actix-web, beside actix-session: the instructions of
//! a whole server process with Redis as the store, and those above a server without sessions.
//!
//! `just bench-actix`; the profiles stay, for `callgrind_annotate`. It needs valgrind.

#[path = "../../src/callgrind.rs"]
mod callgrind;
mod client;
mod report;
#[path = "../../src/row.rs"]
mod row;
mod server;
mod subject;
#[path = "../../src/visitor.rs"]
mod visitor;

use std::error::Error;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let redis = std::env::var("SESSION_TEST_REDIS")
        .map_err(|_| "SESSION_TEST_REDIS is not set; run `just bench-actix`")?;
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.as_slice() {
        [] => report::print(),
        [word, subject] if word == "serve" => server::run(subject.parse()?, &redis).await,
        _ => Err("takes no argument".into()),
    }
}
