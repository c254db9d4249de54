//! A DynamoDB Local of a test's own, to break.

use super::child::{ChildServer, Place, Program, named};
use async_trait::async_trait;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

const ANSWERS_WITHIN: Duration = Duration::from_secs(10);
/// Calls after which the virtual machine has compiled what calls need.
const WARM_UP: usize = 20;

/// An empty DynamoDB Local on a loopback port of its own.
///
/// `SESSION_TEST_DYNAMODB_JAR` names its jar, with the libraries in `DynamoDBLocal_lib` beside it;
/// `java` is in the path.
pub type DynamoDbServer = ChildServer<DynamoDb>;

/// How a [`DynamoDbServer`] is started.
#[derive(Debug)]
pub struct DynamoDb {
    data: Data,
}

#[derive(Debug)]
enum Data {
    InMemory,
    InFiles,
}

#[async_trait]
impl Program for DynamoDb {
    fn command(&self, place: &Place) -> io::Result<Command> {
        let jar = PathBuf::from(named("SESSION_TEST_DYNAMODB_JAR")?);
        let libraries = jar.with_file_name("DynamoDBLocal_lib");
        let mut command = Command::new("java");
        command
            // A quick start counts, not speed in the long run.
            .args(["-Xmx192m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"])
            .arg(format!("-Djava.library.path={}", libraries.display()))
            .arg("-jar")
            .arg(jar)
            .args(["-sharedDb", "-disableTelemetry", "-port", &place.addr().port().to_string()]);
        match self.data {
            Data::InFiles => command.arg("-dbPath").arg(place.dir()),
            Data::InMemory => command.arg("-inMemory"),
        };
        Ok(command)
    }

    async fn answer(&self, addr: SocketAddr) -> io::Result<Option<u32>> {
        ask(addr, "ListTables", "{}").await?;
        warm_up(addr).await?;
        Ok(None)
    }

    fn url(&self, addr: SocketAddr) -> String {
        format!("http://{addr}")
    }
}

impl ChildServer<DynamoDb> {
    /// Starts a server that keeps nothing when it ends, and waits until it answers quickly.
    ///
    /// # Errors
    ///
    /// Those of [`ChildServer::launch`].
    pub async fn start() -> io::Result<Self> {
        Self::launch(|_| Ok(DynamoDb { data: Data::InMemory })).await
    }

    /// Starts a server that keeps its data when it is killed.
    ///
    /// # Errors
    ///
    /// Those of [`ChildServer::launch`].
    pub async fn durable() -> io::Result<Self> {
        Self::launch(|_| Ok(DynamoDb { data: Data::InFiles })).await
    }
}

impl DynamoDb {
    /// How many items the server at `addr` has in `table`, expired ones included, but for those
    /// whose `attribute` is the binary value that is `but` in base64; none if there is no such table.
    ///
    /// # Errors
    ///
    /// If the server does not answer.
    pub async fn items(
        addr: SocketAddr,
        table: &str,
        attribute: &str,
        but: &str,
    ) -> io::Result<usize> {
        let body = format!(
            r##"{{"TableName":"{table}","Select":"COUNT","ConsistentRead":true,"FilterExpression":"#a <> :but","ExpressionAttributeNames":{{"#a":"{attribute}"}},"ExpressionAttributeValues":{{":but":{{"B":"{but}"}}}}}}"##
        );
        let answer = ask(addr, "Scan", &body).await?;
        if answer.contains("ResourceNotFoundException") {
            return Ok(0);
        }
        let (_, count) = answer.split_once(r#""Count":"#).ok_or_else(|| turned_down("Scan"))?;
        let digits = count.find(|end: char| !end.is_ascii_digit()).unwrap_or(count.len());
        count[..digits].parse().map_err(io::Error::other)
    }
}

/// A virtual machine that just started takes longer for a call than a session may.
async fn warm_up(addr: SocketAddr) -> io::Result<()> {
    let table = r#""TableName":"warm-up""#;
    let create = format!(
        r#"{{{table},"BillingMode":"PAY_PER_REQUEST","KeySchema":[{{"AttributeName":"id","KeyType":"HASH"}}],"AttributeDefinitions":[{{"AttributeName":"id","AttributeType":"S"}}]}}"#
    );
    let key = r#""Key":{"id":{"S":"x"}}"#;
    let values = r#""ExpressionAttributeValues":{":v":{"N":"1"}}"#;
    ask(addr, "CreateTable", &create).await?;
    for _ in 0..WARM_UP {
        let put = format!(
            r#"{{{table},"Item":{{"id":{{"S":"x"}},"v":{{"N":"1"}}}},"ConditionExpression":"attribute_not_exists(id) OR v <= :v",{values}}}"#
        );
        ask(addr, "PutItem", &put).await?;
        ask(addr, "GetItem", &format!(r#"{{{table},{key},"ConsistentRead":true}}"#)).await?;
        let update = format!(
            r#"{{{table},{key},"UpdateExpression":"SET v = :v","ConditionExpression":"v = :v",{values}}}"#
        );
        ask(addr, "UpdateItem", &update).await?;
        let delete = format!(r#"{{{table},{key},"ConditionExpression":"v = :v",{values}}}"#);
        ask(addr, "DeleteItem", &delete).await?;
    }
    ask(addr, "DeleteTable", &format!("{{{table}}}")).await?;
    Ok(())
}

/// Makes one request, on a connection of its own; returns the answer, head and all.
async fn ask(addr: SocketAddr, operation: &str, body: &str) -> io::Result<String> {
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\
         X-Amz-Target: DynamoDB_20120810.{operation}\r\n\
         Content-Type: application/x-amz-json-1.0\r\n\
         Authorization: AWS4-HMAC-SHA256 \
         Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, \
         Signature=0\r\nContent-Length: {}\r\n\r\n{body}",
        addr,
        body.len()
    );
    let answer = timeout(ANSWERS_WITHIN, async {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        io::Result::Ok(answer)
    });
    let answer = answer.await??;
    if answer.starts_with("HTTP/1.1 ") { Ok(answer) } else { Err(turned_down(operation)) }
}

fn turned_down(operation: &str) -> io::Error {
    io::Error::other(format!("{operation} was turned down"))
}
