//! What a configuration must be free of before anything uses it.

use super::{Config, Transport};
use crate::cookie::is_token;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{FLASHES, is_reserved};
use session_codec::DEPTH_CEILING;
use std::time::Duration;

/// With the longest id it stays under the 250 bytes of a Memcached key.
const MAX_PREFIX: usize = 128;
/// Longer than any lease a store can hold, and short of where times overflow.
pub(crate) const MAX_LIFETIME: Duration = Duration::from_secs(36_500 * 24 * 3600);
/// Beyond it somebody wrote milliseconds.
const MAX_TIMEOUT: Duration = Duration::from_secs(300);
/// Positions within a payload are kept in 32 bits.
const MAX_PAYLOAD: usize = 1 << 30;
const MAX_OWNER_KEY: usize = 255;

/// Refuses values out of range and settings that contradict each other.
pub(super) fn check(config: &Config) -> Result<()> {
    check_cookie(config)?;
    check_names(config)?;
    check_times(config)?;
    check_owners(config)?;
    ensure(
        (16..=64).contains(&config.id_length),
        "SESSION_ID_LENGTH must be 16 to 64: the random bytes of an id, not its characters",
    )?;
    ensure(
        (1..=MAX_PAYLOAD).contains(&config.max_payload),
        "SESSION_MAX_PAYLOAD must be 1 to 1073741824 bytes",
    )?;
    ensure(
        (1..=DEPTH_CEILING).contains(&config.max_depth),
        "SESSION_MAX_DEPTH must be 1 to 128 levels",
    )
}

fn check_names(config: &Config) -> Result<()> {
    ensure(
        config.key_prefix.bytes().all(|byte| byte.is_ascii_graphic()),
        "SESSION_KEY_PREFIX must be printable ASCII without spaces: Memcached takes nothing else",
    )?;
    ensure(
        config.key_prefix.len() <= MAX_PREFIX,
        "SESSION_KEY_PREFIX must be 128 characters or fewer",
    )?;
    ensure(
        (1..=MAX_OWNER_KEY).contains(&config.owner_key.len()),
        "SESSION_OWNER_KEY must be 1 to 255 bytes",
    )?;
    ensure(
        !is_reserved(&config.owner_key) && config.owner_key != FLASHES,
        "SESSION_OWNER_KEY must not be one of the reserved keys _permanent, _flashes, _created \
         and _lifetime",
    )
}

/// A cookie that is never set breaks no rule.
fn check_cookie(config: &Config) -> Result<()> {
    if config.transport == Transport::Header {
        return Ok(());
    }
    config.cookie.validate()?;
    let Some(name) = &config.cookie_name_fallback else { return Ok(()) };
    ensure(
        is_token(name) && *name != config.cookie.name,
        "SESSION_COOKIE_NAME_FALLBACK must be a name of a cookie, and another one than \
         SESSION_COOKIE_NAME",
    )
}

fn check_owners(config: &Config) -> Result<()> {
    let Some(max) = config.max_per_owner else { return Ok(()) };
    ensure(max >= 1, "SESSION_MAX_PER_OWNER must be at least 1: leave it out for no limit")?;
    ensure(
        config.owner_index,
        "SESSION_MAX_PER_OWNER needs SESSION_OWNER_INDEX=true: the index tells which sessions an \
         owner has",
    )
}

fn check_times(config: &Config) -> Result<()> {
    ensure(
        (Duration::from_secs(1)..=MAX_LIFETIME).contains(&config.lifetime),
        "PERMANENT_SESSION_LIFETIME must be 1 second to 36500 days",
    )?;
    if let Some(absolute) = config.absolute_lifetime {
        ensure(
            absolute >= config.lifetime,
            "SESSION_ABSOLUTE_LIFETIME must not be less than PERMANENT_SESSION_LIFETIME, the \
             lifetime without use: no session could live that long",
        )?;
        ensure(absolute <= MAX_LIFETIME, "SESSION_ABSOLUTE_LIFETIME must be at most 36500 days")?;
    }
    if let Some(interval) = config.cleanup_interval {
        ensure(
            (Duration::from_secs(1)..=MAX_LIFETIME).contains(&interval),
            "SESSION_CLEANUP_INTERVAL must be 1 second to 36500 days",
        )?;
    }
    ensure(
        !config.timeout.is_zero() && config.timeout <= MAX_TIMEOUT,
        "SESSION_TIMEOUT must be over 0 and at most 300 seconds",
    )
}

fn ensure(holds: bool, otherwise: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::new(ErrorKind::Config, otherwise)) }
}
