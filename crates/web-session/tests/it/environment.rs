//! The environment of a process, so each test starts one.

use std::process::Command;

/// What the other tests start, and what passes in any sane environment.
#[tokio::test]
#[ignore = "started by the other tests, in environments of their own"]
async fn child() {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let manager = web_session::manager_from_env().await.unwrap();
    eprintln!("cookie: {}", manager.config().cookie().name);
}

/// Runs [`child`] with these settings and nothing else; returns whether it passed and what it said.
fn run<const N: usize>(vars: [(&str, &str); N]) -> (bool, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "environment::child", "--ignored", "--nocapture"])
        .env_clear()
        .env("NO_COLOR", "1")
        .envs(vars)
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn manager_is_what_the_environment_says() {
    let (passed, said) = run([("SESSION_TYPE", "memory"), ("SESSION_COOKIE_NAME", "shop")]);
    assert!(passed && said.contains("cookie: shop"), "{said}");
}

#[test]
fn empty_environment_is_enough() {
    let (passed, said) = run([]);
    assert!(passed && said.contains("cookie: session"), "{said}");
}

#[test]
fn names_of_other_programs_are_logged_and_accepted() {
    let (passed, said) = run([("SESSION_MANAGER", "hunter2"), ("SESSION_CACHELIB", "x")]);
    assert!(passed, "{said}");
    assert_eq!(said.matches("has no effect").count(), 2, "{said}");
    assert!(said.contains("SESSION_MANAGER has no effect"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

#[cfg(feature = "sqlite")]
#[test]
fn start_is_told_in_one_line_and_its_surprises_in_one_each() {
    let sqlite = tempfile::tempdir().unwrap();
    let url = format!("sqlite:///{}/sessions.db", sqlite.path().display());
    let (passed, said) = run([("SESSION_TYPE", "sqlite"), ("SESSION_SQLALCHEMY", &url)]);
    assert!(passed, "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains(" INFO ")).collect();
    let [line] = lines[..] else { panic!("{said}") };
    for part in [
        "store=\"sqlalchemy\"",
        &format!("address=\"{url}\""),
        "cookie=\"session; Path=/; HttpOnly\"",
        "lifetime_seconds=2678400",
        "sweeps=\"by nobody here\"",
    ] {
        assert!(line.contains(part), "{part}: {line}");
    }
    assert_eq!(said.matches(" WARN ").count(), 2, "{said}");
    for word in ["SESSION_COOKIE_SECURE=true", "SESSION_CLEANUP_INTERVAL"] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn mistyped_name_stops_the_application() {
    let (passed, said) = run([("SESSION_TPYE", "redis")]);
    assert!(!passed && said.contains("did you mean SESSION_TYPE?"), "{said}");
}
