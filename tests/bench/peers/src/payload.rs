//! What a session holds.

use crate::visitor::{ENTRIES, Entry, VISITS};
use clap::ValueEnum;
use std::fmt;

/// What a session holds: the counter, and so much beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Payload {
    /// 5 values, 120 bytes.
    Small,
    /// 15 values, 509 bytes.
    Usual,
    /// 60 values, 4 KiB.
    Many,
    /// A value of 64 KiB.
    Large,
}

impl Payload {
    /// The size in bytes, about.
    pub fn size(self) -> usize {
        match self {
            Self::Small => 120,
            Self::Usual => 509,
            Self::Many => 4 * 1024,
            Self::Large => 64 * 1024,
        }
    }

    /// Names and values; those that are made live as long as the process.
    pub fn entries(self) -> &'static [(&'static str, Entry)] {
        match self {
            Self::Small => beside_the_counter(4, 18),
            Self::Usual => &ENTRIES,
            Self::Many => beside_the_counter(59, 58),
            Self::Large => beside_the_counter(1, 64 * 1024),
        }
    }
}

fn beside_the_counter(count: usize, length: usize) -> &'static [(&'static str, Entry)] {
    let others = (0..count).map(|number| {
        let name: &str = String::leak(format!("value_{number:02}"));
        (name, Entry::Text(String::leak("x".repeat(length))))
    });
    let entries: Vec<_> = [(VISITS, Entry::Number(1000))].into_iter().chain(others).collect();
    Vec::leak(entries)
}

impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.to_possible_value().expect("no payload is hidden");
        f.write_str(name.get_name())
    }
}
