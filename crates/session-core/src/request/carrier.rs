//! What carries the id between a client and the application: a cookie, or a header field.

use crate::config::{Config, Transport};
use crate::cookie::{
    self, CookieWriter, Fields, Head, keep_from_shared_caches, vary_by, vary_by_configured,
};
use crate::signer::{BoundSigner, Signer};
use bytes::Bytes;
use std::fmt;
use std::time::Duration;

/// Where ids are read, and how a response says one.
pub(crate) enum Carrier {
    Cookie(Cookies),
    Header(HeaderField),
}

/// The cookie of the present name, and of the one before.
pub(crate) struct Cookies {
    name: Box<str>,
    writer: CookieWriter,
    pub(crate) former: Option<Box<Former>>,
}

/// The name that the cookie had before.
pub(crate) struct Former {
    pub(crate) name: Box<str>,
    pub(crate) signer: Option<BoundSigner>,
    writer: CookieWriter,
}

/// A field whose whole value is the id; empty, it takes the id from the client.
pub(crate) struct HeaderField {
    /// In lower case: clients may write it as they like.
    name: Box<str>,
    /// As it is configured, for `Vary`.
    shown: Bytes,
    value_len: usize,
}

impl Carrier {
    /// For values of `value_len` bytes; `signer` is the one of a former cookie, too.
    pub(crate) fn new(config: &Config, signer: Option<&Signer>, value_len: usize) -> Self {
        match config.transport() {
            Transport::Cookie => Self::Cookie(Cookies {
                name: config.cookie().name.as_str().into(),
                writer: CookieWriter::new(config.cookie()).for_values_of(value_len),
                former: config.cookie_name_fallback().map(|name| {
                    Box::new(Former {
                        name: name.into(),
                        signer: signer.map(|signer| signer.bind(name)),
                        writer: CookieWriter::new(&config.cookie().under(name)),
                    })
                }),
            }),
            Transport::Header => Self::Header(HeaderField {
                name: name_of(config).into(),
                shown: Bytes::copy_from_slice(config.header_name().as_bytes()),
                value_len,
            }),
        }
    }

    /// The fields of a request that hold ids.
    #[inline(always)]
    pub(crate) fn values<'r>(&self, request: &'r impl Fields) -> impl Iterator<Item = &'r [u8]> {
        // A name that is known before the program runs is not read letter by letter.
        match self {
            Self::Cookie(_) => request.values("cookie"),
            Self::Header(field) => request.values(&field.name),
        }
    }

    /// The cookie that is read where there is none of the present name.
    pub(crate) fn former(&self) -> Option<&Former> {
        if let Self::Cookie(cookies) = self { cookies.former.as_deref() } else { None }
    }

    /// The value of the response's field that gives the client an id, which `write_id` appends.
    pub(crate) fn set(
        &self,
        max_age: Option<Duration>,
        write_id: impl FnOnce(&mut String),
    ) -> String {
        match self {
            Self::Cookie(cookies) => cookies.writer.set(max_age, write_id),
            Self::Header(field) => {
                let mut value = String::with_capacity(field.value_len);
                write_id(&mut value);
                value
            }
        }
    }

    /// The value of the response's field that takes the id from the client.
    pub(crate) fn removal(&self) -> String {
        match self {
            Self::Cookie(cookies) => cookies.writer.removal(),
            Self::Header(_) => String::new(),
        }
    }

    /// Says in a response that it depends on the id, and the `value` that the client is to have; with
    /// `removes_former`, that a former cookie is to go.
    #[inline]
    pub(crate) fn say(&self, head: &mut impl Head, value: Option<&str>, removes_former: bool) {
        match self {
            Self::Cookie(cookies) => {
                vary_by(head, "Cookie");
                let Some(value) = value else { return };
                if removes_former && let Some(former) = &cookies.former {
                    head.add_secret("set-cookie", former.writer.removal().into());
                }
                head.add_secret("set-cookie", Bytes::copy_from_slice(value.as_bytes()));
            }
            Self::Header(field) => {
                vary_by_configured(head, &field.shown);
                let Some(value) = value else { return };
                // Two values would be none to a client.
                head.remove(|name| name == &*field.name);
                head.add_secret(&field.name, Bytes::copy_from_slice(value.as_bytes()));
            }
        }
        keep_from_shared_caches(head);
    }
}

impl Cookies {
    /// The values of the cookie of the present name in one `Cookie` field.
    #[inline]
    pub(crate) fn values<'h>(&self, field: &'h [u8]) -> impl Iterator<Item = &'h [u8]> {
        cookie::values(field, self.name.as_bytes())
    }
}

/// What a signature is bound to, the name of the cookie or of the field; fields are called alike
/// whatever their case.
pub(crate) fn name_of(config: &Config) -> String {
    match config.transport() {
        Transport::Cookie => config.cookie().name.clone(),
        Transport::Header => config.header_name().to_ascii_lowercase(),
    }
}

/// As a message names it.
pub(crate) struct Named<'a>(pub(crate) &'a Config);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.transport() {
            Transport::Cookie => write!(f, "the cookie {}", self.0.cookie().name),
            Transport::Header => write!(f, "the header field {}", self.0.header_name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, ConfigBuilder, Transport};
    use crate::manager::SessionManager;
    use crate::signer::Signer;
    use crate::store::{MemoryStore, Store};
    use std::sync::Arc;

    fn header(name: &str) -> ConfigBuilder {
        Config::builder().transport(Transport::Header).header_name(name)
    }

    fn signed(store: &Arc<dyn Store>, config: ConfigBuilder) -> SessionManager {
        let signer = Signer::new("a secret of at least thirty-two bytes").unwrap();
        let config = config.use_signer(true).build().unwrap();
        SessionManager::new(Arc::clone(store), config, signer).unwrap()
    }

    #[tokio::test]
    async fn signature_is_bound_to_the_name_of_the_field_in_any_case() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let exchange = signed(&store, header("X-Shop")).open();
        exchange.session([]).await.unwrap().insert("a", 1).unwrap();
        let commit = exchange.commit().await.unwrap();
        let id = commit.id_field().unwrap();
        let cookie = format!("session={id}");
        for (config, value, is_new) in [
            (header("X-Shop"), id, false),
            (header("x-shop"), id, false),
            (header("X-Shop"), id.split('.').next().unwrap(), true),
            (header("X-Other"), id, true),
            (Config::builder(), &cookie, true),
        ] {
            let shown = format!("{config:?}");
            let exchange = signed(&store, config).open();
            let session = exchange.session([value.as_bytes()]).await.unwrap();
            assert_eq!(session.is_new(), is_new, "{shown}");
        }
    }

    #[test]
    fn unsigned_ids_of_a_cookie_and_of_a_field_need_a_prefix_each() {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        let build = |config: ConfigBuilder| {
            SessionManager::new(Arc::clone(&store), config.build().unwrap(), None)
        };
        let _site = build(Config::builder().cookie_name("x-auth-token")).unwrap();
        let error = build(header("X-Auth-Token")).unwrap_err().to_string();
        let names = "the cookie x-auth-token and the header field X-Auth-Token";
        assert!(error.contains(names), "{error}");
        build(header("X-Auth-Token").key_prefix("api:")).unwrap();
    }
}
