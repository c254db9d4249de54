//! What the program asks and draws on a terminal, and does not elsewhere.

use crate::common::{Site, Stored, session, shop};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection as _, SqliteConnection};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A run on a terminal of its own.
struct OnTerminal {
    child: Child,
    terminal: File,
    shown: Vec<u8>,
}

impl OnTerminal {
    fn start(mut command: Command) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let path = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
        let open = || Stdio::from(File::options().read(true).write(true).open(&path).unwrap());
        command.env("TERM", "xterm").stdin(open()).stdout(open()).stderr(open());
        let child = command.spawn().unwrap();
        Self { child, terminal: File::from(terminal), shown: Vec::new() }
    }

    fn types(mut self, input: &str) -> Self {
        self.terminal.write_all(input.as_bytes()).unwrap();
        self
    }

    /// Reads on; `false` at the end, where the program has closed the other side (pty(7)).
    fn read(&mut self) -> bool {
        let mut buffer = [0; 1024];
        let read = self.terminal.read(&mut buffer).unwrap_or(0);
        self.shown.extend_from_slice(&buffer[..read]);
        read > 0
    }

    fn shown(&self) -> String {
        String::from_utf8_lossy(&self.shown).into_owned()
    }

    /// The exit code, and all that stood there.
    fn end(mut self) -> (Option<i32>, String) {
        while self.read() {}
        (self.child.wait().unwrap().code(), self.shown())
    }
}

/// What somebody types, how the program ends, and who is still signed in.
const ANSWERS: [(&str, i32, usize); 4] =
    [("n\n", 1, 5), ("\n", 1, 5), ("y\n", 0, 3), ("yes\n", 0, 3)];

#[tokio::test]
async fn revoke_asks_and_ends_what_somebody_agrees_to() {
    for (answer, code, left) in ANSWERS {
        let site = shop().await;
        let command = site.command(&["revoke", "--owner", "ann"]);
        let (ended, shown) = OnTerminal::start(command).types(answer).end();
        assert!(shown.contains("End all sessions of ann in "), "{shown}");
        assert!(shown.contains("[y/N]"), "{shown}");
        assert_eq!(ended, Some(code), "{answer:?} {shown}");
        assert_eq!(site.all().await.len(), left, "{answer:?} {shown}");
    }
}

#[tokio::test]
async fn agreement_is_not_asked_for_twice() {
    let site = shop().await;
    let command = site.command(&["revoke", "--owner", "ann", "--yes"]);
    let (ended, shown) = OnTerminal::start(command).end();
    assert!(!shown.contains("[y/N]"), "{shown}");
    assert_eq!((ended, site.all().await.len()), (Some(0), 3), "{shown}");
}

/// Somebody else's write, for which a sweep waits until this is dropped.
async fn writing(site: &Site) -> SqliteConnection {
    let file = SqliteConnectOptions::new().filename(site.folder().join("sessions.db"));
    let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
    connection
}

#[tokio::test]
async fn progress_is_drawn_on_a_terminal() {
    let site = shop().await;
    let lock = writing(&site).await;
    let mut sweep = OnTerminal::start(site.command(&["sweep"]));
    while !sweep.shown().contains("sweeping") {
        assert!(sweep.read(), "{}", sweep.shown());
    }
    lock.close().await.unwrap();
    let (code, shown) = sweep.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("removed 0 sessions"), "{shown}");
}

#[tokio::test]
async fn progress_is_drawn_for_no_program() {
    let site = shop().await;
    let lock = writing(&site).await;
    let on_terminal = OnTerminal::start(site.command(&["sweep", "--json"]));
    let mut piped = site.command(&["sweep"]);
    let piped = piped.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // Time in which it would have been drawn, five times a second.
    tokio::time::sleep(Duration::from_secs(1)).await;
    lock.close().await.unwrap();
    let (code, shown) = on_terminal.end();
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.starts_with('{') && !shown.contains("sweeping"), "{shown}");
    let piped = piped.wait_with_output().unwrap();
    assert_eq!((piped.status.code(), piped.stderr.as_slice()), (Some(0), &b""[..]));
}

#[tokio::test]
async fn watching_sweeps_again_until_it_is_stopped() {
    let site = Site::files();
    let store = site.store().await;
    let mut command = site.command(&["sweep", "--watch", "--every", "1s", "--json"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut removed = 0;
    for number in 1..=2 {
        let short = Stored { ttl: Duration::from_millis(1), ..session(number, None) };
        site.put(store.as_ref(), &short).await;
        // Each sweep says how many it has removed: this one, sooner or later.
        while removed < u64::from(number) {
            let line = lines.next().expect("it goes on").unwrap();
            let report: serde_json::Value = serde_json::from_str(&line).unwrap();
            removed += report["removed"].as_u64().unwrap();
        }
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
