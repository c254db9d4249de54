//! What `session check` finds: nothing where all is well, and each fault that was planted.

mod healthy;
mod servers;
mod settings;
mod tables;

use crate::common::{Run, Site};

/// The findings of a run, each as its level and its sentence.
pub(super) fn findings(run: &Run) -> Vec<(String, String)> {
    let report = run.json();
    let sections = report["sections"].as_array().unwrap().clone();
    let all = sections.iter().flat_map(|section| section["findings"].as_array().unwrap().clone());
    all.map(|finding| {
        let text = |field: &str| finding[field].as_str().unwrap_or_default().to_owned();
        (text("level"), format!("{}: {}", text("seen"), text("change")))
    })
    .collect()
}

/// Fails unless the check finds a fault of this level in this sentence, of which the parts apart by
/// `…` are given, and ends as the worst of all faults says.
#[track_caller]
pub(super) fn assert_found(site: &Site, level: &str, sentence: &str) {
    let run = site.run(&["check", "--json"]);
    assert!(!run.stdout.contains("hunter2") && !run.stderr.contains("hunter2"), "{}", run.stdout);
    let found = findings(&run);
    let has = |said: &str| {
        let mut rest = said;
        sentence.split('…').all(|part| match rest.split_once(part) {
            Some((_, after)) => {
                rest = after;
                true
            }
            None => false,
        })
    };
    let is_found = found.iter().any(|(found, said)| found == level && has(said));
    assert!(is_found, "{level} {sentence}: {found:#?}");
    let is_problem = found.iter().any(|(level, _)| level == "problem");
    assert_eq!(run.code, Some(i32::from(is_problem)), "{found:#?}");
    let is_warning = found.iter().any(|(level, _)| level == "warning" || level == "problem");
    let strict = site.run(&["check", "--strict"]);
    assert_eq!(strict.code, Some(i32::from(is_warning)), "{}", strict.stdout);
}

/// Settings under which nothing of the cookie, of sweeps and of a busy machine surprises.
pub(super) fn in_order(mut site: Site) -> Site {
    site.set("SESSION_COOKIE_SECURE", "true");
    site.set("SESSION_CLEANUP_INTERVAL", "3600");
    // A call that takes half of this is a finding, and this machine may be busy.
    site.set("SESSION_OPERATION_TIMEOUT", "60");
    site
}
