//! A server over a memory store: frames of length-prefixed fields, one reply per request.

use session_core::{Bytes, Lease, MemoryStore, Outcome, Precondition, Record, Store, StoreKey};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

pub(crate) async fn start(records: Arc<MemoryStore>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, records.clone()));
        }
    });
    addr
}

async fn serve(mut stream: TcpStream, records: Arc<MemoryStore>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let request = read_frame(&mut stream).await?;
        let reply = answer(&records, &request).await;
        write_frame(&mut stream, &reply).await?;
    }
}

async fn answer(records: &MemoryStore, request: &[Bytes]) -> Vec<Bytes> {
    let [call, key, ttl, payload, expected] = request else { return Vec::new() };
    let key = StoreKey::new("", std::str::from_utf8(key).unwrap());
    let lease = Lease { ttl: millis(ttl), owner: None };
    let loaded = Record { payload: expected.clone(), cas: 0, ttl: Duration::ZERO };
    let payload = payload.clone();
    let outcome = match &call[..] {
        b"load" => {
            let found = records.load(&key).await.unwrap();
            let fields = |r: Record| vec![r.payload, r.ttl.as_millis().to_string().into()];
            return found.map_or_else(Vec::new, fields);
        }
        b"create" => records.write(&key, payload, &lease, Precondition::Absent).await,
        b"update" => records.write(&key, payload, &lease, Precondition::Unchanged(&loaded)).await,
        b"touch" => records.touch(&key, &lease, &loaded).await,
        b"delete" => return word(records.delete(&key, None, None).await.unwrap()),
        _ => return word(records.delete(&key, None, Some(&loaded)).await.unwrap()),
    };
    word(outcome.unwrap() != Outcome::Refused)
}

fn word(applied: bool) -> Vec<Bytes> {
    vec![Bytes::from_static(if applied { b"yes" } else { b"no" })]
}

fn millis(field: &[u8]) -> Duration {
    Duration::from_millis(std::str::from_utf8(field).unwrap().parse().unwrap())
}

pub(crate) async fn read_frame(stream: &mut TcpStream) -> io::Result<Vec<Bytes>> {
    let count = stream.read_u8().await?;
    let mut fields = Vec::new();
    for _ in 0..count {
        let mut field = vec![0; stream.read_u32().await? as usize];
        stream.read_exact(&mut field).await?;
        fields.push(field.into());
    }
    Ok(fields)
}

pub(crate) async fn write_frame(stream: &mut TcpStream, fields: &[Bytes]) -> io::Result<()> {
    let mut frame = vec![fields.len() as u8];
    for field in fields {
        frame.extend((field.len() as u32).to_be_bytes());
        frame.extend(&field[..]);
    }
    stream.write_all(&frame).await
}
