//! The pages of `docs/` read well where they are read: on a Git host, and on docs.rs.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

const MODULES: &str = include_str!("../../../src/guide/mod.rs");

/// The pages that docs.rs has, from the modules that include them.
pub(crate) fn pages() -> Vec<PathBuf> {
    let paths = MODULES.lines().filter_map(|line| line.strip_suffix(".md\"")?.rsplit('"').next());
    let mut pages: Vec<PathBuf> = paths.map(|path| docs().join(format!("{path}.md"))).collect();
    pages.extend([docs().join("guide/README.md"), docs().join("configuration.md")]);
    assert!(pages.len() > 9, "{pages:?}");
    pages
}

pub(crate) fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

pub(crate) fn read(path: &Path) -> String {
    let page = fs::read_to_string(path);
    page.map_err(|error| format!("{}: {error}", path.display())).unwrap()
}

/// What a page says of its links: label and target of each `[label]: target`.
fn definitions(page: &str) -> HashMap<&str, &str> {
    page.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: ")).collect()
}

/// The page without its code: neither examples nor words in backticks have links.
fn prose(page: &str) -> String {
    let outside = page.split("```").step_by(2);
    outside.flat_map(|text| text.split('`').step_by(2)).collect()
}

/// The anchors of a page, as rustdoc and Git hosts make them of headings.
fn anchors(page: &str) -> Vec<String> {
    let outside = page.split("```").step_by(2);
    let headings = outside.flat_map(str::lines).filter(|line| line.starts_with('#'));
    let slug = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    headings.map(slug).collect()
}

#[test]
fn links_between_pages_are_right_on_a_git_host_and_on_docs_rs() {
    let on_docs_rs = include_str!("../../../src/guide/links.md");
    let on_docs_rs = definitions(on_docs_rs);
    for path in pages() {
        let (page, name) = (read(&path), path.display());
        for (label, target) in definitions(&page) {
            if target.starts_with("https://") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let file = path.parent().expect("it is in a folder").join(file);
            assert!(file.exists(), "{name}: [{label}] leads to no file: {target}");
            if target.trim_start_matches("../").starts_with("pictures/") {
                let module = path.file_stem().expect("it has a name").to_string_lossy();
                let included = format!("include_str!(\"pictures/{label}.md\")]\n    {module} ");
                assert!(MODULES.contains(&included), "{name}: {label} is not before it in mod.rs");
                continue;
            }
            let twin = on_docs_rs.get(label);
            let twin = twin.unwrap_or_else(|| panic!("{name}: links.md lacks [{label}]"));
            let twins_anchor = twin.split_once('#').map_or("", |(_, anchor)| anchor);
            assert_eq!(anchor, twins_anchor, "{name}: [{label}] in links.md");
            let is_there = anchor.is_empty() || anchors(&read(&file)).iter().any(|a| a == anchor);
            assert!(is_there, "{name}: [{label}] leads to no heading: {target}");
        }
    }
}

#[test]
fn links_of_a_page_are_defined_at_its_end() {
    for path in pages() {
        let (page, name) = (read(&path), path.display());
        let text = prose(&page);
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split(')').next().unwrap_or_default();
            let is_anywhere = target.starts_with("https://") || target.starts_with('#');
            assert!(is_anywhere, "{name}: define the link to {target} at the end of the page");
            let anchor = target.strip_prefix('#').filter(|anchor| !anchor.is_empty());
            let is_there = anchor.is_none_or(|anchor| anchors(&page).iter().any(|a| a == anchor));
            assert!(is_there, "{name}: no heading has the anchor {target}");
        }
        let defined = definitions(&page);
        for (at, _) in text.match_indices("][") {
            let label = text[at + 2..].split(']').next().unwrap_or_default();
            assert!(defined.contains_key(label), "{name}: [{label}] is not defined at its end");
        }
    }
}
