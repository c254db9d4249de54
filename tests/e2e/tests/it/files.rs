//! A session directory that goes away, is closed, or is full, under a server that goes on.

use e2e::backend::{files, scratch};
use e2e::{Answer, Browser, Pending, Server, run, server, within};
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The promise is two seconds; the rest is slack for a machine that does other things.
const DEADLINE: Duration = Duration::from_secs(8);
/// Nobody, as most systems number it.
const NOBODY: u32 = 65_534;
/// A disk that only the process sees that mounts it.
const MOUNT: &str = "mount -t tmpfs -o size=1m tmpfs \"$1\"";

async fn in_time(request: Pending) -> Answer {
    tokio::time::timeout(DEADLINE, request.answer()).await.expect("an answer in time")
}

async fn everything_is_503(server: &Server, browser: &Browser) {
    let cookie = browser.cookie.as_deref();
    for program in ["get x", "set x 5", "add x", "login ann", "logout"] {
        in_time(server.begin("/run", cookie, program)).await.refuses(503);
    }
    in_time(server.begin("/run", None, "set x 1")).await.refuses(503);
    for path in ["/plain", "/unasked"] {
        assert!(in_time(server.begin(path, cookie, "")).await.is_success());
    }
}

async fn works_again(server: &mut Server, browser: &mut Browser, sum: &str) {
    let cookie = browser.cookie.clone();
    within(DEADLINE, "the session is served again", async || {
        server.send("/member", cookie.as_deref(), "get x").await.is_success()
    })
    .await;
    assert_eq!(browser.run(server, "add x").await, sum);
    assert_eq!(browser.cookie, cookie);
    assert!(server.is_running());
}

#[test]
fn directory_that_goes_away_is_503_and_comes_back() {
    run(async {
        let root = scratch();
        let (dir, aside) = (root.path().join("sessions"), root.path().join("aside"));
        let mut server = Server::start(&dir);
        let mut browser = Browser::signed_on(&server, "set x 0").await;

        fs::rename(&dir, &aside).unwrap();
        everything_is_503(&server, &browser).await;
        fs::write(&dir, "a file in its place").unwrap();
        everything_is_503(&server, &browser).await;
        fs::remove_file(&dir).unwrap();
        fs::rename(&aside, &dir).unwrap();
        works_again(&mut server, &mut browser, "1").await;

        // A request that was caught in the middle.
        let cookie = browser.cookie.as_deref();
        let caught = server.begin("/member", cookie, "wait a; set x 9");
        server.reached("a").await;
        fs::rename(&dir, &aside).unwrap();
        server.set("a").await;
        in_time(caught).await.refuses(503);
        assert!(!dir.exists(), "nobody makes the directory anew: it may be a lost mount");
        fs::rename(&aside, &dir).unwrap();
        works_again(&mut server, &mut browser, "2").await;
    });
}

#[test]
fn directory_that_is_closed_to_the_process_is_503_and_opens_again() {
    run(async {
        let root = scratch();
        let dir = root.path().join("sessions");
        fs::create_dir(&dir).unwrap();
        let mut server = unprivileged(root.path(), &dir);
        let mut browser = Browser::signed_on(&server, "set x 0").await;
        fs::set_permissions(&dir, Permissions::from_mode(0o000)).unwrap();
        everything_is_503(&server, &browser).await;
        fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
        works_again(&mut server, &mut browser, "1").await;

        // It may still read: what does not write goes on.
        fs::set_permissions(&dir, Permissions::from_mode(0o500)).unwrap();
        let cookie = browser.cookie.as_deref();
        assert_eq!(server.send("/run", cookie, "get x").await.body, "1");
        for program in ["set x 5", "add x", "logout"] {
            in_time(server.begin("/run", cookie, program)).await.refuses(503);
        }
        fs::set_permissions(&dir, Permissions::from_mode(0o700)).unwrap();
        works_again(&mut server, &mut browser, "2").await;
    });
}

