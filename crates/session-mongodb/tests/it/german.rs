//! A collection with a collation, as `mongod` tells of it: SecantusDB keeps the collation and leaves
//! it out of the index on `_id`, where `mongod` repeats it.

use crate::common::Place;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::Collation;
use session_testkit::server;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::{TcpListener, TcpStream};

/// Makes the collection of `place`.
pub(crate) async fn make(place: &Place) {
    let database = place.client().await.database("session_tests");
    let german = Collation::builder().locale("de").build();
    database.create_collection(&place.name).collation(german).await.unwrap();
}

/// The same place behind a proxy that adds the collation to each answer about an index on `_id`.
pub(crate) async fn told(place: &Place) -> Place {
    let server = server::socket_addr(&place.url, None).unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, server));
        }
    });
    Place { name: place.name.clone(), url: server::redirect(&place.url, addr) }
}

async fn serve(client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(server).await?;
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let answers = async {
        loop {
            let length = from_server.read_u32_le().await?;
            let mut message = length.to_le_bytes().to_vec();
            message.resize(length as usize, 0);
            from_server.read_exact(&mut message[4..]).await?;
            to_client.write_all(&dressed(message)).await?;
        }
    };
    tokio::select! {
        done = copy(&mut from_client, &mut to_server) => done.map(drop),
        done = answers => done,
    }
}

/// An OP_MSG: a header of 16 bytes with the length in front, 4 of flags, a 0, a document.
fn dressed(mut message: Vec<u8>) -> Vec<u8> {
    const BODY: usize = 16 + 4 + 1;
    if !message.windows(5).any(|window| window == b"_id_\0") {
        return message;
    }
    let Ok(mut answer) = Document::from_reader(&message[BODY..]) else { return message };
    let Ok(cursor) = answer.get_document_mut("cursor") else { return message };
    for index in cursor.get_array_mut("firstBatch").unwrap() {
        let Bson::Document(index) = index else { continue };
        if index.get_str("name") == Ok("_id_") {
            index.insert("collation", doc! { "locale": "de", "strength": 3 });
        }
    }
    message.truncate(BODY);
    answer.to_writer(&mut message).unwrap();
    let length = u32::try_from(message.len()).unwrap().to_le_bytes();
    message[..4].copy_from_slice(&length);
    message
}
