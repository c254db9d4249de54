//! What was found, for people and for programs.

use serde::{Serialize, Serializer};
use std::fmt::{self, Display};
use web_session::store::{Finding, Level};

#[derive(Serialize)]
pub(super) struct Report {
    /// The worst of all.
    #[serde(serialize_with = "word")]
    pub(super) level: Level,
    pub(super) sections: Vec<Section>,
}

/// The settings, or one store.
#[derive(Serialize)]
pub(super) struct Section {
    pub(super) about: String,
    #[serde(serialize_with = "lines")]
    pub(super) findings: Vec<Finding>,
}

#[derive(Serialize)]
struct Line<'a> {
    topic: &'static str,
    level: &'static str,
    seen: &'a str,
    change: Option<&'a str>,
}

impl Report {
    pub(super) fn new(sections: Vec<Section>) -> Self {
        let levels = sections.iter().flat_map(|section| &section.findings);
        let level = levels.map(|finding| finding.level).max().unwrap_or(Level::Ok);
        Self { level, sections }
    }
}

impl Section {
    pub(super) fn new(about: impl Into<String>, findings: Vec<Finding>) -> Self {
        Self { about: about.into(), findings }
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, section) in self.sections.iter().enumerate() {
            if nth > 0 {
                writeln!(f)?;
            }
            write!(f, "{}", section.about)?;
            for finding in &section.findings {
                let (level, topic) = (finding.level.as_str(), finding.topic.as_str());
                write!(f, "\n  {level:<7}  {topic:<10}  {finding}")?;
            }
        }
        Ok(())
    }
}

fn word<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(level.as_str())
}

fn lines<S: Serializer>(findings: &[Finding], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(findings.iter().map(|finding| Line {
        topic: finding.topic.as_str(),
        level: finding.level.as_str(),
        seen: &finding.seen,
        change: finding.change.as_deref(),
    }))
}
