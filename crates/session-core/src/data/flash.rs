//! Messages for the next page, in the shape of Flask's `_flashes`: a list of `[category, message]`.

use super::{Data, Intent};
use crate::error::Result;
use crate::key::FLASHES;
use serde::{Deserialize, Serialize};
use session_codec::{self as codec, Format};
use std::collections::HashMap;

/// A message that is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(String, String)", into = "(String, String)")]
pub struct Flash {
    /// What kind of message it is; Flask's default is `message`.
    pub category: String,
    /// The text.
    pub message: String,
}

impl From<(String, String)> for Flash {
    fn from((category, message): (String, String)) -> Self {
        Self { category, message }
    }
}

impl From<Flash> for (String, String) {
    fn from(flash: Flash) -> Self {
        (flash.category, flash.message)
    }
}

/// What the request did to the messages, so that it can be done again on a newer record.
#[derive(Default)]
pub(crate) struct FlashLog {
    /// Messages of the record that were shown, and how often; each removes its first equal.
    shown: HashMap<Flash, usize>,
    /// Encoded messages that were added, in the configured format.
    added: Vec<Vec<u8>>,
    is_cleared: bool,
}

impl FlashLog {
    /// Forgets the messages along with all other data.
    pub(crate) fn clear(&mut self) {
        *self = Self { is_cleared: true, ..Self::default() };
    }

    /// Adds one message.
    pub(crate) fn append(&mut self, data: &mut Data, flash: &Flash) -> Result<()> {
        let limits = data.limits();
        let mut encoded = Vec::new();
        codec::encode(flash, limits.format, limits.max_depth, &mut encoded)?;
        self.added.push(encoded);
        let applied = self.apply(data);
        if applied.is_err() {
            self.added.pop();
        }
        applied
    }

    /// Takes all messages out, oldest first.
    pub(crate) fn take(&mut self, data: &mut Data) -> Result<Vec<Flash>> {
        let Some((value, format)) = data.peek(FLASHES) else { return Ok(Vec::new()) };
        let flashes: Vec<Flash> = codec::decode(value, format)?;
        for (message, format) in self.remaining(data)? {
            *self.shown.entry(codec::decode(&message, format)?).or_default() += 1;
        }
        self.added.clear();
        self.apply(data)?;
        Ok(flashes)
    }

    /// Does to the messages of a newer record what was done to those of the loaded one.
    pub(crate) fn replay(&self, data: &mut Data) -> Result<()> {
        if self.shown.is_empty() && self.added.is_empty() && !self.is_cleared {
            return Ok(());
        }
        self.apply(data)
    }

    /// The record's messages that were not shown yet.
    fn remaining(&self, data: &Data) -> Result<Vec<(Vec<u8>, Format)>> {
        let Some((list, format)) = data.peek_base(FLASHES).filter(|_| !self.is_cleared) else {
            return Ok(Vec::new());
        };
        let mut shown = self.shown.clone();
        let mut remaining = Vec::new();
        for message in codec::elements(list, format)? {
            // What is no message was never shown.
            let flash = if shown.is_empty() { None } else { codec::decode(&message, format).ok() };
            let twin = flash.and_then(|flash: Flash| shown.get_mut(&flash));
            match twin.filter(|times| **times > 0) {
                Some(times) => *times -= 1,
                None => remaining.push((message.into_owned(), format)),
            }
        }
        Ok(remaining)
    }

