//! What there is to say of the servers: `session check` prints it.

use super::MemcachedStore;
use crate::config::ITEM_SIZE_MAX;
use session_core::Result;
use session_core::store::{Call, Finding, Topic, unix_time};
use std::time::Duration;

impl MemcachedStore {
    /// Asks each server once. An application's own client does not tell its servers.
    pub(super) async fn findings(&self) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        let count = self.client.servers().count();
        for (name, server) in self.client.servers() {
            let asked = unix_time();
            let told = server.statistics().await;
            let told = told.map_err(|fault| fault.into_error(Call::Inspect))?;
            let found = read(&told, asked, unix_time()).into_iter();
            findings.extend(found.map(|finding| match count {
                1 => finding,
                _ => finding.at(name),
            }));
        }
        Ok(findings)
    }
}

fn read(told: &[(String, String)], asked: Duration, answered: Duration) -> Vec<Finding> {
    let text =
        |name: &str| told.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let number = |name: &str| text(name).and_then(|value| value.parse::<u64>().ok());
    let mut findings = vec![Finding::note(
        Topic::Server,
        "nothing is on disk: a restart of the server ends its sessions",
    )];
    findings.push(match text("version") {
        Some(version) => Finding::ok(Topic::Connection, format!("Memcached {version}")),
        None => Finding::note(Topic::Connection, "a proxy that does not tell what is behind it"),
    });
    if let Some(seconds) = number("time") {
        findings.push(Finding::clocks(Duration::from_secs(seconds), asked, answered));
    }
    if let Some(evicted @ 1..) = number("evictions") {
        let seen = format!("{evicted} items were evicted to make room since the server started");
        let change = "give the server more memory (memcached -m)";
        findings.push(Finding::warning(Topic::Server, seen).change(change));
    }
    if let Some(refused @ 1..) = number("listen_disabled_num") {
        let seen = format!("the server had no connection left {refused} times since it started");
        let change = "raise its memcached -c, or lower SESSION_MEMCACHED_MAX_CONNECTIONS";
        findings.push(Finding::warning(Topic::Server, seen).change(change));
    }
    if let Some(bytes) = number("item_size_max").filter(|bytes| *bytes < ITEM_SIZE_MAX as u64) {
        let seen = format!("an item holds {bytes} bytes at most, and larger sessions are refused");
        findings
            .push(Finding::warning(Topic::Server, seen).change("start it with memcached -I 1m"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::read;
    use session_core::store::Level;
    use std::time::Duration;

    #[test]
    fn what_loses_sessions_is_a_warning() {
        for (name, value, expected) in [
            ("evictions", "3", Some("memcached -m")),
            ("listen_disabled_num", "2", Some("memcached -c")),
            ("item_size_max", "524288", Some("memcached -I 1m")),
            ("time", "4000", Some("NTP")),
            ("evictions", "0", None),
            ("listen_disabled_num", "0", None),
            ("item_size_max", "1048576", None),
            ("time", "1", None),
        ] {
            let found =
                read(&[(name.to_owned(), value.to_owned())], Duration::ZERO, Duration::ZERO);
            let said = found.iter().find(|finding| finding.level == Level::Warning);
            let said = said.map(|finding| finding.change.clone().unwrap_or_default());
            assert_eq!(said.is_some(), expected.is_some(), "{name} {value}");
            assert!(said.unwrap_or_default().contains(expected.unwrap_or("")), "{name}");
        }
    }
}
