//! What people read agrees with the tables of the backends.

use std::path::Path;
use web_session::KEYS;

fn read(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).expect(path)
}

#[cfg(all(
    feature = "dynamodb",
    feature = "filesystem",
    feature = "memcached",
    feature = "mongodb",
    feature = "redis",
    feature = "sql"
))]
#[test]
fn page_has_the_row_of_every_key_of_a_backend() {
    let page = read("docs/configuration.md");
    let table_of = |name| {
        let table = KEYS.iter().find(|table| table.iter().any(|key| key.name == name));
        *table.expect("it is a setting")
    };
    for (title, table) in [
        ("Connecting", table_of("SESSION_CONNECT")),
        ("Moving to another store", table_of("SESSION_MIGRATE_TO")),
        ("Timeouts", web_session::store::Timeouts::KEYS),
        ("Redis", web_session::stores::redis::KEYS),
        ("Memcached", web_session::stores::memcached::KEYS),
        ("Filesystem", web_session::stores::filesystem::KEYS),
        ("MongoDB", web_session::stores::mongodb::KEYS),
        ("SQL", web_session::stores::sql::KEYS),
        ("DynamoDB", web_session::stores::dynamodb::KEYS),
    ] {
        let section = page.split("\n## ").find(|section| section.starts_with(title)).expect(title);
        let rows: Vec<&str> = section.lines().filter(|line| line.starts_with("| `")).collect();
        let expected: Vec<String> = table.iter().map(|key| key.markdown_row()).collect();
        assert_eq!(rows, expected, "the rows of ## {title}, in order:\n{}", expected.join("\n"));
    }
}

#[cfg(all(
    feature = "dynamodb",
    feature = "filesystem",
    feature = "memcached",
    feature = "mongodb",
    feature = "redis",
    feature = "postgres",
    feature = "mysql",
    feature = "sqlite"
))]
#[tokio::test]
async fn every_example_of_a_store_is_read() {
    use web_session::config::Settings;
    let dir = tempfile::tempdir().unwrap();
    let mut types = std::collections::BTreeSet::new();
    for page in ["README.md", "docs/configuration.md"] {
        let page = read(page);
        // The lines of blocks of code, and what stands in backticks.
        for example in page.split(['`', '\n']).filter(|text| text.starts_with("SESSION_TYPE=")) {
            let pairs = example.split_whitespace().map_while(|word| word.split_once('='));
            let pairs = pairs.map(|(name, value)| match name {
                "SESSION_FILE_DIR" => (name, dir.path().to_str().unwrap()),
                _ => (name, value),
            });
            let settings: Settings = pairs.chain([("SESSION_CONNECT", "lazy")]).collect();
            types.insert(web_session::connect(&settings).await.expect(example).capabilities().name);
        }
    }
    let all = "dynamodb filesystem memcached memory mongodb null redis sqlalchemy";
    assert_eq!(types.into_iter().collect::<Vec<_>>().join(" "), all);
}

#[test]
fn page_names_every_key() {
    let page = read("docs/configuration.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let mut on_page: Vec<&str> = rows.map(|(name, _)| name).filter(|name| is_name(name)).collect();
    let mut known: Vec<&str> = KEYS.iter().copied().flatten().map(|key| key.name).collect();
    on_page.sort_unstable();
    known.sort_unstable();
    assert_eq!(on_page, known);
}

#[test]
fn example_environment_has_every_key_with_its_default() {
    let example = read(".env.example");
    for key in KEYS.iter().copied().flatten() {
        let line = example
            .lines()
            .find_map(|line| line.strip_prefix('#')?.strip_prefix(key.name)?.strip_prefix('='));
        let value = line.ok_or_else(|| format!("no line #{}=", key.name)).unwrap();
        if let Some(default) = key.default {
            assert_eq!(value, default, "{}", key.name);
        }
    }
}

/// Other tables of the page have values in their first column.
fn is_name(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}
