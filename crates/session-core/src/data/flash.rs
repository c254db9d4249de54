//! Messages for the next page, in the shape of Flask's `_flashes`: a list of `[category, message]`.

use super::list::List;
use super::{Data, Intent, Limits};
use crate::error::Result;
use crate::key::FLASHES;
use serde::de::{Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use session_codec::{self as codec, Format};
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

/// A message that is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "(Shown, Shown)", into = "(String, String)")]
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

impl From<(Shown, Shown)> for Flash {
    fn from((Shown(category), Shown(message)): (Shown, Shown)) -> Self {
        Self { category, message }
    }
}

/// Text as it is shown: what is none, such as half of a surrogate pair, is U+FFFD.
struct Shown(String);

impl<'de> Deserialize<'de> for Shown {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ShownVisitor;

        impl Visitor<'_> for ShownVisitor {
            type Value = Shown;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Shown, E> {
                Ok(Shown(text.to_owned()))
            }

            fn visit_bytes<E>(self, text: &[u8]) -> Result<Shown, E> {
                Ok(Shown(String::from_utf8_lossy(text).into_owned()))
            }
        }

        deserializer.deserialize_any(ShownVisitor)
    }
}

impl From<Flash> for (String, String) {
    fn from(flash: Flash) -> Self {
        (flash.category, flash.message)
    }
}

/// How often each message was shown.
type Times = HashMap<Flash, usize>;

/// What the request did to the messages, so that it can be done again on a newer record.
#[derive(Default)]
pub(crate) struct FlashLog {
    /// Messages of the record that were shown; each removes its first equal. Few requests have any.
    shown: Option<Box<Times>>,
    /// Messages that were added, which the last ones of the list are.
    added: Vec<Flash>,
    is_cleared: bool,
}

impl FlashLog {
    /// Forgets the messages along with all other data.
    pub(crate) fn clear(&mut self) {
        *self = Self { is_cleared: true, ..Self::default() };
    }

    /// Adds one message, in time that does not grow with the number of those before. What is no
    /// list gives way to one: it could never be shown.
    pub(crate) fn append(&mut self, data: &mut Data, flash: Flash) -> Result<()> {
        let limits = data.limits();
        if let Some(list) = data.list_mut(FLASHES) {
            list.add(&flash, limits)?;
        } else {
            let mut list = match data.peek(FLASHES).and_then(elements) {
                Some((messages, format)) => List::new(&messages, format, limits.format),
                None => List::new(&[], limits.format, limits.format),
            };
            list.add(&flash, limits)?;
            data.set_list(FLASHES, list);
        }
        self.added.push(flash);
        Ok(())
    }

    /// Takes all messages out, oldest first; what is no message stays where it is.
    pub(crate) fn take(&mut self, data: &mut Data) -> Vec<Flash> {
        let Some((value, format)) = data.peek(FLASHES) else { return Vec::new() };
        let (flashes, others) = match codec::decode(value, format) {
            Ok(flashes) => (flashes, None),
            Err(_) => messages(value, format, data.limits()),
        };
        if others.is_some() && flashes.is_empty() {
            return flashes;
        }
        let of_record = flashes.len().saturating_sub(self.added.len());
        for flash in &flashes[..of_record] {
            *self.shown.get_or_insert_default().entry(flash.clone()).or_default() += 1;
        }
        self.added.clear();
        match others {
            Some(others) => data.set_list(FLASHES, others),
            None => drop(data.remove(FLASHES, Intent::Derived)),
        }
        flashes
    }

    /// Does to the messages of a newer record what was done to those of the loaded one.
    pub(crate) fn replay(&self, data: &mut Data) -> Result<()> {
        if self.shown.is_none() && self.added.is_empty() && !self.is_cleared {
            return Ok(());
        }
        let limits = data.limits();
        let base = data.peek_base(FLASHES).filter(|_| !self.is_cleared);
        let mut list = match base.map(elements) {
            Some(Some((messages, format))) => {
                List::new(&self.remaining(messages, format), format, limits.format)
            }
            // No list, and nothing to put in its place.
            Some(None) if self.added.is_empty() => return Ok(()),
            _ => List::new(&[], limits.format, limits.format),
        };
        self.added.iter().try_for_each(|flash| list.add(flash, limits))?;
        if list.is_empty() {
            data.remove(FLASHES, Intent::Derived);
        } else {
            data.set_list(FLASHES, list);
        }
        Ok(())
    }

    /// Those messages of a record that were not shown yet.
    fn remaining<'l>(
        &self,
        mut messages: Vec<Cow<'l, [u8]>>,
        format: Format,
    ) -> Vec<Cow<'l, [u8]>> {
        let mut shown = self.shown.as_deref().cloned().unwrap_or_default();
        messages.retain(|message| {
            // What is no message was never shown.
            let flash = if shown.is_empty() { None } else { codec::decode(message, format).ok() };
            let twin = flash.and_then(|flash: Flash| shown.get_mut(&flash));
            match twin.filter(|times| **times > 0) {
                Some(times) => {
                    *times -= 1;
                    false
                }
                None => true,
            }
        });
        messages
    }
}

/// The elements of what may be a list, and their format.
fn elements((value, format): (&[u8], Format)) -> Option<(Vec<Cow<'_, [u8]>>, Format)> {
    codec::elements(value, format).ok().map(|elements| (elements, format))
}

/// The messages of a list that holds other things too, and those; no messages if it is no list.
#[cold]
fn messages(value: &[u8], format: Format, limits: Limits) -> (Vec<Flash>, Option<List>) {
    let mut elements = codec::elements(value, format).unwrap_or_default();
    let mut flashes = Vec::new();
    elements.retain(|element| match codec::decode(element, format) {
        Ok(flash) => {
            flashes.push(flash);
            false
        }
        Err(_) => true,
    });
    (flashes, Some(List::new(&elements, format, limits.format)))
}

#[cfg(test)]
mod tests;
