//! What people read agrees with the table.

use crate::config::{CORE_KEYS, KeyInfo, Kind};
use std::path::Path;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).expect(path)
}

#[test]
fn page_has_the_row_of_every_key() {
    let page = read("docs/configuration.md");
    let section =
        page.split("\n## ").find(|section| section.starts_with("Sessions and")).expect("a section");
    let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
    let expected: Vec<String> = CORE_KEYS.iter().map(KeyInfo::markdown_row).collect();
    assert_eq!(
        rows,
        expected,
        "the rows of ## Sessions and cookies, in order:\n{}",
        expected.join("\n")
    );
}

#[test]
fn example_environment_has_every_key_with_its_default() {
    let example = read(".env.example");
    for key in CORE_KEYS {
        let line = example
            .lines()
            .find_map(|line| line.strip_prefix('#')?.strip_prefix(key.name)?.strip_prefix('='));
        let value = line.unwrap_or_else(|| panic!("no line #{}=", key.name));
        if let Some(default) = key.default {
            assert_eq!(value, default, "{}", key.name);
        }
    }
}

#[test]
fn a_row_is_one_line_of_four_cells() {
    for key in CORE_KEYS {
        let row = key.markdown_row();
        assert_eq!(row.matches('|').count(), 5, "{row}");
        assert!(!row.contains('\n') && key.doc.ends_with('.'), "{row}");
    }
    let names: std::collections::BTreeSet<_> = CORE_KEYS.iter().map(|key| key.name).collect();
    assert_eq!(names.len(), CORE_KEYS.len());
    assert!(CORE_KEYS.iter().any(|key| key.kind == Kind::Secret));
}
