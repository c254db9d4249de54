//! `docs/compatibility.md` says what the tables here say, and names tests that there are.

use interop::{python_values, rust_types};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/compatibility.md")).unwrap()
}

/// Asserts that the table under a heading has these rows.
#[track_caller]
fn assert_table(heading: &str, expected: &[String]) {
    let page = page();
    let section =
        page.split("\n#").find(|section| section.lines().next().unwrap().ends_with(heading));
    let rows = section.expect(heading).lines().filter(|line| line.starts_with("| `"));
    let rows: Vec<&str> = rows.collect();
    assert_eq!(rows, expected, "the rows of {heading}, in order:\n{}", expected.join("\n"));
}

fn row(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| cell_of(cell)).collect();
    format!("| {} |", cells.join(" | "))
}

fn cell_of(text: &str) -> String {
    match text {
        SAME | rust_types::REFUSED => text.to_owned(),
        code => format!("`{code}`"),
    }
}

const SAME: &str = "the same";

fn unless_same<'a>(text: &'a str, other: &str) -> &'a str {
    if text == other { SAME } else { text }
}

#[test]
fn values_of_python_are_those_of_the_suite() {
    let rows: Vec<String> = python_values::ROWS
        .iter()
        .map(|of| {
            let [msgpack, json] = &of.read;
            let flask = unless_same(msgpack.flask, of.python);
            let json_flask = unless_same(json.flask, msgpack.flask);
            let json_rust = unless_same(json.rust, msgpack.rust);
            row(&[of.python, flask, msgpack.rust, json_flask, json_rust])
        })
        .collect();
    assert_table("From Flask, in MessagePack and JSON", &rows);
}

#[test]
fn values_of_python_in_pickles_are_those_of_the_suite() {
    let rows: Vec<String> = python_values::PICKLED
        .iter()
        .map(|of| {
            let rewritten = unless_same(of.rewritten, of.flask);
            row(&[of.python, of.rust, rewritten])
        })
        .collect();
    assert_table("From Flask, in pickles", &rows);
}

#[test]
fn values_of_rust_are_those_of_the_suite() {
    let rows: Vec<String> = rust_types::ROWS
        .iter()
        .map(|of| {
            let json = unless_same(of.json, of.msgpack);
            let pickle = unless_same(of.pickle, of.msgpack);
            row(&[of.name, of.msgpack, json, pickle])
        })
        .collect();
    assert_table("From Rust", &rows);
}

/// A test is named as `file::name`.
#[test]
fn tests_that_the_page_names_are_there() {
    let page = page();
    let named = page.split('`').skip(1).step_by(2).filter_map(|code| code.split_once("::"));
    let mut count = 0;
    for (file, name) in named {
        let path = root().join(format!("tests/interop/tests/it/{file}.rs"));
        if let Ok(tests) = std::fs::read_to_string(path) {
            assert!(tests.contains(&format!("fn {name}(")), "{file}::{name}");
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn settings_and_commands_of_the_page_are_there() {
    let page = page();
    for block in page.split("```sh\n").skip(1) {
        for line in block.split("```").next().unwrap().lines() {
            let line = line.split(" #").next().unwrap().trim();
            if let Some((name, _)) = line.split_once('=').filter(|(name, _)| !name.contains(' ')) {
                let mut known = web_session::KEYS.iter().copied().flatten();
                assert!(known.any(|key| key.name == name), "{name}");
            } else if let Some(program) = line.split_whitespace().next() {
                assert!(program == "cargo" || root().join(program).is_file(), "{program}");
            }
        }
    }
}
