//! How long a session lives, and when its lease is renewed.

use super::State;
use crate::config::{Config, MAX_LIFETIME};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{CREATED, END, LIFETIME, PERMANENT};
use crate::store::unix_time;
use session_codec::{self as codec, Timestamp};
use std::time::Duration;

/// The lease of a record at one moment.
pub(crate) struct Term {
    /// What a renewed one would be; `None` once the session is over.
    pub(crate) full: Option<Duration>,
    /// What is left of the one that the store reported.
    pub(crate) remaining: Duration,
    /// Whether it is to be renewed.
    pub(crate) is_due: bool,
}

impl State {
    /// Notes when the session began, since 1970.
    pub(crate) fn stamp_at(&mut self, time: Duration) -> Result<()> {
        self.set_reserved(CREATED, &time.as_secs_f64())
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

    /// Fixes when the session ends.
    ///
    /// # Errors
    ///
    /// `Unsupported` if that is in the past.
    pub(crate) fn set_end(&mut self, end: Timestamp) -> Result<()> {
        if since_1970(end) <= unix_time() {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "let a session end in the past: to end it now, flush it",
            ));
        }
        self.set_reserved(END, &end)
    }

    /// When the session ends, if that is fixed.
    pub(crate) fn end_at(&self) -> Option<Timestamp> {
        self.data.get(END).ok()?
    }

    /// How long the record may live from now: until its fixed end, or for the idle lifetime, and no
    /// longer than the absolute one leaves.
    ///
    /// `None` once one of these is over.
    pub(crate) fn full_lease(&self, config: &Config) -> Option<Duration> {
        self.lease_until(self.end_at(), config)
    }

    fn lease_until(&self, end: Option<Timestamp>, config: &Config) -> Option<Duration> {
        let lifetime = match end {
            Some(end) => left(since_1970(end), unix_time())?.min(MAX_LIFETIME),
            None => self.lifetime(config),
        };
        let Some(absolute) = config.absolute_lifetime() else { return Some(lifetime) };
        let now = unix_time();
        let created = self.created().unwrap_or(now);
        absolute_left(absolute, created, now).map(|left| lifetime.min(left))
    }

    /// Whether the fixed end or the absolute lifetime is over.
    pub(crate) fn is_over(&self, config: &Config) -> bool {
        let may_be = config.absolute_lifetime().is_some() || self.data.peek(END).is_some();
        may_be && self.full_lease(config).is_none()
    }

    /// When the session began, since 1970.
    pub(crate) fn created(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.data.get(CREATED).ok()??).ok()
    }

    /// The lease of the record at this moment.
    pub(crate) fn term(&self, config: &Config, is_modified: bool) -> Term {
        let end = self.end_at();
        let (full, remaining) = (self.lease_until(end, config), self.remaining());
        let is_due = end.is_none()
            && full.is_some_and(|full| self.is_due(full, remaining, config, is_modified));
        Term { full, remaining, is_due }
    }

    /// Whether a lease is due for renewal: at most once per throttle, early enough on short ones.
    ///
    /// Never where no response can renew the browser's copy with it.
    fn is_due(
        &self,
        full: Duration,
        remaining: Duration,
        config: &Config,
        is_modified: bool,
    ) -> bool {
        let throttle = config.refresh_after().min(full / 10);
        self.is_renewal_asked
            || (config.refresh_each_request() || is_modified)
                && !(self.is_detached && self.is_permanent(config))
                && remaining <= full - throttle
    }

    /// The lease shape itself was changed by this request.
    pub(crate) fn is_lease_changed(&self) -> bool {
        [PERMANENT, LIFETIME, END].iter().any(|key| self.data.is_changed(key))
    }
}

fn since_1970(instant: Timestamp) -> Duration {
    u64::try_from(instant.secs())
        .map_or(Duration::ZERO, |secs| Duration::new(secs, instant.nanos()))
}

/// What is left of an absolute lifetime; `None` once it is over.
pub(super) fn absolute_left(
    absolute: Duration,
    created: Duration,
    now: Duration,
) -> Option<Duration> {
    // The session may be of a machine whose clock is ahead.
    left(created.saturating_add(absolute), now).map(|left| left.min(absolute))
}

/// From `now` to `end`; `None` once it is over. Both times are since 1970, and not cut to whole
/// seconds, which would end a session up to one early.
fn left(end: Duration, now: Duration) -> Option<Duration> {
    end.checked_sub(now).filter(|left| !left.is_zero())
}
