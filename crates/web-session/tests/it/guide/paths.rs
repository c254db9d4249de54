//! Whoever has the facade reads of no crate behind it: pages and examples name what the facade has.

use super::pages::{docs, pages, read};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// What is taken by itself: by authors of stores, and beside the layer of another library.
const APART: [&str; 3] = ["session-core", "session-codec", "session-tower-sessions"];

fn crates() -> PathBuf {
    docs().join("../crates")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let (folders, files): (Vec<_>, Vec<_>) =
        entries(folder).into_iter().partition(|path| path.is_dir());
    let is_source = |path: &PathBuf| path.extension().is_some_and(|end| end == "rs");
    let below = folders.iter().flat_map(|folder| sources(folder));
    files.into_iter().filter(is_source).chain(below).collect()
}

/// The lines of examples in doc comments that rustdoc shows.
fn shown_examples(source: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut shown = Vec::new();
    for line in source.lines().map(str::trim_start) {
        let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
            is_code = false;
            continue;
        };
        let text = text.trim_start();
        if text.starts_with("```") {
            is_code = !is_code;
        } else if is_code && !text.starts_with("# ") {
            shown.push(text);
        }
    }
    shown
}

/// A path into a crate of ours that an application does not name.
fn hidden_path(text: &str) -> Option<&str> {
    text.match_indices("session_").find_map(|(at, _)| {
        let path = text.get(at..)?.split_whitespace().next()?;
        let (name, _) = path.split_once("::")?;
        let is_ours = crates().join(name.replace('_', "-")).is_dir();
        let is_facade = text[..at].ends_with("web_") || name == "session_testkit";
        (is_ours && !is_facade).then_some(path)
    })
}

#[test]
fn pages_and_examples_name_paths_that_an_application_has() {
    let behind_the_facade = entries(&crates()).into_iter().filter(|folder| {
        !APART.iter().any(|name| folder.ends_with(name)) && folder.join("README.md").exists()
    });
    let readmes = behind_the_facade.map(|folder| folder.join("README.md"));
    for page in pages().into_iter().chain(readmes) {
        assert_eq!(hidden_path(&read(&page)), None, "{}", page.display());
    }
    for source in sources(&crates()).iter().filter(|path| !path.iter().any(|part| part == "tests"))
    {
        for line in shown_examples(&read(source)) {
            assert_eq!(hidden_path(line), None, "{}: {line}", source.display());
        }
    }
}

/// What only `session-actix` and `session-rocket` have to do with.
const BETWEEN_CRATES: [&str; 2] = ["actix", "rocket"];

/// The names that the root of a crate has for others.
fn exports(root: &str) -> BTreeSet<&str> {
    let statements = root.split(';').filter_map(|statement| {
        let (_, path) =
            statement.split_once("pub use ").or_else(|| statement.split_once("pub mod "))?;
        path.rsplit("::").next()
    });
    let is_of_name = |c: char| c.is_alphanumeric() || c == '_';
    statements
        .flat_map(|names| names.split(move |c| !is_of_name(c)))
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn the_facade_has_all_that_the_root_of_the_core_has() {
    let core = exports(include_str!("../../../../session-core/src/lib.rs"));
    assert!(core.contains("Session") && core.contains("async_trait"), "{core:?}");
    let facade = exports(include_str!("../../../src/lib.rs"));
    let missing: Vec<_> = core.difference(&facade).collect();
    assert_eq!(missing, BETWEEN_CRATES.iter().collect::<Vec<_>>());
}

#[test]
fn the_facade_has_what_examples_import_from_it() {
    let facade = include_str!("../../../src/lib.rs");
    let exports: Vec<&str> = facade.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let mut imports = 0;
    for source in sources(&crates()) {
        for line in shown_examples(&read(&source)) {
            let Some(path) = line.strip_prefix("use web_session::") else { continue };
            // Several names of the root, or a path whose first part is one.
            let names = path.strip_prefix('{').unwrap_or(path.split("::").next().unwrap_or(path));
            for name in names.trim_end_matches([';', '}']).split(", ") {
                assert!(exports.contains(&name), "{}: web_session has no {name}", source.display());
                imports += 1;
            }
        }
    }
    assert!(imports > 50, "{imports}");
}
