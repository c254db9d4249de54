//! What becomes of connections: clients that leave, and those that change the protocol.

use crate::support::{app, manager, serve};
use rocket::data::{IoHandler, IoStream};
use rocket::fairing::AdHoc;
use rocket::response::{self, Responder, Response};
use rocket::{Request, State, get, routes};
use session_core::{Error, ErrorKind, Session};
use session_rocket::SessionFairing;
use session_testkit::{Fault, Method};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Barrier;

/// Sends a request, and returns the head of its answer and the connection.
async fn ask(addr: SocketAddr, head: &str) -> (String, TcpStream) {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    stream.write_all(format!("{head}\r\nhost: {addr}\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    (String::from_utf8(answer).unwrap(), stream)
}

fn cookie_of(head: &str) -> &str {
    let (_, cookie) = head.split_once("set-cookie: ").unwrap();
    cookie.split(';').next().unwrap()
}

/// Speaks another protocol, which says back what it hears.
struct Echo;

#[rocket::async_trait]
impl IoHandler for Echo {
    async fn io(self: Pin<Box<Self>>, mut stream: IoStream) -> io::Result<()> {
        let byte = stream.read_u8().await?;
        stream.write_u8(byte).await
    }
}

impl<'r> Responder<'r, 'static> for Echo {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::new();
        response.add_upgrade("echo", self);
        Ok(response)
    }
}

#[get("/echo")]
fn echo(session: Session) -> Result<Echo, Error> {
    session.modify("n", |n: Option<u64>| n.unwrap_or(0) + 1)?;
    Ok(Echo)
}

#[get("/n")]
fn count(session: Session) -> Result<String, Error> {
    Ok(session.get::<u64>("n")?.unwrap_or(0).to_string())
}

const UPGRADE: &str = "GET /echo HTTP/1.1\r\nconnection: upgrade\r\nupgrade: echo";

#[tokio::test]
async fn session_is_stored_before_the_protocol_changes() {
    let (manager, store) = manager();
    let app = app().mount("/", routes![echo, count]).attach(SessionFairing::new(manager));
    let (addr, _server) = serve(app).await;
    let (head, mut stream) = ask(addr, UPGRADE).await;
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    stream.write_u8(7).await.unwrap();
    assert_eq!(stream.read_u8().await.unwrap(), 7);
    let again = format!("GET /n HTTP/1.1\r\ncookie: {}", cookie_of(&head));
    let (head, mut stream) = ask(addr, &again).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert_eq!(stream.read_u8().await.unwrap(), b'1');
    // Where it is not stored, the protocol does not change.
    store.push(Method::Write, Fault::Fail(ErrorKind::Unavailable));
    let (head, _) = ask(addr, UPGRADE).await;
    assert!(head.starts_with("HTTP/1.1 503"), "{head}");
}

#[get("/slow")]
async fn slow(session: Session, gate: &State<Arc<Barrier>>) -> Result<(), Error> {
    session.insert("n", 2_u64)?;
    gate.wait().await;
    gate.wait().await;
    Ok(())
}

/// What follows from the story that Rocket fails: nothing is undone, and a later request sees it.
#[tokio::test]
async fn handler_whose_client_left_runs_to_its_end_and_is_stored() {
    let (manager, _) = manager();
    let cookie = {
        let session = manager.create();
        session.insert("n", 1_u64).unwrap();
        session.commit().await.unwrap().id_field().unwrap().to_owned()
    };
    let cookie = cookie.split(';').next().unwrap();
    let gate = Arc::new(Barrier::new(2));
    let routes = routes![slow, count];
    let app = app().mount("/", routes).manage(gate.clone()).attach(SessionFairing::new(manager));
    // After the fairing, and so after its commit.
    let app = app.attach(AdHoc::on_response("gate", |request, _| {
        Box::pin(async move {
            if request.uri().path() == "/slow" {
                request.rocket().state::<Arc<Barrier>>().unwrap().wait().await;
            }
        })
    }));
    let (addr, _server) = serve(app).await;
    let mut client = TcpStream::connect(addr).await.unwrap();
    let request = format!("GET /slow HTTP/1.1\r\nhost: {addr}\r\ncookie: {cookie}\r\n\r\n");
    client.write_all(request.as_bytes()).await.unwrap();
    gate.wait().await;
    drop(client);
    gate.wait().await;
    gate.wait().await;
    let (_, mut stream) = ask(addr, &format!("GET /n HTTP/1.1\r\ncookie: {cookie}")).await;
    assert_eq!(stream.read_u8().await.unwrap(), b'2');
}
