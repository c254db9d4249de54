//! What a failure means: nothing written, or not known.
//!
//! Texts of the server and the client may repeat keys, and their `Debug` holds whole requests, so
//! only codes and the kinds of I/O errors reach our errors.

use crate::config::NAME;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use hyper_util::client::legacy::Error as HyperError;
use session_core::store::{Call, Lost};
use session_core::{Error, ErrorKind};
use std::error::Error as StdError;
use std::io;

use ErrorKind::{Config, TooLarge, Unavailable, Unknown};
use Retry::{Later, Useless};

/// Why there is no answer to go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody answered.
    Lost(Lost, Option<io::ErrorKind>),
    /// No credentials to sign with; nothing was sent.
    Unsigned(Retry),
    /// The client could not make a request of it; nothing was sent.
    Unbuilt,
    /// The server answered with an error.
    Refused(Refusal),
}

/// What the server says by refusing a request. Unless noted, nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The condition did not hold.
    Condition,
    /// Too many requests, or a transaction or another region holds the item.
    Throttled,
    /// There is no such table.
    NoTable,
    /// The table is being made or changed.
    InUse,
    /// The credentials may not do this.
    Denied,
    /// The credentials are wrong or expired.
    Credentials,
    /// The item, with what others put into it, is too large.
    ItemSize,
    /// The table's key or index is not what the request names.
    Invalid,
    /// Something else; the request had no effect.
    Failed,
    /// Something else, which proves nothing.
    Doubtful,
}

/// Whether the same call may succeed later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retry {
    Later,
    Useless,
}

impl Fault {
    /// Reads the client's error; `is_sent` says whether the request got as far as a connection.
    pub(crate) fn new<E>(error: &SdkError<E>, is_sent: bool) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                Self::Refused(Refusal::new(answer.err().code(), answer.err().message(), status))
            }
            // An answer that is none of DynamoDB's, such as a proxy's page.
            SdkError::ResponseError(_) => Self::Refused(Refusal::Doubtful),
            SdkError::TimeoutError(_) if !is_sent => Self::Lost(Lost::Unsent, None),
            _ if !is_sent => Self::unsent(error),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(cause) => Self::dispatch(cause),
                None => Self::Lost(Lost::Broken, None),
            },
            SdkError::TimeoutError(_) => Self::Lost(Lost::Silent, None),
            _ => Self::Lost(Lost::Broken, None),
        }
    }

    fn unsent(error: &(dyn StdError + 'static)) -> Self {
        match find::<CredentialsError>(error) {
            Some(
                CredentialsError::CredentialsNotLoaded(_)
                | CredentialsError::InvalidConfiguration(_),
            ) => Self::Unsigned(Useless),
            // A service that hands them out did not answer, or not well.
            Some(_) => Self::Unsigned(Later),
            None => Self::Unbuilt,
        }
    }

    fn dispatch(cause: &ConnectorError) -> Self {
        let io = find::<io::Error>(cause).map(io::Error::kind);
        // Only a connection that was never made reports this.
        let is_unreached = find::<HyperError>(cause).is_some_and(HyperError::is_connect);
        let lost = match (is_unreached, cause.is_timeout()) {
            (true, true) => Lost::Unsent,
            (true, false) => Lost::Unreached,
            (false, true) => Lost::Silent,
            (false, false) => Lost::Broken,
        };
        Self::Lost(lost, io)
    }

    pub(crate) fn into_error(self, call: Call) -> Error {
        let (kind, retry, what) = match self {
            Self::Lost(lost, io) => {
                let error = call.lost(NAME, lost);
                return match io {
                    Some(kind) => error.with_source(io::Error::from(kind)),
                    None => error,
                };
            }
            Self::Unsigned(Later) => {
                (Unavailable, Later, "the AWS credentials could not be loaded")
            }
            Self::Unsigned(Useless) => (
                Unavailable,
                Useless,
                "there are no AWS credentials; give some to the environment, the profile or the role",
            ),
            Self::Unbuilt => {
                (Config, Useless, "the client cannot make the request; check endpoint and region")
            }
            Self::Refused(refusal) => refused(call, refusal),
        };
        call.error(NAME, kind, what).with_retryable(retry == Later)
    }
}

impl Refusal {
    fn new(code: Option<&str>, message: Option<&str>, status: u16) -> Self {
        match code.unwrap_or_default() {
            "ConditionalCheckFailedException" => Self::Condition,
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "TransactionConflictException"
            | "ReplicatedWriteConflictException" => Self::Throttled,
            "ResourceNotFoundException" => Self::NoTable,
            "ResourceInUseException" => Self::InUse,
            "AccessDeniedException" => Self::Denied,
            "ExpiredTokenException"
            | "IncompleteSignatureException"
            | "InvalidClientTokenId"
            | "InvalidSignatureException"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => Self::Credentials,
            "ValidationException" if message.is_some_and(|text| text.starts_with("Item size")) => {
                Self::ItemSize
            }
            "ValidationException" => Self::Invalid,
            // An answer that is none of DynamoDB's; a gateway may have passed the request on.
            "" => Self::Doubtful,
            // DynamoDB's manual: a request that was answered with 500 may have been applied.
            _ if (400..500).contains(&status) => Self::Failed,
            _ => Self::Doubtful,
        }
    }
}

/// Kind, whether to retry, and what happened.
type Meaning = (ErrorKind, Retry, &'static str);

fn refused(call: Call, refusal: Refusal) -> Meaning {
    match refusal {
        Refusal::Throttled => {
            (Unavailable, Later, "the server turns requests away: the table's capacity is used up")
        }
        Refusal::NoTable => (Config, Useless, "the table is missing; `init` makes it"),
        Refusal::InUse => (Unavailable, Later, "the table is being made or changed"),
        Refusal::Denied => {
            (Unavailable, Useless, "the AWS credentials may not do this; see the README's policy")
        }
        Refusal::Credentials => {
            (Unavailable, Useless, "the server refuses the AWS credentials, or they have expired")
        }
        Refusal::ItemSize => {
            (TooLarge, Useless, "the item, with what others put into it, is above 400 KB")
        }
        Refusal::Invalid => (
            Config,
            Useless,
            "the table has another key than the options name, or no index of owners; `init` says which",
        ),
        Refusal::Doubtful if !call.is_read() => {
            (Unknown, Useless, "the server answered with an error that proves nothing")
        }
        Refusal::Doubtful => (Unavailable, Later, "the server answered with an error"),
        Refusal::Condition | Refusal::Failed => {
            (Unavailable, Useless, "the server answered with an error")
        }
    }
}

fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}
