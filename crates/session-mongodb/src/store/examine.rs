//! What there is to say of the server: `session check` prints it.

use super::MongoStore;
use crate::error::Fault;
use crate::indexes::{Expiry, Indexes};
use mongodb::bson::{Document, doc};
use mongodb::options::{Acknowledgment, WriteConcern};
use session_core::Result;
use session_core::store::{Call, Finding, Topic, unix_time};
use std::time::Duration;

impl MongoStore {
    /// Looks at the indexes, and asks for the server's state and version.
    pub(super) async fn findings(&self) -> Result<Vec<Finding>> {
        let deadline = self.client.first_deadline();
        let asked = unix_time();
        let hello = self.client.run(doc! { "hello": 1 }, deadline).await;
        let answered = unix_time();
        let hello = hello.map_err(|fault| self.client.error(fault, Call::Inspect))?;
        let build = match self.client.run(doc! { "buildInfo": 1 }, deadline).await {
            Ok(build) => build.get_str("version").ok().map(str::to_owned),
            Err(fault @ Fault::Lost(_)) => {
                return Err(self.client.error(fault, Call::Inspect));
            }
            Err(_) => None,
        };
        let mut findings = vec![match build {
            Some(version) => Finding::ok(Topic::Connection, format!("MongoDB {version}")),
            None => Finding::note(Topic::Connection, "the server does not tell its version"),
        }];
        findings.extend(read(&hello, asked, answered));
        findings.extend(weakness(self.client.database.write_concern(), &hello));
        findings.extend(Finding::missing(self.missing().await?));
        findings.extend(expiry(self.indexes()));
        Ok(findings)
    }
}

fn read(hello: &Document, asked: Duration, answered: Duration) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Ok(time) = hello.get_datetime("localTime") {
        let ms = u64::try_from(time.timestamp_millis()).unwrap_or_default();
        findings.push(Finding::clocks(Duration::from_millis(ms), asked, answered));
    }
    if hello.get_bool("isWritablePrimary") == Ok(false) {
        findings.push(
            Finding::problem(Topic::Server, "the server is a secondary, which takes no writes")
                .change("name the replica set in SESSION_MONGODB, without directConnection=true"),
        );
    }
    findings
}

/// Whether an acknowledged write may be undone: one server's word is enough only where it is alone.
fn weakness(concern: Option<&WriteConcern>, hello: &Document) -> Option<Finding> {
    let w = match &concern?.w {
        Some(Acknowledgment::Nodes(nodes @ ..=1)) => nodes,
        _ => return None,
    };
    let seen = format!("the url says w={w}: a failover may undo sessions that were stored");
    let finding = match hello.contains_key("setName") {
        true => Finding::warning(Topic::Server, seen),
        false => Finding::note(Topic::Server, seen),
    };
    Some(finding.change("w=majority in SESSION_MONGODB, or no w"))
}

/// Whether somebody has to remove what expired.
fn expiry(indexes: Indexes) -> Option<Finding> {
    (indexes.expiry == Expiry::Plain).then(|| {
        let seen = "the index on `expiration` is no TTL index, so expired sessions stay";
        let change = "drop it and let session init make one, or set SESSION_CLEANUP_INTERVAL=3600";
        Finding::note(Topic::Schema, seen).change(change)
    })
}

#[cfg(test)]
mod tests {
    use super::{expiry, read, weakness};
    use crate::indexes::{Expiry, Indexes};
    use mongodb::bson::{DateTime, doc};
    use mongodb::options::{Acknowledgment, WriteConcern};
    use session_core::store::Level;
    use std::time::Duration;

    #[test]
    fn primary_with_the_right_time_is_as_it_should_be() {
        for (is_primary, ms, level) in [
            (true, 1_000, Level::Ok),
            (true, 60_000, Level::Warning),
            (false, 1_000, Level::Problem),
        ] {
            let time = DateTime::from_millis(ms);
            let hello = doc! { "isWritablePrimary": is_primary, "localTime": time };
            let found = read(&hello, Duration::ZERO, Duration::from_secs(1));
            assert_eq!(found.iter().map(|told| told.level).max(), Some(level), "{ms}");
        }
    }

    #[test]
    fn write_that_one_server_acknowledges_is_weak_in_a_replica_set() {
        let (alone, set) = (doc! {}, doc! { "setName": "rs0" });
        for (w, hello, level) in [
            (Some(Acknowledgment::Nodes(1)), &set, Some(Level::Warning)),
            (Some(Acknowledgment::Nodes(1)), &alone, Some(Level::Note)),
            (Some(Acknowledgment::Nodes(2)), &set, None),
            (Some(Acknowledgment::Majority), &set, None),
            (None, &set, None),
        ] {
            let concern = WriteConcern::builder().w(w.clone()).build();
            let told = weakness(Some(&concern), hello);
            assert_eq!(told.map(|told| told.level), level, "{w:?} {hello}");
        }
        assert_eq!(weakness(None, &set), None);
    }

    #[test]
    fn only_a_plain_index_leaves_what_expired() {
        for (kind, is_told) in
            [(Expiry::Missing, false), (Expiry::Plain, true), (Expiry::Ttl, false)]
        {
            let indexes = Indexes { expiry: kind, ..Indexes::default() };
            assert_eq!(expiry(indexes).is_some(), is_told, "{kind:?}");
        }
    }
}
