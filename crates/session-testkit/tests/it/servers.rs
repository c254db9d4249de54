//! A server of a test's own does what tests of outages rely on.

use session_testkit::{ChildServer, Place, Program};
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A shell that is a server once it has written its number and that of its child.
#[derive(Debug)]
struct Script {
    dir: PathBuf,
    text: &'static str,
}

const READY: &str = "sleep 600 & echo $! >child; echo start >>starts; echo $$ >ready; wait";

#[session_core::async_trait]
impl Program for Script {
    fn command(&self, _place: &Place) -> io::Result<Command> {
        let mut command = Command::new("sh");
        command.args(["-c", self.text]).current_dir(&self.dir);
        Ok(command)
    }

    async fn answer(&self, _addr: SocketAddr) -> io::Result<Option<u32>> {
        number(&self.dir.join("ready")).map(Some).ok_or_else(|| io::Error::other("not yet"))
    }

    fn url(&self, addr: SocketAddr) -> String {
        addr.to_string()
    }
}

async fn launch(text: &'static str) -> io::Result<ChildServer<Script>> {
    ChildServer::launch(|place| Ok(Script { dir: place.dir().to_owned(), text })).await
}

/// The shell and its child.
fn processes(server: &ChildServer<Script>) -> [u32; 2] {
    ["ready", "child"].map(|name| number(&server.program().dir.join(name)).unwrap())
}

fn number(file: &Path) -> Option<u32> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

/// The letter of the process in `/proc`; `Z` also for one that is gone.
fn state(id: u32) -> char {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").and_then(|(_, fields)| fields.chars().next()).unwrap_or('Z')
}

/// Signals are on their way for a moment.
fn eventually(what: &str, holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(10), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[tokio::test]
async fn server_that_ends_is_an_error_with_its_last_words() {
    let error = launch("echo no room >&2; exit 3").await.unwrap_err();
    assert!(error.to_string().contains("no room"), "{error}");
}

#[tokio::test]
async fn other_process_that_answers_is_not_the_server() {
    let error = launch("echo 1 >ready; sleep 600").await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
}

#[tokio::test]
async fn freeze_stops_the_children_too() {
    let server = launch(READY).await.unwrap();
    let both = processes(&server);
    server.freeze().unwrap();
    eventually("both stop", || both.iter().all(|id| state(*id) == 'T'));
    server.thaw().unwrap();
    eventually("both go on", || both.iter().all(|id| state(*id) == 'S'));
}

#[tokio::test]
async fn killed_server_starts_again_with_its_data() {
    let mut server = launch(READY).await.unwrap();
    let (addr, before) = (server.addr(), processes(&server));
    server.kill().unwrap();
    eventually("both end", || before.iter().all(|id| state(*id) == 'Z'));
    assert!(server.freeze().is_err());
    let dir = server.program().dir.clone();
    fs::remove_file(dir.join("ready")).unwrap();

    server.restart().await.unwrap();
    assert_eq!(server.addr(), addr);
    assert_eq!(fs::read_to_string(dir.join("starts")).unwrap(), "start\nstart\n");
    let after = processes(&server);
    drop(server);
    eventually("both end", || after.iter().all(|id| state(*id) == 'Z'));
    assert!(!dir.exists());
}

#[test]
#[ignore = "the part of server_ends_with_the_process_that_started_it that is killed"]
fn child_starts_a_server() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(launch(READY)).unwrap();
    let [shell, child] = processes(&server);
    println!("\n{shell} {child} {}", server.program().dir.display());
    std::thread::sleep(Duration::from_secs(600));
}

#[test]
fn server_ends_with_the_process_that_started_it() {
    let mut starter = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "servers::child_starts_a_server", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(starter.stdout.take().unwrap()).lines().map(Result::unwrap);
    let told = told.find(|line| line.contains(" /")).unwrap();
    let told: Vec<&str> = told.split(' ').collect();
    let both = [told[0], told[1]].map(|id| id.parse().unwrap());
    assert!(both.iter().all(|id| state(*id) != 'Z'));
    starter.kill().unwrap();
    starter.wait().unwrap();
    eventually("both end", || both.iter().all(|id| state(*id) == 'Z'));
    eventually("the data are gone", || !Path::new(told[2]).exists());
}
