//! What a session layer costs: instructions and heap allocations of one request, above the same
//! request through a bare router, beside the goals and beside another session library.
//!
//! `cargo bench -p bench --bench gate` prints the table. It needs valgrind, and nothing in
//! it is timed: the figures are the same on a busy machine.

mod app;
mod callgrind;
mod visitor;

pub use app::{App, Row, Subject, serve};
pub use callgrind::{Cost, measure};
pub use visitor::{ENTRIES, Entry, Item, VISITS};
