//! What there is to say of the server: `session check` prints it.

use super::SqlStore;
use crate::client::Ask;
use crate::config::Way;
use crate::error::Fault;
use crate::statement::Bound;
use session_core::Result;
use session_core::store::{Call, Finding, Topic, unix_time};
use std::time::Duration;

/// What a line of the answer means, if it says this.
struct Rule {
    line: &'static str,
    finding: fn(Topic, &'static str) -> Finding,
    seen: &'static str,
    change: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        line: "recovery true",
        finding: Finding::problem,
        seen: "the server is a standby, which takes no writes",
        change: "name the primary in SESSION_SQLALCHEMY, or all and target_session_attrs=read-write",
    },
    Rule {
        line: "read_only on",
        finding: Finding::problem,
        seen: "default_transaction_read_only is on: this user writes nothing",
        change: "ALTER ROLE .. SET default_transaction_read_only = off",
    },
    Rule {
        line: "unlogged true",
        finding: Finding::warning,
        seen: "the table is unlogged: a crash of the server empties it",
        change: "ALTER TABLE .. SET LOGGED",
    },
    Rule {
        line: "fsync off",
        finding: Finding::note,
        seen: "fsync is off: a power cut may ruin the whole server",
        change: "fsync = on in postgresql.conf",
    },
    Rule {
        line: "read_only 1",
        finding: Finding::problem,
        seen: "the server has read_only = 1, as a replica has",
        change: "name the primary in SESSION_SQLALCHEMY, or SET GLOBAL read_only = 0",
    },
    Rule {
        line: "autocommit 0",
        finding: Finding::note,
        seen: "the server begins with autocommit = 0, which this store turns on for itself",
        change: "other programs may need SET GLOBAL autocommit = 1",
    },
    Rule {
        line: "engine MEMORY",
        finding: Finding::problem,
        seen: "the table has ENGINE=MEMORY: a restart of the server empties it",
        change: "ALTER TABLE .. ENGINE=InnoDB",
    },
    Rule {
        line: "engine MyISAM",
        finding: Finding::warning,
        seen: "the table has ENGINE=MyISAM: a crash may ruin it, and one write waits for another",
        change: "ALTER TABLE .. ENGINE=InnoDB",
    },
    Rule {
        line: "collation nondeterministic",
        finding: Finding::note,
        seen: "the collation of session_id is not deterministic: of two ids that it takes for one, \
               the second is not stored",
        change: "ALTER TABLE .. ALTER session_id TYPE varchar(255) COLLATE \"C\"",
    },
    Rule {
        line: "collation other",
        finding: Finding::note,
        seen: "the collation of session_id is not utf8mb4_bin: of two ids that it takes for one, \
               the second is not stored, and a list of all reads the whole table",
        change: "ALTER TABLE .. MODIFY session_id VARCHAR(255) COLLATE utf8mb4_bin",
    },
    Rule {
        line: "journal off",
        finding: Finding::warning,
        seen: "journal_mode is off: a crash may ruin the file",
        change: "PRAGMA journal_mode = WAL",
    },
    Rule {
        line: "journal memory",
        finding: Finding::warning,
        seen: "journal_mode is memory: a crash may ruin the file",
        change: "PRAGMA journal_mode = WAL",
    },
    Rule {
        line: "journal delete",
        finding: Finding::note,
        seen: "journal_mode is delete: reads wait for writes",
        change: "PRAGMA journal_mode = WAL",
    },
];

impl SqlStore {
    /// Looks at the table, and asks one question.
    pub(super) async fn findings(&self) -> Result<Vec<Finding>> {
        let (name, has_owners) = (&self.options.name, self.options.has_owners);
        let table = self.describe(Call::Inspect).await?;
        let mut findings = Finding::missing(table.missing(&self.words, name, has_owners));
        findings.extend(pooler(self.engine.way(), self.options.way));
        let question = self.words.fill(self.words.examine, &self.options.name);
        let asked = unix_time();
        let answer = self.ask(Bound::plain(&question), Ask::Texts).await;
        let answered = unix_time();
        match answer {
            Ok(answer) => findings.extend(read(&answer.texts, asked, answered)),
            Err(Fault::Refused(_)) => {
                let seen = "the server does not tell this user how it is set up";
                findings.push(Finding::note(Topic::Server, seen));
            }
            Err(fault) => return Err(self.error(Call::Inspect, fault)),
        }
        Ok(findings)
    }
}

/// A pooler that nobody told the store of.
fn pooler(way: Way, told: Way) -> Option<Finding> {
    (way == Way::Plain && told == Way::Prepared).then(|| {
        let seen = "a pooler such as PgBouncer is in front of the server, so each call is one \
                    message that may go to any of its connections";
        let change = "SESSION_SQLALCHEMY_TRANSACTION_POOLER=true saves each process an attempt";
        Finding::note(Topic::Server, seen).change(change)
    })
}

fn read(lines: &[String], asked: Duration, answered: Duration) -> Vec<Finding> {
    let value =
        |word: &str| lines.iter().find_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
    let mut findings = Vec::new();
    if let Some(version) = value("version") {
        findings.push(Finding::ok(Topic::Connection, version));
    }
    if let Some(ms) = value("now_ms").and_then(|ms| ms.parse().ok()) {
        findings.push(Finding::clocks(Duration::from_millis(ms), asked, answered));
    }
    for rule in RULES.iter().filter(|rule| lines.iter().any(|line| line == rule.line)) {
        findings.push((rule.finding)(Topic::Server, rule.seen).change(rule.change));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{RULES, pooler, read};
    use crate::config::Way;
    use session_core::store::{Level, Topic};
    use std::time::Duration;

    #[test]
    fn pooler_is_told_where_the_settings_do_not() {
        for (way, told, is_told) in [
            (Way::Plain, Way::Prepared, true),
            (Way::Plain, Way::Plain, false),
            (Way::Prepared, Way::Prepared, false),
        ] {
            assert_eq!(pooler(way, told).is_some(), is_told, "{way:?} {told:?}");
        }
    }

    #[test]
    fn each_rule_is_about_its_line_alone() {
        for rule in RULES {
            let lines = ["version X 1".to_owned(), rule.line.to_owned()];
            let found = read(&lines, Duration::ZERO, Duration::ZERO);
            assert_eq!(found.len(), 2, "{}", rule.line);
            assert_eq!((found[1].topic, &*found[1].seen), (Topic::Server, rule.seen));
            assert!(found[1].level > Level::Ok && found[1].change.is_some(), "{}", rule.line);
        }
        let lines = ["recovery false", "read_only off", "read_only 0", "engine InnoDB"];
        let lines = lines.map(str::to_owned);
        assert_eq!(read(&lines, Duration::ZERO, Duration::ZERO), []);
    }
}
