//! The sessions of one application: its store, and the settings they are read by.

use crate::failure::Failure;
use serde::Serialize;
use std::fmt::{self, Display};
use std::time::Duration;
use web_session::config::Settings;
use web_session::store::{Scan, Scanner};
use web_session::{Config, SessionManager, Store};

/// The longest that a manager lets calls take: ending the sessions of an owner is one.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A store that is open, and how its records are read.
pub(crate) struct Site {
    pub(crate) manager: SessionManager,
    pub(crate) name: Name,
}

/// Which store it is, as an operator may read it.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Name {
    /// As `SESSION_TYPE` spells it.
    pub(crate) store: String,
    pub(crate) address: Option<String>,
    pub(crate) prefix: String,
}

impl Site {
    /// Opens what is there, and makes nothing.
    pub(crate) async fn open(settings: &Settings) -> Result<Self, Failure> {
        let config = config(settings)?;
        let store = web_session::connect_as_it_is(settings).await?;
        let store_name = store.capabilities().name;
        if matches!(store_name, "null" | "memory") {
            return Err(Failure::Usage(format!(
                "SESSION_TYPE={store_name} keeps no session that another process could see: say \
                 --store URL or --env-file FILE"
            )));
        }
        let name = Name {
            store: store_name.to_owned(),
            address: addresses(settings)?,
            prefix: config.key_prefix().to_owned(),
        };
        Ok(Self { manager: SessionManager::new(store, config, None)?, name })
    }

    pub(crate) fn store(&self) -> &dyn Store {
        self.manager.store().as_ref()
    }

    /// All pages of what lives here.
    pub(crate) fn scanner(&self) -> Scanner<'_> {
        Scanner::new(self.store(), &self.name.prefix)
    }

    pub(crate) fn has_owner_index(&self) -> bool {
        self.manager.owners().has_index()
    }

    /// Whether a page may name a session that an earlier one has named.
    pub(crate) fn may_repeat(&self) -> bool {
        self.store().capabilities().scan == Scan::MayRepeat
    }
}

/// Where its sessions are: in two stores while they move.
fn addresses(settings: &Settings) -> Result<Option<String>, Failure> {
    let mut addresses = Vec::new();
    for store in web_session::each_store(settings)? {
        addresses.extend(web_session::address(&store)?);
    }
    Ok((!addresses.is_empty()).then(|| addresses.join(" and ")))
}

/// What the application configures, but for signatures: nobody comes with a cookie here.
fn config(settings: &Settings) -> Result<Config, Failure> {
    let builder = Config::builder().settings(settings)?;
    Ok(builder.use_signer(false).timeout(TIMEOUT).build()?)
}

impl Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.store)?;
        if let Some(address) = &self.address {
            write!(f, " at {address}")?;
        }
        match &*self.prefix {
            "" => f.write_str(", keys without a prefix"),
            prefix => write!(f, ", keys {prefix}*"),
        }
    }
}
