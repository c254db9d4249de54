//! TLS, with a certificate of a private authority.

use crate::common::{Server, admin, create, key};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use session_core::{ErrorKind, Store};
use session_redis::RedisStore;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use tempfile::TempDir;

/// A server that also has a port for TLS, and what is needed to reach it.
struct Tls {
    server: Server,
    port: u16,
    /// `ca.pem` of the authority, `own.pem` and `own.key` of the server.
    dir: TempDir,
}

impl Tls {
    /// The server wants a certificate of its clients, too, if `asks_clients`.
    async fn start(asks_clients: &str) -> Self {
        let server = Server::start().await;
        let dir = tempfile::tempdir().unwrap();
        issue(&dir);
        let mut admin = admin(&server.url()).await;
        let mut attempts = 0..4;
        let port = loop {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let mut config = redis::cmd("CONFIG");
            config.arg("SET").arg("tls-auth-clients").arg(asks_clients).arg("tls-port").arg(port);
            for (setting, file) in [
                ("tls-cert-file", "own.pem"),
                ("tls-key-file", "own.key"),
                ("tls-ca-cert-file", "ca.pem"),
            ] {
                config.arg(setting).arg(dir.path().join(file).to_str().unwrap());
            }
            match config.query_async::<()>(&mut admin).await {
                Ok(()) => break port,
                // Someone else may have been given the port.
                Err(error) => assert!(attempts.next().is_some(), "{error}"),
            }
        };
        Self { server, port, dir }
    }

    /// `DIR` in the query is where the certificates are.
    fn url(&self, query: &str) -> String {
        let query = query.replace("DIR", self.dir.path().to_str().unwrap());
        format!("rediss://127.0.0.1:{}/1{query}", self.port)
    }
}

fn issue(dir: &TempDir) {
    let mut authority = CertificateParams::default();
    // Else it has the name of what it issues.
    authority.distinguished_name.push(DnType::CommonName, "a private authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let own = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = own.signed_by(&key, &authority).unwrap();
    for (file, text) in
        [("ca.pem", authority.pem()), ("own.pem", own.pem()), ("own.key", key.serialize_pem())]
    {
        fs::write(dir.path().join(file), text).unwrap();
    }
}

#[tokio::test]
async fn private_authority_is_trusted_if_the_url_names_it() {
    let tls = Tls::start("no").await;
    let store = RedisStore::connect(tls.url("?ssl_ca_certs=DIR/ca.pem")).await.unwrap();
    create(&store, &key("tls"), "x").await;
    let url = format!("{}/1", tls.server.url());
    let plain = RedisStore::connect(url).await.unwrap();
    assert_eq!(plain.load(&key("tls")).await.unwrap().unwrap().payload, "x");

    let error = RedisStore::connect(tls.url("")).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Unavailable, false), "{error:?}");
    assert!(error.to_string().contains("ssl_ca_certs"), "{error:?}");
}

#[tokio::test]
async fn client_shows_the_certificate_that_the_url_names() {
    let tls = Tls::start("yes").await;
    let own = "?ssl_ca_certs=DIR/ca.pem&ssl_certfile=DIR/own.pem&ssl_keyfile=DIR/own.key";
    let store = RedisStore::connect(tls.url(own)).await.unwrap();
    create(&store, &key("tls"), "x").await;
    let error = RedisStore::connect(tls.url("?ssl_ca_certs=DIR/ca.pem")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error:?}");
    assert!(error.to_string().contains("ssl_certfile"), "{error:?}");
}
