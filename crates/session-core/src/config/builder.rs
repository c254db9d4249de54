//! Settings from code: a method for each that is part of a configuration, checked at the end.

use super::core_keys::FORMATS;
use super::transport::{self, COOKIE_KEYS, TRANSPORTS};
use super::{Config, OnConflict, Rollout, Settings, Transport, Undecodable, check};
use crate::cookie::{CookieAttributes, SameSite};
use crate::error::{Error, Result};
use crate::id::IdSyntax;
use session_codec::Format;
use std::num::NonZeroU32;
use std::time::Duration;

/// What the settings start from.
#[derive(Clone, Copy, Debug)]
enum Profile {
    Flask,
    Hardened,
}

/// Collects settings and checks them together in [`build`](Self::build).
///
/// The defaults are those of [`Config`].
#[derive(Clone, Debug, Default)]
#[must_use = "settings take effect when they are built"]
pub struct ConfigBuilder {
    draft: Config,
    /// One of the settings of cookies that was set, which a header has no use for.
    cookie_key: Option<&'static str>,
}

impl ConfigBuilder {
    pub(super) fn hardened() -> Self {
        Self::default().profile(Profile::Hardened)
    }

    /// Sets the five settings in which the profiles differ.
    fn profile(mut self, profile: Profile) -> Self {
        let flask = Config::default();
        let draft = &mut self.draft;
        let cookie = &mut draft.cookie;
        match profile {
            Profile::Flask => {
                cookie.name = flask.cookie.name;
                cookie.secure = flask.cookie.secure;
                cookie.same_site = flask.cookie.same_site;
                draft.hash_ids = flask.hash_ids;
                draft.use_signer = flask.use_signer;
            }
            Profile::Hardened => {
                "__Host-session".clone_into(&mut cookie.name);
                cookie.secure = true;
                cookie.same_site = Some(SameSite::Lax);
                draft.hash_ids = Rollout::On;
                draft.use_signer = Rollout::On;
            }
        }
        self
    }

    /// What `key`, a setting that only a cookie has a use for, changes.
    fn cookie(&mut self, key: &'static str) -> &mut CookieAttributes {
        self.cookie_key = Some(key);
        &mut self.draft.cookie
    }

    /// Checks the settings, each by itself and all together.
    ///
    /// # Errors
    ///
    /// `Config` if a value is out of range or contradicts another; it names the key as
    /// [`CORE_KEYS`](super::CORE_KEYS) does, and says what to change.
    pub fn build(self) -> Result<Config> {
        transport::check(&self.draft, self.cookie_key)?;
        check::check(&self.draft)?;
        Ok(self.draft)
    }

    /// Puts what `settings` holds over what was set so far; keys it does not hold change nothing. The
    /// five settings of `SESSION_PROFILE` come first, so that each of them can be set besides.
    ///
    /// # Errors
    ///
    /// `Config` if a value is malformed; it names the key and never repeats the value.
    ///
    /// # Examples
    ///
    /// ```
    /// # use session_core as web_session;
    /// use web_session::Config;
    /// use web_session::config::Settings;
    ///
    /// let settings: Settings = [("SESSION_COOKIE_SAMESITE", "Strict")].into_iter().collect();
    /// let config = Config::hardened().settings(&settings)?.build()?;
    /// assert_eq!(config.cookie().name, "__Host-session");
    /// # Ok::<(), session_core::Error>(())
    /// ```
    pub fn settings(mut self, settings: &Settings) -> Result<Self> {
        if let Some(profile) = settings.choice("SESSION_PROFILE", PROFILES)? {
            self = self.profile(profile);
        }
        let cookie_key = COOKIE_KEYS.iter().copied().find(|key| settings.contains(key));
        put_some(&mut self.cookie_key, cookie_key);
        let draft = &mut self.draft;
        put(&mut draft.transport, settings.choice("SESSION_TRANSPORT", TRANSPORTS)?);
        put_text(&mut draft.header_name, settings.text("SESSION_HEADER_NAME")?);
        let cookie = &mut draft.cookie;
        put_text(&mut cookie.name, settings.text("SESSION_COOKIE_NAME")?);
        let fallback = settings.text("SESSION_COOKIE_NAME_FALLBACK")?.map(str::to_owned);
        put_some(&mut draft.cookie_name_fallback, fallback);
        put_some(&mut cookie.domain, settings.text("SESSION_COOKIE_DOMAIN")?.map(str::to_owned));
        put_text(&mut cookie.path, settings.text("APPLICATION_ROOT")?);
        put_text(&mut cookie.path, settings.text("SESSION_COOKIE_PATH")?);
        put(&mut cookie.http_only, settings.flag("SESSION_COOKIE_HTTPONLY")?);
        put(&mut cookie.secure, settings.flag("SESSION_COOKIE_SECURE")?);
        put_some(&mut cookie.same_site, settings.choice("SESSION_COOKIE_SAMESITE", SAME_SITE)?);
        put(&mut cookie.partitioned, settings.flag("SESSION_COOKIE_PARTITIONED")?);

        put(&mut draft.permanent, settings.flag("SESSION_PERMANENT")?);
        put(&mut draft.use_signer, settings.rollout("SESSION_USE_SIGNER")?);
        put_text(&mut draft.key_prefix, settings.text_or_empty("SESSION_KEY_PREFIX")?);
        put(&mut draft.id_length, settings.number("SESSION_ID_LENGTH")?);
        put(&mut draft.format, format_of(settings)?);
        put(&mut draft.lifetime, settings.seconds("PERMANENT_SESSION_LIFETIME")?);
        put(&mut draft.refresh_each_request, settings.flag("SESSION_REFRESH_EACH_REQUEST")?);
        put_some(&mut draft.cleanup_n_requests, settings.number("SESSION_CLEANUP_N_REQUESTS")?);
        put_some(&mut draft.cleanup_interval, settings.seconds("SESSION_CLEANUP_INTERVAL")?);
        put(&mut draft.refresh_after, settings.seconds("SESSION_REFRESH_AFTER")?);
        put_some(&mut draft.absolute_lifetime, settings.seconds("SESSION_ABSOLUTE_LIFETIME")?);
        put(&mut draft.hash_ids, settings.rollout("SESSION_HASH_IDS")?);
        put(&mut draft.id_syntax, settings.flag("SESSION_ACCEPT_UUID_IDS")?.map(id_syntax));
        put_text(&mut draft.owner_key, settings.text("SESSION_OWNER_KEY")?);
        put(&mut draft.owner_index, settings.flag("SESSION_OWNER_INDEX")?);
        put_some(&mut draft.max_per_owner, settings.number("SESSION_MAX_PER_OWNER")?);
        put(&mut draft.undecodable, settings.choice("SESSION_UNDECODABLE", UNDECODABLE)?);
        put(&mut draft.on_conflict, settings.choice("SESSION_ON_CONFLICT", ON_CONFLICT)?);
        put(&mut draft.timeout, settings.timeout("SESSION_TIMEOUT")?);
        put(&mut draft.max_payload, settings.number("SESSION_MAX_PAYLOAD")?);
        put(&mut draft.max_depth, settings.number("SESSION_MAX_DEPTH")?);
        Ok(self)
    }

