//! The writes that compare or enter an index.
//!
//! Those without an owner have one key each, so that they run on a cluster as they are. They
//! compare the whole value and then run one command, so an error reply means that nothing was
//! written. `pcall` hands that command's own error on (Redis 6 wraps what `call` raises), and a
//! key of another type is an error table there, which equals no payload: refused.
//!
//! Those with an owner have the record as the first key and the owner's index as the second, and
//! enter the index before they write the record: an error there leaves the record as it was.

use redis::Cmd;
use std::sync::OnceLock;

/// How an entry gets into an index.
///
/// `enter` returns an error reply or nothing, and the entry's score if there was none before. The
/// score is the end of the entry by the server's clock in ms, ten minutes beyond the lease: a
/// record may be written that much later than its entry, on a cluster by another clock. It grows
/// with every call, so that [`LEAVE`] can tell an entry that someone else has relied on since. The
/// index ends with its last entry, and up to a hundred ended ones are trimmed for each new one.
macro_rules! entering {
    ($($rest:literal)+) => {
        concat!(
            "local function enter(index, member, ttl)
local held = redis.pcall('ZSCORE', index, member)
if type(held) == 'table' then return held end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local score = now + ttl + 600000
if held and tonumber(held) >= score then score = held + 1 end
local added = redis.pcall('ZADD', index, score, member)
if type(added) == 'table' then return added end
local ended = math.min(redis.call('ZCOUNT', index, '-inf', '(' .. now), 100)
if ended > 0 then redis.call('ZREMRANGEBYRANK', index, 0, ended - 1) end
if redis.call('PTTL', index) < score - now then redis.call('PEXPIRE', index, score - now) end
return nil, not held and score
end
",
            $($rest),+
        )
    };
}

/// `ARGV`: loaded payload, new payload, lifetime in ms; replies `OK`, or 0 if refused.
pub(super) static UPDATE: Script = script(
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])",
);

/// `ARGV`: loaded payload, lifetime in ms; replies 1, or 0 if refused.
pub(super) static TOUCH: Script = script(
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.pcall('PEXPIRE', KEYS[1], ARGV[2])",
);

/// `ARGV`: loaded payload; replies 1, or 0 if refused.
pub(super) static DELETE: Script = script(
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.pcall('DEL', KEYS[1])",
);

/// `ARGV`: payload, lifetime in ms; replies `OK`, or 0 if refused.
pub(super) static CREATE_OWNED: Script = script(entering!(
    "if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local fault = enter(KEYS[2], KEYS[1], ARGV[2])
if fault then return fault end
return redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"
));

/// [`UPDATE`] with an entry.
pub(super) static UPDATE_OWNED: Script = script(entering!(
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local fault = enter(KEYS[2], KEYS[1], ARGV[3])
if fault then return fault end
return redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])"
));

/// [`TOUCH`] with an entry.
pub(super) static TOUCH_OWNED: Script = script(entering!(
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local fault = enter(KEYS[2], KEYS[1], ARGV[2])
if fault then return fault end
return redis.pcall('PEXPIRE', KEYS[1], ARGV[2])"
));

/// `ARGV`: loaded payload, if one is expected; replies 1, or 0 if refused. The entry goes with the
/// record, whatever the index is, for a session must always end.
pub(super) static DELETE_OWNED: Script = script(
    "if ARGV[1] then
local held = redis.pcall('GET', KEYS[1])
if held and held ~= ARGV[1] then return 0 end
end
local removed = redis.pcall('DEL', KEYS[1])
if type(removed) == 'table' then return removed end
redis.pcall('ZREM', KEYS[2], KEYS[1])
return removed",
);

/// The index alone is the key. `ARGV`: the record's key, lifetime in ms; replies the score of an
/// entry that is new, else nil.
pub(super) static ENTER: Script = script(entering!(
    "local fault, score = enter(KEYS[1], ARGV[1], ARGV[2])
if fault then return fault end
return score and string.format('%.0f', score)"
));

/// Takes back what [`ENTER`] added, unless someone has relied on it since. The index alone is the
/// key. `ARGV`: the record's key, the score.
pub(super) static LEAVE: Script = script(
    "if redis.pcall('ZSCORE', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.pcall('ZREM', KEYS[1], ARGV[1])",
);

/// The text of a script, and its digest once it was asked for.
pub(super) struct Script {
    text: &'static str,
    digest: OnceLock<String>,
}

impl Script {
    /// The call by digest: `EVALSHA sha n keys.. args..`.
    pub(super) fn by_digest(&self, keys: &[&[u8]], args: &[&[u8]]) -> Cmd {
        let digest =
            self.digest.get_or_init(|| redis::Script::new(self.text).get_hash().to_owned());
        call("EVALSHA", digest, keys, args)
    }

    /// The same call by text, by which the server learns the script: `EVAL text n keys.. args..`.
    pub(super) fn by_text(&self, keys: &[&[u8]], args: &[&[u8]]) -> Cmd {
        call("EVAL", self.text, keys, args)
    }
}

const fn script(text: &'static str) -> Script {
    Script { text, digest: OnceLock::new() }
}

fn call(name: &str, script: &str, keys: &[&[u8]], args: &[&[u8]]) -> Cmd {
    let bytes: usize = keys.iter().chain(args).map(|part| part.len()).sum();
    let parts = 3 + keys.len() + args.len();
    let mut cmd = Cmd::with_capacity(parts, name.len() + script.len() + 1 + bytes);
    cmd.arg(name).arg(script).arg(keys.len());
    for part in keys.iter().chain(args) {
        cmd.arg(*part);
    }
    cmd
}

#[cfg(all(test, feature = "cluster"))]
mod tests {
    use super::{TOUCH, UPDATE};
    use crate::connection::Commands;
    use redis::cmd;
    use session_core::StoreKey;

    #[test]
    fn key_is_found_in_each_command() {
        let key = StoreKey::new("session:", "id");
        for cmd in [
            cmd("GET").arg(key.as_bytes()).clone(),
            cmd("SET").arg(key.as_bytes()).arg("value").arg("NX").clone(),
            UPDATE.by_digest(&[key.as_bytes()], &[b"old", b"new"]),
            TOUCH.by_text(&[key.as_bytes()], &[b"old", b"1"]),
        ] {
            assert_eq!(Commands::One(&cmd).key(), key.as_bytes());
        }
    }
}
