//! The server's clock, which no request asks for: it stands in the `Date` field of every answer
//! (RFC 9110, section 6.6.1), in whole seconds, and the client passes over it.

use crate::client::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::time::Instant;

impl Client {
    /// The server's time since 1970, if it says so; one request more, whose answer is of no interest.
    pub(crate) async fn clock(&self, deadline: Instant) -> Option<Duration> {
        let clock = Clock::default();
        let request = self.dynamodb.describe_table().table_name(&self.layout.table);
        let request = request.customize().interceptor(clock.clone());
        // An error has a date, too.
        let _ = self.ask(deadline, request.send()).await;
        clock.0.get().copied()
    }
}

/// What an answer says of the time.
#[derive(Clone, Debug, Default)]
struct Clock(Arc<OnceLock<Duration>>);

impl Intercept for Clock {
    fn name(&self) -> &'static str {
        "date"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(time) = context.response().headers().get("date").and_then(time_of) {
            // Of several attempts the first counts: the call began with it.
            let _ = self.0.set(time);
        }
        Ok(())
    }
}

fn time_of(date: &str) -> Option<Duration> {
    let date = DateTime::from_str(date, DateTimeFormat::HttpDate).ok()?;
    u64::try_from(date.secs()).ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::time_of;
    use std::time::Duration;

    #[test]
    fn date_of_an_answer_is_read_and_what_is_none_is_passed_over() {
        for (date, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Wed, 31 Dec 1969 23:59:59 GMT", None),
            ("yesterday", None),
        ] {
            assert_eq!(time_of(date), seconds.map(Duration::from_secs), "{date}");
        }
    }
}
