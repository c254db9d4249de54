//! Where a scan stands: after a file, whose name is a digest and no credential.

use crate::disk::names::FileName;
use session_core::store::Cursor;
use std::hash::{BuildHasher as _, RandomState};

/// As text `SCAN:NAME`, the number in 16 digits of hex.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Tells a scan from others: what one of them has seen of the directory may be too old for the
    /// next, in which a session that was begun in between must be listed.
    pub(super) scan: u64,
    /// The last file that was looked at.
    pub(super) last: Option<FileName>,
}

impl Place {
    /// The begin of a new scan.
    pub(crate) fn begin() -> Self {
        Self { scan: RandomState::new().hash_one(()), last: None }
    }

    /// Reads a cursor's text; `None` if it is none of a directory.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (scan, name) = text.split_once(':')?;
        let is_number = scan.len() == 16 && scan.bytes().all(|byte| byte.is_ascii_hexdigit());
        let scan = u64::from_str_radix(scan, 16).ok().filter(|_| is_number)?;
        Some(Self { scan, last: Some(FileName::of_record(name)?) })
    }

    /// The same scan after `name`.
    pub(super) fn after(self, name: FileName) -> Self {
        Self { last: Some(name), ..self }
    }

    pub(super) fn cursor(&self) -> Cursor {
        let name = self.last.as_ref().map(FileName::as_str).unwrap_or_default();
        Cursor::new(format!("{:016x}:{name}", self.scan))
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::disk::names::FileName;

    #[test]
    fn place_is_what_its_text_says() {
        let name = FileName::of_record(&"0f".repeat(32)).unwrap();
        let place = Place { scan: 0xab, last: None }.after(name);
        let text = format!("00000000000000ab:{}", "0f".repeat(32));
        assert_eq!(place.cursor().as_str(), text);
        assert!(Place::read(&text) == Some(place));
        for other in ["", ":", "00000000000000ab:", "ab:", &text[1..], &text.replace("ab:", "+b:")]
        {
            assert!(Place::read(other).is_none(), "{other}");
        }
    }

    #[test]
    fn scans_have_numbers_of_their_own() {
        assert_ne!(Place::begin().scan, Place::begin().scan);
    }
}
