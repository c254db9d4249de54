//! Messages for the next page, in the shape of Flask's `_flashes`: a list of `[category, message]`.

use crate::codec::{self, Format};
use crate::data::{Data, Intent};
use crate::error::Result;
use serde::{Deserialize, Serialize};

/// The reserved key of the messages.
pub(crate) const FLASHES: &str = "_flashes";

/// A message that is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Default)]
pub(crate) struct FlashLog {
    /// Encoded messages of the record that were shown; each removes its first equal.
    shown: Vec<(Vec<u8>, Format)>,
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
        for message in self.remaining(data)? {
            self.shown.push(message);
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
        let mut shown: Vec<_> = self.shown.iter().collect();
        let mut remaining = Vec::new();
        for span in codec::elements(list, format)? {
            let message = span.of(list);
            let twin = shown
                .iter()
                .position(|(bytes, of)| codec::is_equal((bytes, *of), (message, format)));
            match twin {
                Some(at) => drop(shown.remove(at)),
                None => remaining.push((message.to_vec(), format)),
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
