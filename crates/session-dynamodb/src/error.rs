//! What a failure means: nothing written, or not known.
//!
//! Texts of the server and the client may repeat keys, and their `Debug` holds whole requests, so
//! only codes and the system's words reach our errors.

use crate::config::STORE;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodb::error::{ConnectorError, ProvideErrorMetadata, SdkError};
use hyper_util::client::legacy::Error as HyperError;
use session_core::Error;
use session_core::ErrorKind::{Config, TooLarge, Unavailable};
use session_core::store::{Call, Failure, Lost, system_cause};
use std::error::Error as StdError;
use std::io;

use Failure::{Final, Later};

/// Why there is no answer to go by. Unless noted, nothing was written.
#[derive(Debug)]
pub(crate) enum Fault {
    /// Nobody answered.
    Lost(Lost, Option<io::Error>),
    /// There are no credentials to sign with.
    NoCredentials,
    /// What hands out credentials did not answer, or not well.
    LateCredentials,
    /// The server finds the credentials wrong or expired.
    BadCredentials,
    /// The credentials may not do this.
    Denied,
    /// The client could not make a request of it.
    Unbuilt,
    /// The condition did not hold.
    Condition,
    /// Too many requests, or a transaction or another region holds the item.
    Throttled,
    /// There is no such table.
    NoTable,
    /// The table is being made or changed.
    InUse,
    /// The item, with what others put into it, is too large.
    ItemSize,
    /// The table's key or index is not what the request names.
    Invalid,
    /// The server answered with another error, and the request had no effect.
    Failed,
    /// The server answered with another error, which proves nothing.
    Doubtful,
    /// What was read is no record.
    Malformed(&'static str),
}

impl Fault {
    /// Whether a read succeeds the next time: the first request on a connection that was closed finds
    /// that out.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Self::Lost(Lost::Broken, _))
    }

    /// Reads the client's error; `is_sent` says whether the request got as far as a connection.
    pub(crate) fn new<E>(error: &SdkError<E>, is_sent: bool) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
    {
        match error {
            SdkError::ServiceError(answer) => {
                let status = answer.raw().status().as_u16();
                Self::answered(answer.err().code(), answer.err().message(), status)
            }
            // An answer that is none of DynamoDB's, such as a proxy's page.
            SdkError::ResponseError(_) => Self::Doubtful,
            SdkError::TimeoutError(_) if !is_sent => Lost::Unsent.into(),
            _ if !is_sent => Self::unsent(error),
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(cause) => Self::dispatch(cause),
                None => Lost::Broken.into(),
            },
            SdkError::TimeoutError(_) => Lost::Silent.into(),
            _ => Lost::Broken.into(),
        }
    }

    fn unsent(error: &(dyn StdError + 'static)) -> Self {
        match find(error) {
            Some(
                CredentialsError::CredentialsNotLoaded(_)
                | CredentialsError::InvalidConfiguration(_),
            ) => Self::NoCredentials,
            Some(_) => Self::LateCredentials,
            None => Self::Unbuilt,
        }
    }

    fn dispatch(cause: &ConnectorError) -> Self {
        // Only a connection that was never made reports this.
        let is_unreached = find::<HyperError>(cause).is_some_and(HyperError::is_connect);
        let lost = match (is_unreached, cause.is_timeout()) {
            (true, true) => Lost::Unsent,
            (true, false) => Lost::Unreached,
            (false, true) => Lost::Silent,
            (false, false) => Lost::Broken,
        };
        Self::Lost(lost, find::<io::Error>(cause).map(system_cause))
    }

    fn answered(code: Option<&str>, message: Option<&str>, status: u16) -> Self {
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
            | "UnrecognizedClientException" => Self::BadCredentials,
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

    pub(crate) fn into_error(self, call: Call) -> Error {
        let error = call.failed(STORE, self.failure());
        match self {
            Self::Lost(_, Some(cause)) => error.with_source(cause),
            _ => error,
        }
    }

    fn failure(&self) -> Failure {
        match self {
            Self::Lost(lost, _) => Failure::Lost(*lost),
            Self::NoCredentials => Final(
                Unavailable,
                "there are no AWS credentials; give some to the environment, the profile or the role",
            ),
            Self::LateCredentials => Later("the AWS credentials could not be loaded"),
            Self::BadCredentials => {
                Final(Unavailable, "the server refuses the AWS credentials, or they have expired")
            }
            Self::Denied => Final(
                Unavailable,
                "the AWS credentials may not do this; the page of session-dynamodb has the policy",
            ),
            Self::Unbuilt => Final(
                Config,
                "the client cannot make the request; check SESSION_DYNAMODB and SESSION_DYNAMODB_REGION",
            ),
            Self::Throttled => {
                Later("the server turns requests away: the table's capacity is used up")
            }
            Self::NoTable => Final(Config, "the table is missing; `init` makes it"),
            Self::InUse => Later("the table is being made or changed"),
            Self::ItemSize => {
                Final(TooLarge, "the item, with what others put into it, is above 400 KB")
            }
            Self::Invalid => Final(
                Config,
                "the table has another key than the options name, or no index of owners; `init` \
                 says which",
            ),
            Self::Condition | Self::Failed => {
                Final(Unavailable, "the server answered with an error")
            }
            Self::Doubtful => Failure::Doubtful,
            Self::Malformed(what) => Failure::Unexpected(what),
        }
    }
}

impl From<Lost> for Fault {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost, None)
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
