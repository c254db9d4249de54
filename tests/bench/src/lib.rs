//! What a session layer costs: instructions and heap allocations of one request, above the same
//! request through a bare router, beside the goals and beside another session library.
//!
//! `cargo bench -p bench --bench gate` prints the table. It needs valgrind, and nothing in
//! it is timed: the figures are the same on a busy machine. What a whole server costs on actix-web
//! is measured by the package in `actix`, which is a workspace of its own.

mod app;
mod callgrind;
mod reached;
mod row;
mod visitor;

pub use app::{App, Subject, serve};
pub use callgrind::{Cost, Profile, under};
pub use reached::{Reached, Tolerance};
pub use row::{Row, UnknownName};
pub use visitor::{ENTRIES, Entry, Item, VISITS};