/// Starts a server to which permissions apply: they do not to root.
fn unprivileged(root: &Path, dir: &Path) -> Server {
    let probe = root.join("probe");
    fs::write(&probe, "").unwrap();
    fs::set_permissions(&probe, Permissions::from_mode(0o000)).unwrap();
    if fs::read(&probe).is_err() {
        return Server::start(dir);
    }
    let others_may_enter = Permissions::from_mode(0o755);
    fs::set_permissions(root, others_may_enter.clone()).unwrap();
    chown(dir, Some(NOBODY), Some(NOBODY)).unwrap();
    // Nobody may look where the build is, and in memory programs often cannot be run.
    let programs = tempfile::tempdir().unwrap();
    fs::set_permissions(programs.path(), others_may_enter).unwrap();
    let binary = programs.path().join("server");
    fs::copy(server::binary(), &binary).unwrap();
    let mut command = Command::new(binary);
    command.arg(dir).uid(NOBODY).gid(NOBODY);
    Server::spawn(command)
}

#[test]
fn full_disk_is_503_and_keeps_what_it_has() {
    run(async {
        let root = scratch();
        let Some((mut server, dir)) = on_small_disk(root.path()) else { return };
        let mut browser = Browser::signed_on(&server, "set x 0; flash kept").await;
        let mut leaving = Browser::signed_on(&server, "set x 0; set y 7").await;
        let caught = server.begin("/run", browser.cookie.as_deref(), "wait a; set x 9");
        server.reached("a").await;
        let ballast = fill(&dir);

        server.set("a").await;
        in_time(caught).await.refuses(503);
        let cookie = browser.cookie.as_deref();
        for program in ["set x 5", "add x", "login ann", "regenerate", "flash lost"] {
            in_time(server.begin("/run", cookie, program)).await.refuses(503);
        }
        in_time(server.begin("/run", None, "set x 1")).await.refuses(503);
        assert_eq!(files(&dir.join("sessions")).len(), 2);
        assert_eq!(server.send("/run", cookie, "get x").await.body, "0");
        leaving.run(&server, "logout").await;
        assert_eq!(leaving.cookie, None);
        assert_eq!(files(&dir.join("sessions")).len(), 1);

        fs::remove_file(ballast).unwrap();
        works_again(&mut server, &mut browser, "1").await;
        assert_eq!(browser.run(&server, "flashes").await, "kept");
        assert_eq!(files(&dir.join("sessions")).len(), 1);
    });
}

/// Starts a server that has a disk of one megabyte to itself, mounted on `root`, which goes with
/// the process. Returns also where others see it.
///
/// `None`, said aloud, where this process may not mount one; that is an error under `CI=true`.
fn on_small_disk(root: &Path) -> Option<(Server, PathBuf)> {
    // Root in a container may often mount, but not map users; others must.
    let ways: [&[&str]; 2] = [&["--mount"], &["--map-root-user", "--mount"]];
    let unshare = |flags: &[&str], script: &str| {
        let mut command = Command::new("unshare");
        command.args(flags).args(["sh", "-c", script]).arg(server::binary()).arg(root);
        command
    };
    let is_allowed =
        |flags: &&&[&str]| unshare(flags, MOUNT).output().is_ok_and(|tried| tried.status.success());
    let Some(flags) = ways.iter().find(is_allowed) else {
        let is_ci = std::env::var_os("CI").is_some_and(|ci| ci == "true");
        assert!(!is_ci, "mount a tmpfs: needs root, or namespaces of users");
        let _ = writeln!(std::io::stderr(), "SKIPPED: a full disk needs the right to mount one");
        return None;
    };
    let server = Server::spawn(unshare(flags, &format!("{MOUNT} && exec \"$0\" \"$1/sessions\"")));
    let seen = root.strip_prefix("/").unwrap();
    let dir = PathBuf::from(format!("/proc/{}/root", server.pid())).join(seen);
    Some((server, dir))
}

/// Writes until there is no room.
fn fill(dir: &Path) -> PathBuf {
    let path = dir.join("ballast");
    let mut file = fs::File::create(&path).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
    path
}
