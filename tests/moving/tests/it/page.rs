//! Every call of the page's tables is one of the applications here.

use std::collections::BTreeSet;
use web_session::KEYS;

const PAGE: &str = include_str!("../../../../docs/guide/moving.md");

fn section(heading: &str) -> &'static str {
    let (_, section) = PAGE.split_once(&format!("\n## {heading}\n")).unwrap();
    section.split("\n## ").next().unwrap()
}

/// The rows of the table below `heading`, as their two cells.
fn rows(heading: &str) -> Vec<(&'static str, &'static str)> {
    let (_, table) = section(heading).split_once("|---|---|\n").unwrap();
    let rows = table.lines().map_while(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
    rows.map(|row| row.split_once(" | ").unwrap()).collect()
}

/// What a cell says in code.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.len() > 1)
}

/// The names in a source, without those in its comments.
fn names(source: &'static str) -> BTreeSet<&'static str> {
    let lines = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    lines.flat_map(words).collect()
}

fn is_setting(word: &str) -> bool {
    KEYS.iter().any(|keys| keys.iter().any(|key| key.name == word))
}

#[track_caller]
fn is_done(heading: &str, before: &'static str, after: &'static str, settings: &'static str) {
    let (before, after, settings) = (names(before), names(after), names(settings));
    for setting in code(section(heading)).flat_map(words).filter(|word| is_setting(word)) {
        assert!(settings.contains(setting), "{heading}: what `{setting}` does is not tested here");
    }
    let rows = rows(heading);
    assert!(rows.len() > 9, "{heading}: {rows:?}");
    // Stand for what an application has.
    let placeholders =
        ["key", "value", "default", "category", "message", "user", "manager", "store"];
    for (there, here) in rows {
        for (cell, done) in [(there, &before), (here, &after)] {
            for word in code(cell).flat_map(words).filter(|word| !placeholders.contains(word)) {
                let is_known = done.contains(word) || ["true", "false"].contains(&word);
                assert!(
                    is_known || is_setting(word),
                    "{heading}: `{word}` of `{cell}` is not done here"
                );
            }
        }
    }
}

#[test]
fn calls_of_tower_sessions_are_done() {
    let before =
        concat!(include_str!("tower_sessions/before.rs"), include_str!("tower_sessions/login.rs"));
    let after = include_str!("tower_sessions/after.rs");
    is_done("From tower-sessions", before, after, include_str!("tower_sessions/settings.rs"));
}

#[test]
fn calls_of_actix_session_are_done() {
    let before = include_str!("actix_session/before.rs");
    let after = include_str!("actix_session/after.rs");
    is_done("From actix-session", before, after, include_str!("actix_session/settings.rs"));
}

#[test]
fn calls_of_axum_session_are_done() {
    let before = include_str!("axum_session/before.rs");
    let after = include_str!("axum_session/after.rs");
    is_done("From axum_session", before, after, include_str!("axum_session/settings.rs"));
}
