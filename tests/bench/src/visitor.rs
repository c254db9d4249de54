//! The session that every row of the table works on.

use serde::Serialize;

/// The key of the counter.
pub const VISITS: &str = "visits";

/// A value as an application would write it.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub enum Entry {
    /// A truth value.
    Flag(bool),
    /// A number.
    Number(u64),
    /// A text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static [&'static str]),
    /// A list of structs.
    Items(&'static [Item]),
}

/// A line of a shopping cart.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Item {
    /// What is bought.
    pub sku: &'static str,
    /// How many of it.
    pub quantity: u32,
}

/// What the application stores: with the library's own `_permanent`, 15 keys in 509 bytes of
/// MessagePack.
pub const ENTRIES: [(&str, Entry); 14] = [
    ("_user_id", Entry::Text("6f1c2d9e-4b7a-4f0e-9c3d-2a1b5e8f7d60")),
    ("_fresh", Entry::Flag(true)),
    ("name", Entry::Text("Augusta Ada King, Countess of Lovelace")),
    ("email", Entry::Text("ada.lovelace@analytical.example")),
    ("locale", Entry::Text("en-GB")),
    ("timezone", Entry::Text("Europe/London")),
    (VISITS, Entry::Number(1000)),
    ("signed_in_at", Entry::Number(1_795_000_000)),
    ("roles", Entry::Texts(&["customer", "reviewer", "beta-tester"])),
    (
        "csrf_token",
        Entry::Text(
            "IjhkN2Q0YjU1ZjY0MmE3YzQ5ZTk4MGQ1YTFjYzM2ZTFiYjJjM2Q0ZTUi.aR5xYw.3q2-7wAAAAB5c0VYd2ZQZ1hKZ",
        ),
    ),
    (
        "cart",
        Entry::Items(&[
            Item { sku: "ENGINE-0001", quantity: 1 },
            Item { sku: "CARD-0042", quantity: 80 },
            Item { sku: "SPOOL-0007", quantity: 3 },
        ]),
    ),
    ("theme", Entry::Text("dark")),
    ("last_page", Entry::Text("/catalogue/engines?sort=price&page=3")),
    ("newsletter", Entry::Flag(false)),
];
