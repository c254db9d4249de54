//! What a server does not let its user do (Redis, `acl.c` and `script.c`).

use super::STORE;
use redis::ConnectionInfo;
use session_core::store::Call;
use session_core::{Error, ErrorKind};

/// What is sent beyond what every user may: other names in a server's text are not repeated.
const COMMANDS: [&str; 25] = [
    "asking",
    "client|tracking",
    "cluster|nodes",
    "cluster|slots",
    "del",
    "eval",
    "evalsha",
    "exists",
    "get",
    "info",
    "pexpire",
    "pttl",
    "role",
    "scan",
    "select",
    "sentinel|get-master-addr-by-name",
    "set",
    "time",
    "type",
    "zadd",
    "zcount",
    "zrem",
    "zremrangebyrank",
    "zscan",
    "zscore",
];

/// What was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Denied {
    /// A command, by its name if the server tells it.
    Command(Option<&'static str>),
    /// The keys of a command that may be run.
    Keys,
}

impl Denied {
    /// Reads an error of the server; `None` if it is about something else.
    pub(super) fn read(code: Option<&str>, details: Option<&str>) -> Option<Self> {
        let details = details.unwrap_or_default();
        // Inside a script Redis 7.0 says so under `ERR`, and 7.2 under the same name as outside.
        let is_denied = code == Some("NOPERM")
            || details.starts_with("The user executing the script can't ")
            || details.contains("has no permissions to run the ");
        if !is_denied {
            return None;
        }
        let named = details.split_once("run the '").and_then(|(_, rest)| rest.split_once('\''));
        if let Some((name, _)) = named {
            return Some(Self::Command(COMMANDS.into_iter().find(|known| *known == name)));
        }
        let is_command = details.contains(" run ");
        Some(if is_command { Self::Command(None) } else { Self::Keys })
    }

    fn what(self) -> String {
        match self {
            Self::Command(Some(name)) => format!("run {}", name.to_uppercase().replace('|', " ")),
            Self::Command(None) => "run a command, which ACL LOG names".to_owned(),
            Self::Keys => "use a key, of sessions (session:*, or another prefix) or of owners \
                 (session-owner:*)"
                .to_owned(),
        }
    }

    /// What gives the right, as `ACL SETUSER` takes it.
    fn right(self) -> String {
        match self {
            Self::Command(name) => format!("+{}", name.unwrap_or("..")),
            Self::Keys => "~session:* ~session-owner:*".to_owned(),
        }
    }
}

/// Whom a server turned away, and which one it was.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    server: String,
    user: String,
}

impl Login {
    pub(crate) fn of(info: &ConnectionInfo) -> Self {
        let settings = info.redis_settings();
        // Without a password nobody logs in, and what stands for the user may be one.
        let user = settings.password().and(settings.username()).unwrap_or("default");
        Self { server: info.addr().to_string(), user: user.to_owned() }
    }

    pub(crate) fn server(&self) -> &str {
        &self.server
    }
}

/// The error of a call that was turned away, with what to run on that server.
pub(crate) fn lacks(call: Call, denied: &[Denied], login: Option<&Login>) -> Error {
    let what: Vec<String> = denied.iter().map(|denied| denied.what()).collect();
    let rights: Vec<String> = denied.iter().map(|denied| denied.right()).collect();
    let (what, rights) = (what.join(", "), rights.join(" "));
    let (at, way) = match login {
        Some(Login { server, user }) => {
            (format!(" at {server}"), format!("say ACL SETUSER {user} {rights}"))
        }
        None => (String::new(), format!("give it {rights} by ACL SETUSER")),
    };
    let what = format!(
        "the server{at} does not let this user {what}; {way}; the page of session-redis lists the \
         rights it needs"
    );
    call.error(STORE, ErrorKind::Unavailable, &what).with_retryable(false)
}

#[cfg(test)]
mod tests {
    use super::Denied;

    #[test]
    fn words_of_servers() {
        let command = |name| Some(Denied::Command(name));
        for (code, details, expected) in [
            (
                "NOPERM",
                "this user has no permissions to run the 'eval' command",
                command(Some("eval")),
            ),
            // 6, 7.2, and Valkey
            (
                "NOPERM",
                "this user has no permissions to run the 'eval' command or its subcommand",
                command(Some("eval")),
            ),
            (
                "NOPERM",
                "User app has no permissions to run the 'zadd' command",
                command(Some("zadd")),
            ),
            ("NOPERM", "this user has no permissions to run the 'hunter2' command", command(None)),
            (
                "NOPERM",
                "this user has no permissions to access one of the keys used as arguments",
                Some(Denied::Keys),
            ),
            ("NOPERM", "No permissions to access a key", Some(Denied::Keys)),
            (
                "ERR",
                "The user executing the script can't run this command or subcommand",
                command(None),
            ),
            (
                "ERR",
                "The user executing the script can't access at least one of the keys mentioned in \
                 the command arguments",
                Some(Denied::Keys),
            ),
            (
                "ERR",
                "ACL failure in script: User app has no permissions to run the 'pexpire' command",
                command(Some("pexpire")),
            ),
            ("ERR", "syntax error", None),
            ("WRONGPASS", "invalid username-password pair or user is disabled.", None),
        ] {
            assert_eq!(Denied::read(Some(code), Some(details)), expected, "{details}");
        }
    }
}