    /// `SESSION_TRANSPORT`.
    pub fn transport(mut self, transport: Transport) -> Self {
        self.draft.transport = transport;
        self
    }

    /// `SESSION_HEADER_NAME`.
    pub fn header_name(mut self, name: impl Into<String>) -> Self {
        self.draft.header_name = name.into();
        self
    }

    /// `SESSION_COOKIE_NAME`.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie("SESSION_COOKIE_NAME").name = name.into();
        self
    }

    /// `SESSION_COOKIE_NAME_FALLBACK`: a former name, under which the cookie is read, too, and then
    /// replaced.
    pub fn cookie_name_fallback(mut self, name: impl Into<String>) -> Self {
        self.cookie_key = Some("SESSION_COOKIE_NAME_FALLBACK");
        self.draft.cookie_name_fallback = Some(name.into());
        self
    }

    /// `SESSION_COOKIE_DOMAIN`: sends the cookie to the subdomains of `domain` too.
    pub fn cookie_domain(mut self, domain: impl Into<String>) -> Self {
        self.cookie("SESSION_COOKIE_DOMAIN").domain = Some(domain.into());
        self
    }

    /// `SESSION_COOKIE_PATH`.
    pub fn cookie_path(mut self, path: impl Into<String>) -> Self {
        self.cookie("SESSION_COOKIE_PATH").path = path.into();
        self
    }

    /// `SESSION_COOKIE_SECURE`.
    pub fn cookie_secure(mut self, secure: bool) -> Self {
        self.cookie("SESSION_COOKIE_SECURE").secure = secure;
        self
    }

    /// `SESSION_COOKIE_HTTPONLY`.
    pub fn cookie_http_only(mut self, http_only: bool) -> Self {
        self.cookie("SESSION_COOKIE_HTTPONLY").http_only = http_only;
        self
    }

    /// `SESSION_COOKIE_SAMESITE`; `None` in place of a [`SameSite`] leaves the attribute out.
    pub fn cookie_same_site(mut self, same_site: impl Into<Option<SameSite>>) -> Self {
        self.cookie("SESSION_COOKIE_SAMESITE").same_site = same_site.into();
        self
    }

    /// `SESSION_COOKIE_PARTITIONED`.
    pub fn cookie_partitioned(mut self, partitioned: bool) -> Self {
        self.cookie("SESSION_COOKIE_PARTITIONED").partitioned = partitioned;
        self
    }

    /// `SESSION_KEY_PREFIX`.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.draft.key_prefix = prefix.into();
        self
    }

    /// `SESSION_ID_LENGTH`, in bytes of entropy.
    pub fn id_length(mut self, bytes: usize) -> Self {
        self.draft.id_length = bytes;
        self
    }

    /// `SESSION_ACCEPT_UUID_IDS`.
    pub fn accept_uuid_ids(mut self, accept: bool) -> Self {
        self.draft.id_syntax = id_syntax(accept);
        self
    }

    /// `SESSION_HASH_IDS`: a `bool`, or a [`Rollout`] for the time of the change.
    pub fn hash_ids(mut self, hash: impl Into<Rollout>) -> Self {
        self.draft.hash_ids = hash.into();
        self
    }

    /// `SESSION_PERMANENT`.
    pub fn permanent(mut self, permanent: bool) -> Self {
        self.draft.permanent = permanent;
        self
    }

    /// `PERMANENT_SESSION_LIFETIME`, the lifetime without use.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.draft.lifetime = lifetime;
        self
    }

    /// `SESSION_ABSOLUTE_LIFETIME`, the lifetime whatever the use.
    pub fn absolute_lifetime(mut self, lifetime: Duration) -> Self {
        self.draft.absolute_lifetime = Some(lifetime);
        self
    }

    /// `SESSION_REFRESH_EACH_REQUEST`.
    pub fn refresh_each_request(mut self, refresh: bool) -> Self {
        self.draft.refresh_each_request = refresh;
        self
    }

    /// `SESSION_REFRESH_AFTER`.
    pub fn refresh_after(mut self, pause: Duration) -> Self {
        self.draft.refresh_after = pause;
        self
    }

    /// `SESSION_USE_SIGNER`: a `bool`, or a [`Rollout`] for the time of the change; the keys are
    /// given to the manager, not to the configuration.
    pub fn use_signer(mut self, use_signer: impl Into<Rollout>) -> Self {
        self.draft.use_signer = use_signer.into();
        self
    }

    /// `SESSION_SERIALIZATION_FORMAT`.
    pub fn format(mut self, format: Format) -> Self {
        self.draft.format = format;
        self
    }

    /// `SESSION_UNDECODABLE`.
    pub fn undecodable(mut self, undecodable: Undecodable) -> Self {
        self.draft.undecodable = undecodable;
        self
    }

    /// `SESSION_ON_CONFLICT`.
    pub fn on_conflict(mut self, on_conflict: OnConflict) -> Self {
        self.draft.on_conflict = on_conflict;
        self
    }

    /// `SESSION_OWNER_KEY`.
    pub fn owner_key(mut self, key: impl Into<String>) -> Self {
        self.draft.owner_key = key.into();
        self
    }

    /// `SESSION_OWNER_INDEX`.
    pub fn owner_index(mut self, index: bool) -> Self {
        self.draft.owner_index = index;
        self
    }

    /// `SESSION_MAX_PER_OWNER`.
    pub fn max_per_owner(mut self, sessions: usize) -> Self {
        self.draft.max_per_owner = Some(sessions);
        self
    }

    /// `SESSION_TIMEOUT`.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.draft.timeout = timeout;
        self
    }

    /// `SESSION_MAX_PAYLOAD`, in bytes.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.draft.max_payload = bytes;
        self
    }

    /// `SESSION_MAX_DEPTH`.
    pub fn max_depth(mut self, levels: usize) -> Self {
        self.draft.max_depth = levels;
        self
    }

    /// `SESSION_CLEANUP_N_REQUESTS`.
    pub fn cleanup_n_requests(mut self, requests: NonZeroU32) -> Self {
        self.draft.cleanup_n_requests = Some(requests);
        self
    }

    /// `SESSION_CLEANUP_INTERVAL`; [`SessionManager::spawn_sweeper`] does the same under the
    /// control of a handle.
    ///
    /// [`SessionManager::spawn_sweeper`]: crate::SessionManager::spawn_sweeper
    pub fn cleanup_interval(mut self, every: Duration) -> Self {
        self.draft.cleanup_interval = Some(every);
        self
    }
}

