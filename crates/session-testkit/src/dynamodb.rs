//! A DynamoDB Local of a test's own, to break.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

/// A virtual machine starts, on a machine that does other things.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Ports that are tried after the first turned out to be another server's.
const ATTEMPTS: usize = 4;
/// Calls after which the virtual machine has compiled what calls need.
const WARM_UP: usize = 20;

/// An empty DynamoDB Local on a loopback port of its own; it dies with this value.
///
/// `SESSION_TEST_DYNAMODB_JAR` names its jar, with the libraries in `DynamoDBLocal_lib` beside it;
/// `scripts/services env` prints it.
#[derive(Debug)]
pub struct DynamoDbServer {
    child: Child,
    addr: SocketAddr,
    dir: Option<PathBuf>,
}

impl DynamoDbServer {
    /// Starts a server that keeps nothing when it ends, and waits until it answers quickly.
    ///
    /// # Errors
    ///
    /// If there is no jar or no `java`, or it does not answer within a minute.
    pub async fn start() -> io::Result<Self> {
        Self::launch(None).await
    }

    /// Starts a server that keeps its data in `dir`.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub async fn durable(dir: &Path) -> io::Result<Self> {
        Self::launch(Some(dir.to_owned())).await
    }

    async fn launch(dir: Option<PathBuf>) -> io::Result<Self> {
        let mut attempts = 0..ATTEMPTS;
        loop {
            let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
            let mut server = Self { child: spawn(addr, dir.as_deref())?, addr, dir: dir.clone() };
            match server.wait_until_it_answers().await {
                // Between choosing the port and listening there, another server may have taken it.
                Err(_) if server.has_ended() && attempts.next().is_some() => {}
                waited => return waited.map(|()| server),
            }
        }
    }

    /// Ends the server without a warning.
    ///
    /// # Errors
    ///
    /// Those of [`Child::kill`].
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Starts a killed server again at its address, with the data that a durable one kept.
    ///
    /// # Errors
    ///
    /// Those of [`start`](Self::start).
    pub async fn restart(&mut self) -> io::Result<()> {
        self.child = spawn(self.addr, self.dir.as_deref())?;
        self.wait_until_it_answers().await
    }

    /// Stops the server in whatever it does; its connections stay open.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn freeze(&self) -> io::Result<()> {
        self.signal("-STOP")
    }

    /// Lets a frozen server go on.
    ///
    /// # Errors
    ///
    /// If it has ended.
    pub fn thaw(&self) -> io::Result<()> {
        self.signal("-CONT")
    }

    /// Where the server listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address as `SESSION_DYNAMODB` takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// How many items there are in `table`, expired ones included; none if there is no such table.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn items(&self, table: &str) -> io::Result<usize> {
        let body = format!(r#"{{"TableName":"{table}","Select":"COUNT","ConsistentRead":true}}"#);
        let answer = self.ask("Scan", &body).await?;
        if answer.contains("ResourceNotFoundException") {
            return Ok(0);
        }
        let (_, count) = answer.split_once(r#""Count":"#).ok_or_else(|| turned_down("Scan"))?;
        let digits = count.find(|end: char| !end.is_ascii_digit()).unwrap_or(count.len());
        count[..digits].parse().map_err(io::Error::other)
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|status| status.is_some())
    }

    fn signal(&self, signal: &str) -> io::Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([signal, &pid]).status()?;
        if status.success() { Ok(()) } else { Err(io::Error::other("the server has ended")) }
    }

    async fn wait_until_it_answers(&mut self) -> io::Result<()> {
        let deadline = Instant::now() + STARTS_WITHIN;
        while let Err(error) = self.ask("ListTables", "{}").await {
            if Instant::now() > deadline || self.has_ended() {
                return Err(error);
            }
            sleep(Duration::from_millis(50)).await;
        }
        self.warm_up().await
    }

    /// A virtual machine that just started takes longer for a call than a session may.
    async fn warm_up(&self) -> io::Result<()> {
        let table = r#""TableName":"warm-up""#;
        let create = format!(
            r#"{{{table},"BillingMode":"PAY_PER_REQUEST","KeySchema":[{{"AttributeName":"id","KeyType":"HASH"}}],"AttributeDefinitions":[{{"AttributeName":"id","AttributeType":"S"}}]}}"#
        );
        let key = r#""Key":{"id":{"S":"x"}}"#;
        let values = r#""ExpressionAttributeValues":{":v":{"N":"1"}}"#;
        self.ask("CreateTable", &create).await?;
        for _ in 0..WARM_UP {
            let put = format!(
                r#"{{{table},"Item":{{"id":{{"S":"x"}},"v":{{"N":"1"}}}},"ConditionExpression":"attribute_not_exists(id) OR v <= :v",{values}}}"#
            );
            self.ask("PutItem", &put).await?;
            self.ask("GetItem", &format!(r#"{{{table},{key},"ConsistentRead":true}}"#)).await?;
            let update = format!(
                r#"{{{table},{key},"UpdateExpression":"SET v = :v","ConditionExpression":"v = :v",{values}}}"#
            );
            self.ask("UpdateItem", &update).await?;
            let delete = format!(r#"{{{table},{key},"ConditionExpression":"v = :v",{values}}}"#);
            self.ask("DeleteItem", &delete).await?;
        }
        self.ask("DeleteTable", &format!("{{{table}}}")).await?;
        Ok(())
    }

    /// Makes one request, on a connection of its own; returns the answer, head and all.
    async fn ask(&self, operation: &str, body: &str) -> io::Result<String> {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
             X-Amz-Target: DynamoDB_20120810.{operation}\r\n\
             Content-Type: application/x-amz-json-1.0\r\n\
             Authorization: AWS4-HMAC-SHA256 \
             Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, \
             Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
            self.addr,
            body.len()
        );
        let answer = timeout(ANSWERS_WITHIN, async {
            let mut stream = TcpStream::connect(self.addr).await?;
            stream.write_all(request.as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            io::Result::Ok(answer)
        });
        let answer = answer.await??;
        if answer.starts_with("HTTP/1.1 ") { Ok(answer) } else { Err(turned_down(operation)) }
    }
}

impl Drop for DynamoDbServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(addr: SocketAddr, dir: Option<&Path>) -> io::Result<Child> {
    let jar = std::env::var_os("SESSION_TEST_DYNAMODB_JAR").map(PathBuf::from).ok_or_else(|| {
        io::Error::other(
            "SESSION_TEST_DYNAMODB_JAR is not set: run `scripts/services up dynamodb` and export \
             what `scripts/services env` prints",
        )
    })?;
    let libraries = jar.with_file_name("DynamoDBLocal_lib");
    let mut command = Command::new("java");
    command
        // A quick start counts, not speed in the long run.
        .args(["-Xmx192m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
        .arg(format!("-Djava.library.path={}", libraries.display()))
        .arg("-jar")
        .arg(jar)
        .args(["-sharedDb", "-disableTelemetry", "-port", &addr.port().to_string()]);
    match dir {
        Some(dir) => command.arg("-dbPath").arg(dir),
        None => command.arg("-inMemory"),
    };
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
}

fn turned_down(operation: &str) -> io::Error {
    io::Error::other(format!("{operation} was turned down"))
}
