//! The programs of a page are files here, with tests below them.

use super::pages::{docs, read};

/// Compares the Rust blocks of a page with files, in order. A file ends for this where its tests
/// begin.
pub(crate) fn page_shows(page: &str, files: &[&str]) {
    let page = read(&docs().join("guide").join(page));
    let blocks = page.split("\n```rust").skip(1).filter_map(|block| {
        let (_, code) = block.split_once('\n')?;
        Some(code.split("```").next().unwrap_or_default())
    });
    let blocks: Vec<&str> = blocks.collect();
    for (block, file) in blocks.iter().zip(files) {
        let program = file.split("\n#[cfg(test)]").next().unwrap_or_default();
        assert_eq!(*block, program.trim_start_matches("//! ").trim_start(), "the page has another");
    }
    assert_eq!(blocks.len(), files.len(), "blocks of the page, and files");
}
