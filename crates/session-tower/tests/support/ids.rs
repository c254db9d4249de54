//! Ids that no session has, and spellings that none may have.

use session_core::SessionId;

/// A well-formed id that nobody was given.
pub(crate) fn made_up() -> String {
    SessionId::generate(32).unwrap().as_str().to_owned()
}

/// The same bits in another spelling: the unused ones of the last character set.
pub(crate) fn alias(id: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = alphabet.find(&id[42..]).unwrap();
    format!("{}{}", &id[..42], &alphabet[last + 1..last + 2])
}
