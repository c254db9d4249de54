//! The three writes that compare: one key each, so that they run on a cluster as they are.
//!
//! Each compares the whole value and then runs one command, so an error reply means that nothing
//! was written. `pcall` hands that command's own error on (Redis 6 wraps what `call` raises), and
//! a key of another type is an error table there, which equals no payload: refused.

use redis::Cmd;
use session_core::StoreKey;
use std::sync::OnceLock;

/// `ARGV`: loaded payload, new payload, lifetime in ms; replies `OK`, or 0 if refused.
pub(crate) static UPDATE: Script = script(
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])",
);

/// `ARGV`: loaded payload, lifetime in ms; replies 1, or 0 if refused.
pub(crate) static TOUCH: Script = script(
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.pcall('PEXPIRE', KEYS[1], ARGV[2])",
);

/// `ARGV`: loaded payload; replies 1, or 0 if refused.
pub(crate) static DELETE: Script = script(
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.pcall('DEL', KEYS[1])",
);

/// The text of a script, and its digest once it was asked for.
pub(crate) struct Script {
    text: &'static str,
    digest: OnceLock<String>,
}

impl Script {
    /// The call by digest: `EVALSHA sha 1 key args..`.
    pub(crate) fn by_digest(&self, key: &StoreKey, args: &[&[u8]]) -> Cmd {
        let digest =
            self.digest.get_or_init(|| redis::Script::new(self.text).get_hash().to_owned());
        call("EVALSHA", digest, key, args)
    }

    /// The same call by text, by which the server learns the script: `EVAL text 1 key args..`.
    pub(crate) fn by_text(&self, key: &StoreKey, args: &[&[u8]]) -> Cmd {
        call("EVAL", self.text, key, args)
    }
}

const fn script(text: &'static str) -> Script {
    Script { text, digest: OnceLock::new() }
}

fn call(name: &str, script: &str, key: &StoreKey, args: &[&[u8]]) -> Cmd {
    let bytes =
        args.iter().map(|arg| arg.len()).sum::<usize>() + script.len() + key.as_bytes().len();
    let mut cmd = Cmd::with_capacity(4 + args.len(), name.len() + 1 + bytes);
    cmd.arg(name).arg(script).arg(1).arg(key.as_bytes());
    for arg in args {
        cmd.arg(*arg);
    }
    cmd
}
