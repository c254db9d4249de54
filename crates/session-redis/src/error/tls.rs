//! Why TLS was not agreed on.

use redis::RedisError;
use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
use session_core::ErrorKind::Unavailable;
use session_core::store::Failure::{self, Final};
use std::error::Error;
use std::io;
use std::sync::Arc;

/// What one side has against the other's certificate.
pub(super) fn failure(cause: &RedisError) -> Option<Failure> {
    let cause = cause.source()?.downcast_ref::<Arc<dyn Error + Send + Sync>>()?;
    let cause = cause.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref::<rustls::Error>()?;
    Some(Final(
        Unavailable,
        match cause {
            rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
                "the certificate of the server does not name the host of the url"
            }
            rustls::Error::InvalidCertificate(_) => {
                "the certificate of the server is not trusted; \
                 ssl_ca_certs=/path/to.pem in the url names the authority that it is of"
            }
            rustls::Error::AlertReceived(_) => {
                "the server refuses to agree on TLS; if it wants to see a certificate, \
                 ssl_certfile and ssl_keyfile in the url name it"
            }
            _ => return None,
        },
    ))
}