    fn apply(&self, data: &mut Data) -> Result<()> {
        let remaining = self.remaining(data)?;
        if remaining.is_empty() && self.added.is_empty() {
            data.remove(FLASHES, Intent::Blind);
            return Ok(());
        }
        let format = data.limits().format;
        let mut messages = Vec::with_capacity(remaining.len() + self.added.len());
        for (bytes, of) in &remaining {
            let mut message = Vec::new();
            codec::transcode(bytes, *of, format, &mut message)?;
            messages.push(message);
        }
        messages.extend(self.added.iter().cloned());
        data.set(FLASHES, Intent::Blind, |out, _| {
            codec::write_array(messages.iter().map(Vec::as_slice), format, out);
            Ok(())
        })
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::{FLASHES, Flash, FlashLog};
    use crate::data::{Data, Limits};
    use crate::error::ErrorKind;
    use crate::store::Record;
    use bytes::Bytes;
    use session_codec::Format;
    use std::time::Duration;

    const LIMITS: Limits = Limits { format: Format::MessagePack, max_depth: 64, max_payload: 4096 };

    fn record(payload: &'static [u8]) -> Record {
        Record { payload: Bytes::from_static(payload), cas: 0, ttl: Duration::from_secs(60) }
    }

    /// One message `old`, as Flask stores it.
    fn old() -> Data {
        Data::parse(record(b"\x81\xa8_flashes\x91\x92\xa7message\xa3old"), LIMITS).unwrap()
    }

    fn flash(message: &str) -> Flash {
        Flash { category: "message".into(), message: message.into() }
    }

    fn messages(flashes: Vec<Flash>) -> Vec<String> {
        flashes.into_iter().map(|flash| flash.message).collect()
    }

    #[test]
    fn messages_are_stored_in_the_shape_of_flask() {
        let mut data = Data::empty(LIMITS);
        FlashLog::default().append(&mut data, &flash("hi")).unwrap();
        let payload = data.encode().unwrap();
        assert_eq!(payload, &b"\x81\xa8_flashes\x91\x92\xa7message\xa2hi"[..]);
    }

    #[test]
    fn messages_come_out_once_and_oldest_first() {
        let (mut data, mut log) = (old(), FlashLog::default());
        log.append(&mut data, &flash("a")).unwrap();
        log.append(&mut data, &flash("b")).unwrap();
        assert_eq!(messages(log.take(&mut data).unwrap()), ["old", "a", "b"]);
        assert_eq!(log.take(&mut data).unwrap(), []);
        assert!(data.peek(FLASHES).is_none());
        log.append(&mut data, &flash("c")).unwrap();
        assert_eq!(messages(log.take(&mut data).unwrap()), ["c"]);
    }

    #[test]
    fn replay_removes_one_equal_message_for_each_that_was_shown() {
        let (mut data, mut log) = (old(), FlashLog::default());
        log.take(&mut data).unwrap();
        log.append(&mut data, &flash("new")).unwrap();
        let newer =
            b"\x81\xa8_flashes\x93\x92\xa7message\xa3old\x92\xa7message\xa1x\x92\xa7message\xa3old";
        let mut data = data.rebase(record(newer), |_| false).unwrap();
        log.replay(&mut data).unwrap();
        assert_eq!(messages(log.take(&mut data).unwrap()), ["x", "old", "new"]);
    }

    #[test]
    fn replay_after_a_clear_keeps_only_what_was_added() {
        let (mut data, mut log) = (old(), FlashLog::default());
        data.clear(|_| false);
        log.clear();
        log.append(&mut data, &flash("new")).unwrap();
        let newer = b"\x81\xa8_flashes\x91\x92\xa7message\xa1x";
        let mut data = data.rebase(record(newer), |_| false).unwrap();
        log.replay(&mut data).unwrap();
        assert_eq!(messages(log.take(&mut data).unwrap()), ["new"]);
    }

    #[test]
    fn replay_of_nothing_changes_nothing() {
        let mut data = old();
        FlashLog::default().replay(&mut data).unwrap();
        assert!(!data.is_modified());
    }

    #[test]
    fn what_is_no_list_of_messages_is_left_as_it_is() {
        for payload in [&b"\x81\xa8_flashes\x07"[..], b"\x81\xa8_flashes\x91\x07"] {
            let mut data = Data::parse(record(payload), LIMITS).unwrap();
            let error = FlashLog::default().take(&mut data).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert_eq!(data.encode().unwrap(), payload);
        }
    }

    #[test]
    fn message_that_does_not_fit_is_forgotten() {
        let (mut data, mut log) = (old(), FlashLog::default());
        let error = log.append(&mut data, &flash(&"x".repeat(5000))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        log.append(&mut data, &flash("a")).unwrap();
        assert_eq!(messages(log.take(&mut data).unwrap()), ["old", "a"]);
    }

    #[cfg(feature = "json")]
    #[test]
    fn messages_of_another_format_are_shown_and_removed() {
        let payload = br#"{"_flashes": [["message", "old"]]}"#;
        let mut data = Data::parse(record(payload), LIMITS).unwrap();
        let mut log = FlashLog::default();
        log.append(&mut data, &flash("a")).unwrap();
        assert_eq!(messages(log.take(&mut data).unwrap()), ["old", "a"]);
        // Another request has rewritten the record in our format meanwhile.
        let newer = b"\x81\xa8_flashes\x92\x92\xa7message\xa3old\x92\xa7message\xa1b";
        let mut data = data.rebase(record(newer), |_| false).unwrap();
        log.replay(&mut data).unwrap();
        assert_eq!(messages(log.take(&mut data).unwrap()), ["b"]);
        assert!(data.peek(FLASHES).is_none());
    }
}
