//! Requests that are made again: the server turned them away, or failed to read.

use crate::error::Fault;
use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Between the first two requests, and twice that between the next two.
const SHORTEST: Duration = Duration::from_millis(25);
const DOUBLINGS: u32 = 4;

/// What a request does, and so when it may be made again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Whenever the server failed.
    Read,
    /// Only if the server says that it did nothing.
    Write,
}

impl Request {
    /// Makes it, and makes it again as long as that may help, in the first half of the time until
    /// `deadline`: one that then gets no answer in time leaves in doubt what was refused before.
    pub(crate) async fn persist<T, F>(
        self,
        deadline: Instant,
        request: impl Fn() -> F,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let mut number = 0;
        let now = Instant::now();
        let last = now + deadline.saturating_duration_since(now) / 2;
        loop {
            let answer = request().await;
            let pause = pause(number, RandomState::new().hash_one(number));
            match &answer {
                Err(fault) if self.may_pass(fault) && Instant::now() + pause < last => {}
                _ => return answer,
            }
            sleep(pause).await;
            number += 1;
        }
    }

    /// Whether the same request may be answered another time, and no harm be done by it.
    fn may_pass(self, fault: &Fault) -> bool {
        match fault {
            Fault::Throttled => true,
            Fault::Doubtful => self == Self::Read,
            _ => false,
        }
    }
}

/// At random between half and all of it, so that requests that were turned away together do not
/// come back together.
fn pause(number: u32, random: u64) -> Duration {
    let longest = SHORTEST * 2_u32.pow(number.min(DOUBLINGS));
    longest / 2 + longest / 2 * u32::from(random as u8) / u32::from(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Request, pause};
    use crate::error::Fault;
    use session_core::store::Lost;
    use std::time::Duration;

    #[test]
    fn pauses_grow_to_a_bound() {
        let ms = |n| Duration::from_millis(n);
        assert_eq!((pause(0, 0), pause(0, 255)), (Duration::from_micros(12_500), ms(25)));
        assert_eq!((pause(3, 0), pause(3, u64::MAX)), (ms(100), ms(200)));
        assert_eq!(pause(4, 255), pause(u32::MAX, 255));
    }

    #[test]
    fn write_is_made_again_only_if_nothing_came_of_it() {
        for (fault, read, write) in [
            (Fault::Throttled, true, true),
            (Fault::Doubtful, true, false),
            (Fault::Lost(Lost::Broken, None), false, false),
            (Fault::Lost(Lost::Silent, None), false, false),
            (Fault::Condition, false, false),
            (Fault::Failed, false, false),
            (Fault::Denied, false, false),
        ] {
            let seen = (Request::Read.may_pass(&fault), Request::Write.may_pass(&fault));
            assert_eq!(seen, (read, write), "{fault:?}");
        }
    }
}