const SAME_SITE: &[(&str, SameSite)] =
    &[("Lax", SameSite::Lax), ("Strict", SameSite::Strict), ("None", SameSite::None)];
const PROFILES: &[(&str, Profile)] = &[("flask", Profile::Flask), ("hardened", Profile::Hardened)];
const UNDECODABLE: &[(&str, Undecodable)] =
    &[("fresh", Undecodable::Fresh), ("error", Undecodable::Error)];
const ON_CONFLICT: &[(&str, OnConflict)] =
    &[("reject", OnConflict::Reject), ("overwrite", OnConflict::Overwrite)];

/// A word of the table may be a format that this build leaves out.
fn format_of(settings: &Settings) -> Result<Option<Format>> {
    let names: Vec<(&str, &str)> = FORMATS.iter().map(|name| (*name, *name)).collect();
    let name = settings.choice("SESSION_SERIALIZATION_FORMAT", &names)?;
    let format = name.map(str::parse::<Format>).transpose();
    format.map_err(|error| Error::from(error).with_note("SESSION_SERIALIZATION_FORMAT"))
}

fn id_syntax(accept_uuid_ids: bool) -> IdSyntax {
    if accept_uuid_ids { IdSyntax::Base64UrlOrUuid } else { IdSyntax::Base64Url }
}

fn put<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

fn put_text(setting: &mut String, value: Option<&str>) {
    put(setting, value.map(str::to_owned));
}

fn put_some<T>(setting: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *setting = value;
    }
}
