//! How the program ends, and what it says then.

use std::io;
use std::process::ExitCode;
use web_session::{Error, ErrorKind};

/// How a command ended that did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// All of it.
    All,
    /// Something was found wrong, or not all was done; the report says what.
    Partly,
    /// Somebody stopped it.
    Stopped,
}

/// Why a command did nothing, or broke off.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing was done: arguments or settings have to be changed.
    Usage(String),
    /// The store, or the settings of it.
    Store(Error),
    /// Something of this machine; what was tried.
    System(&'static str, io::Error),
    /// Nobody reads the output any longer.
    Unread,
    /// It cannot be found, or is not as it should be.
    Wrong(String),
}

impl Failure {
    /// Says it on standard error.
    pub(crate) fn tell(&self) {
        match self {
            Self::Usage(what) | Self::Wrong(what) => eprintln!("session: {what}"),
            Self::Store(error) => eprintln!("session: {error:#}"),
            Self::System(what, error) => eprintln!("session: {what}: {error}"),
            Self::Unread => {}
        }
    }

    fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Store(error) => match error.kind() {
                ErrorKind::Config | ErrorKind::Unsupported => 2,
                ErrorKind::Unavailable | ErrorKind::Timeout => 3,
                _ => 1,
            },
            Self::System(..) | Self::Unread | Self::Wrong(_) => 1,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Store(error)
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        failure.code().into()
    }
}

impl From<Done> for ExitCode {
    fn from(done: Done) -> Self {
        match done {
            Done::All => 0,
            Done::Partly => 1,
            Done::Stopped => 130,
        }
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::Failure;
    use web_session::{Error, ErrorKind};

    #[test]
    fn codes_tell_settings_from_servers_and_both_from_what_was_found() {
        for (kind, code) in [
            (ErrorKind::Config, 2),
            (ErrorKind::Unsupported, 2),
            (ErrorKind::Unavailable, 3),
            (ErrorKind::Timeout, 3),
            (ErrorKind::Unknown, 1),
            (ErrorKind::Decode, 1),
        ] {
            assert_eq!(Failure::from(Error::new(kind, "x")).code(), code, "{kind:?}");
        }
        assert_eq!(Failure::Usage("x".to_owned()).code(), 2);
        assert_eq!(Failure::Wrong("x".to_owned()).code(), 1);
    }
}
