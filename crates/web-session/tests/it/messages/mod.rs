//! What was set, and what is printed: the sentence that `main` prints of an error that it returns.

mod requests;
#[cfg(all(
    feature = "redis",
    feature = "memcached",
    feature = "filesystem",
    feature = "mongodb",
    feature = "postgres",
    feature = "mysql",
    feature = "sqlite",
    feature = "dynamodb"
))]
mod servers;
mod settings;

use web_session::config::Settings;

/// What is set beside the type of the store, and what is printed; `…` stands for anything.
type Row<'a> = (&'a [(&'a str, &'a str)], &'a str);

/// What is printed of a start that fails.
async fn printed(set: &[(&str, &str)]) -> String {
    let settings: Settings = set.iter().copied().collect();
    format!("{:?}", web_session::manager(&settings).await.expect_err("it starts"))
}

/// Passwords in the tables are `hunter2`.
async fn check(kind: &str, rows: &[Row<'_>]) {
    for (set, expected) in rows {
        let set: Vec<_> = [("SESSION_TYPE", kind)].iter().chain(*set).copied().collect();
        let said = printed(&set).await;
        assert!(is_like(&said, expected), "{set:?}\n    prints {said:?}\n    and not {expected:?}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

fn is_like(said: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('…') else { return said == pattern };
    let Some(said) = said.strip_prefix(start) else { return false };
    rest.is_empty() || said.char_indices().any(|(at, _)| is_like(&said[at..], rest))
}
