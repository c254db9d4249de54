//! What the system says of a failed connection, apart from what a client makes of it.

use std::io;

/// How texts begin that the system's look-up of names and rustls give to an [`io::Error`]; they
/// name a host at most.
const WORDS: [&str; 6] = [
    "failed to lookup address information: ",
    "invalid peer certificate: ",
    "peer is incompatible: ",
    "peer misbehaved: ",
    "received corrupt message of type ",
    "received fatal alert: ",
];

/// The system's own words for `error`, to be kept as the cause of a store's error.
///
/// They are the text of its number (`Connection refused (os error 111)`), of a name that was not
/// found, or of what one side has against the other's TLS. Of any other error nothing but the kind
/// is kept, since a client may put a URL or a key into its text.
///
/// # Examples
///
/// ```
/// # use session_core as web_session;
/// use std::io;
/// use web_session::store::system_cause;
///
/// let told = system_cause(&io::Error::from_raw_os_error(2));
/// assert_eq!(told.to_string(), "No such file or directory (os error 2)");
///
/// let told = system_cause(&io::Error::new(io::ErrorKind::TimedOut, "redis://:secret@cache"));
/// assert_eq!(told.to_string(), "timed out");
/// ```
pub fn system_cause(error: &io::Error) -> io::Error {
    if let Some(number) = error.raw_os_error() {
        return io::Error::from_raw_os_error(number);
    }
    let text = error.to_string();
    if WORDS.iter().any(|words| text.starts_with(words)) {
        return io::Error::new(error.kind(), text);
    }
    error.kind().into()
}

#[cfg(test)]
mod tests {
    use super::system_cause;
    use std::io;
    use std::net::ToSocketAddrs as _;

    #[test]
    fn words_of_the_system_are_kept_and_those_of_clients_are_not() {
        let tls = "invalid peer certificate: UnknownIssuer";
        for (error, told) in [
            (io::Error::from_raw_os_error(13), "Permission denied (os error 13)"),
            (io::Error::other(tls), tls),
            (io::Error::other("hunter2"), "other error"),
            (io::ErrorKind::ConnectionReset.into(), "connection reset"),
        ] {
            let cause = system_cause(&error);
            assert_eq!((cause.to_string().as_str(), cause.kind()), (told, error.kind()));
        }
    }

    #[test]
    fn name_that_is_not_found_is_told_in_the_words_of_the_look_up() {
        let error = "session.invalid:1".to_socket_addrs().unwrap_err();
        let told = system_cause(&error).to_string();
        assert!(told.starts_with("failed to lookup address information: "), "{told}");
        assert_eq!(told, error.to_string());
    }
}
