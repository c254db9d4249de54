//! How long a session lives, and when its lease is renewed.

use super::State;
use crate::config::{Config, MAX_LIFETIME};
use crate::error::Result;
use crate::key::{CREATED, LIFETIME, PERMANENT};
use crate::store::unix_time;
use session_codec as codec;
use std::time::Duration;

impl State {
    /// Notes when the session began, for an absolute lifetime.
    pub(crate) fn stamp(&mut self) -> Result<()> {
        self.set_reserved(CREATED, &unix_time().as_secs_f64())
    }

    pub(crate) fn is_permanent(&self, config: &Config) -> bool {
        match self.data.peek(PERMANENT) {
            Some((value, format)) => codec::as_bool(value, format).unwrap_or(false),
            // A stored record without the entry is a browser session, as in Flask.
            None => self.data.is_untouched() && config.permanent(),
        }
    }

    /// The idle lifetime: the session's own, or the configured one.
    pub(crate) fn lifetime(&self, config: &Config) -> Duration {
        let own = self.data.peek(LIFETIME).and_then(|(value, format)| codec::as_u64(value, format));
        own.filter(|&seconds| seconds > 0)
            .map_or(config.lifetime(), |seconds| Duration::from_secs(seconds).min(MAX_LIFETIME))
    }

    /// What is left of the lease that the store reported.
    pub(crate) fn remaining(&self) -> Duration {
        self.data.base().ttl.saturating_sub(self.loaded_at.elapsed())
    }

    /// How long the record may live from now: the idle lifetime, or what the absolute one leaves.
    ///
    /// `None` once the absolute lifetime is over.
    pub(crate) fn full_lease(&self, config: &Config) -> Option<Duration> {
        let lifetime = self.lifetime(config);
        let Some(absolute) = config.absolute_lifetime() else { return Some(lifetime) };
        let now = unix_time();
        let created = self.created().unwrap_or(now);
        absolute_left(absolute, created, now).map(|left| lifetime.min(left))
    }

    /// When the session began, since 1970.
    pub(crate) fn created(&self) -> Option<Duration> {
        let (value, format) = self.data.peek(CREATED)?;
        Duration::try_from_secs_f64(codec::decode(value, format).ok()?).ok()
    }

    /// Whether the lease is due for renewal: at most once per throttle, early enough on short ones.
    ///
    /// Never where no response can renew the browser's copy with it.
    pub(crate) fn is_renewal_due(&self, config: &Config, is_modified: bool) -> bool {
        if !(config.refresh_each_request() || is_modified)
            || self.is_detached && self.is_permanent(config)
        {
            return false;
        }
        let Some(full) = self.full_lease(config) else { return false };
        let throttle = config.refresh_after().min(full / 10);
        self.remaining() <= full - throttle
    }

    /// The lease shape itself was changed by this request.
    pub(crate) fn is_lease_changed(&self) -> bool {
        self.data.is_changed(PERMANENT) || self.data.is_changed(LIFETIME)
    }
}

/// What is left of an absolute lifetime; `None` once it is over. Both times are since 1970, and not
/// cut to whole seconds, which would end it up to one early.
pub(super) fn absolute_left(
    absolute: Duration,
    created: Duration,
    now: Duration,
) -> Option<Duration> {
    let left = created.saturating_add(absolute).checked_sub(now)?;
    // The session may be of a machine whose clock is ahead.
    (!left.is_zero()).then(|| left.min(absolute))
}
