//! What TLS trusts, and what it shows.

use super::config;
use redis::ConnectionInfo;
use session_core::Result;

/// rustls panics when a build holds two cryptography providers and the process chose none.
#[cfg(feature = "rustls")]
pub(super) fn secure() -> Result<()> {
    use rustls::crypto::{CryptoProvider, ring};
    if CryptoProvider::get_default().is_none() {
        // Refused only if another thread has just chosen one, which serves as well.
        let _ = ring::default_provider().install_default();
    }
    Ok(())
}

#[cfg(not(feature = "rustls"))]
pub(super) fn secure() -> Result<()> {
    Err(left_out())
}

#[cfg(not(feature = "rustls"))]
fn left_out() -> session_core::Error {
    config("TLS needs the feature `rustls` of session-redis, `redis-rustls` of web-session")
}

/// Has the connection trust the certificates in the file `authority` and no others, and show the
/// one in `certificate`; each may be left out.
pub(super) fn certify(
    info: ConnectionInfo,
    authority: Option<&str>,
    certificate: Option<&str>,
    key: Option<&str>,
) -> Result<ConnectionInfo> {
    if authority.or(certificate).or(key).is_none() {
        return Ok(info);
    }
    if certificate.is_some() != key.is_some() {
        return Err(config("the url has one of ssl_certfile and ssl_keyfile; it takes both"));
    }
    certified(info, authority, certificate.zip(key))
}

#[cfg(feature = "rustls")]
fn certified(
    info: ConnectionInfo,
    authority: Option<&str>,
    own: Option<(&str, &str)>,
) -> Result<ConnectionInfo> {
    use redis::{Client, ClientTlsConfig, ConnectionAddr, TlsCertificates};
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Err(config("the url has certificates and no TLS; rediss:// is TLS"));
    }
    let read = |name: &str, path: &str, label: &str| {
        let pem = std::fs::read(path).map_err(|cause| {
            config(&format!("{name} of the url, {path}, cannot be read: {cause}"))
        })?;
        if pem.windows(label.len()).any(|part| part == label.as_bytes()) {
            Ok(pem)
        } else {
            Err(config(&format!("{name} of the url, {path}, holds no {label} in PEM")))
        }
    };
    let root_cert = authority.map(|path| read("ssl_ca_certs", path, "CERTIFICATE")).transpose()?;
    let client_tls = match own {
        Some((certificate, key)) => Some(ClientTlsConfig {
            client_cert: read("ssl_certfile", certificate, "CERTIFICATE")?,
            client_key: read("ssl_keyfile", key, "PRIVATE KEY")?,
        }),
        None => None,
    };
    let certificates = TlsCertificates { client_tls, root_cert };
    let client = Client::build_with_tls(info, certificates)
        .map_err(|_| config("the certificates that the url names are malformed"))?;
    Ok(client.get_connection_info().clone())
}

#[cfg(not(feature = "rustls"))]
fn certified(
    _: ConnectionInfo,
    _: Option<&str>,
    _: Option<(&str, &str)>,
) -> Result<ConnectionInfo> {
    Err(left_out())
}
