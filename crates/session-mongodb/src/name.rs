//! Names of databases and collections, checked before a server could take them for something else.

/// MongoDB's own limit for the name of a database.
const MAX_DATABASE: usize = 63;
/// MongoDB's own limit for both names and the dot between them.
const MAX_NAMESPACE: usize = 255;

/// Takes names that every MongoDB takes (manual, "MongoDB Limits and Thresholds"); says what is
/// wrong with others.
pub(crate) fn check(database: &str, collection: &str) -> Result<(), &'static str> {
    if !is_database(database) {
        return Err("the name of the database (SESSION_MONGODB_DB) is not usable: 1 to 63 bytes \
                    without spaces and any of /\\.\"$*<>:|?");
    }
    let room = MAX_NAMESPACE - database.len() - 1;
    if !is_collection(collection) || collection.len() > room {
        return Err(
            "the name of the collection (SESSION_MONGODB_COLLECT) is not usable: 255 bytes \
                    at most, with that of the database, without $, empty parts between dots, and \
                    `system.` in front",
        );
    }
    Ok(())
}

fn is_database(name: &str) -> bool {
    let is_allowed =
        |c: char| !c.is_control() && !c.is_whitespace() && !r#"/\."$*<>:|?"#.contains(c);
    (1..=MAX_DATABASE).contains(&name.len()) && name.chars().all(is_allowed)
}

fn is_collection(name: &str) -> bool {
    let is_allowed = |c: char| !c.is_control() && c != '$';
    !name.split('.').any(str::is_empty)
        && !name.starts_with("system.")
        && name.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn usual_names_are_taken() {
        for (database, collection) in [
            ("flask_session", "sessions"),
            ("shop-1", "web.sessions"),
            ("Größe", "Sitzungen und mehr"),
            ("db", "systemic"),
            ("admin", "'; drop"),
            (&"d".repeat(63), &"c".repeat(191)),
        ] {
            assert_eq!(check(database, collection), Ok(()), "{database} {collection}");
        }
    }

    #[test]
    fn names_that_mean_something_else_are_config_errors() {
        let long = "x".repeat(64);
        let databases = [
            "",
            " ",
            "a b",
            "a.b",
            "a/b",
            "a\\b",
            "a\"b",
            "$external",
            "a$",
            "*",
            "a<",
            "a>",
            "a:b",
            "a|b",
            "a?b",
            "a\0b",
            "\n",
            "a\tb",
            "a\u{a0}b",
            "admin.$cmd",
            &long,
        ];
        let long = "x".repeat(192);
        let at_db = "d".repeat(63);
        let collections = [
            "",
            ".",
            "..",
            ".a",
            "a.",
            "a..b",
            "$cmd",
            "a$b",
            "$cmd.sys.inprog",
            "a\0b",
            "a\nb",
            "system.users",
            "system.profile",
            "system.views",
            "system.",
            "oplog.$main",
            "\u{7f}",
            "\u{1b}[0m",
            &long,
        ];
        for name in databases {
            let what = check(name, "sessions").expect_err(name);
            assert!(what.contains("SESSION_MONGODB_DB"), "{what}");
        }
        for name in collections {
            let what = check(&at_db, name).expect_err(name);
            assert!(what.contains("SESSION_MONGODB_COLLECT"), "{what}");
        }
        assert_eq!(databases.len() + collections.len(), 40);
    }
}
