//! The guide names clauses that there are, and says where.

use session_testkit::clauses;
use std::path::Path;

#[test]
fn mistakes_lead_to_their_clauses() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect(path);
    let guide = read("docs/writing-a-store.md");
    // `[`clause`, `another`][module]`, and at the end of the page `[module]: ../path`.
    let links: Vec<(&str, &str)> = guide
        .split("[`")
        .filter_map(|link| {
            link.split_once("`][")?.1.split_once(']').map(|(label, _)| (link, label))
        })
        .filter_map(|(link, label)| {
            let (_, rest) = guide.split_once(&format!("\n[{label}]: ../"))?;
            rest.split_once('\n').map(|(path, _)| (link, path))
        })
        .filter(|(_, path)| path.contains("/clauses/"))
        .collect();
    assert!(links.len() > 20, "{} links", links.len());
    for (link, path) in links {
        let source = read(path);
        let names = link.split_once("`][").map_or("", |(names, _)| names);
        for name in names.split("`, `") {
            assert!(clauses::ALL.iter().any(|clause| clause.name() == name), "{name}");
            assert!(source.contains(&format!("pub async fn {name}(")), "{name} is not in {path}");
        }
    }
}
