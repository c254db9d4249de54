//! Placeholder while the configuration is being written.
#![allow(missing_docs)]
use crate::{CookieAttributes, Format, IdHash, IdSyntax};
use std::time::Duration;
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Undecodable {
    Fresh,
    Error,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OnConflict {
    Reject,
    Overwrite,
}
#[derive(Clone, Debug, Default)]
pub struct Config {
    cookie: CookieAttributes,
}
#[derive(Clone, Debug, Default)]
pub struct ConfigBuilder;
impl Config {
    pub fn cookie(&self) -> &CookieAttributes {
        &self.cookie
    }
    pub fn key_prefix(&self) -> &str {
        "session:"
    }
    pub fn id_length(&self) -> usize {
        32
    }
    pub fn id_syntax(&self) -> IdSyntax {
        IdSyntax::Base64Url
    }
    pub fn id_hash(&self) -> IdHash {
        IdHash::Plain
    }
    pub fn lifetime(&self) -> Duration {
        Duration::from_secs(31 * 86400)
    }
    pub fn absolute_lifetime(&self) -> Option<Duration> {
        None
    }
    pub fn permanent(&self) -> bool {
        true
    }
    pub fn use_signer(&self) -> bool {
        false
    }
    pub fn refresh_each_request(&self) -> bool {
        true
    }
    pub fn refresh_after(&self) -> Duration {
        Duration::from_secs(60)
    }
    pub fn format(&self) -> Format {
        Format::MessagePack
    }
    pub fn owner_key(&self) -> &str {
        "_user_id"
    }
    pub fn owner_index(&self) -> bool {
        false
    }
    pub fn undecodable(&self) -> Undecodable {
        Undecodable::Fresh
    }
    pub fn on_conflict(&self) -> OnConflict {
        OnConflict::Reject
    }
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(2)
    }
    pub fn max_payload(&self) -> usize {
        1 << 20
    }
    pub fn max_depth(&self) -> usize {
        64
    }
    pub fn cleanup_n_requests(&self) -> Option<u32> {
        None
    }
}
