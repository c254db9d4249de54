//! An empty map that is told from every other.

use crate::Format;

const MESSAGE_PACK: &[u8] = b"\xde\0\0";
const JSON: &[u8] = b"{ }";
const PICKLE: &[u8] = b"\x80\x04}\x94\x94.";

/// An empty map in a spelling that no serializer writes, so that it can stand for something: whoever
/// does not know sees an empty session.
///
/// A map with a wide length in MessagePack, a blank in JSON, a dictionary that is memoized twice in a
/// pickle.
pub fn trace(format: Format) -> &'static [u8] {
    match format {
        Format::MessagePack => MESSAGE_PACK,
        #[cfg(feature = "json")]
        Format::Json => JSON,
        #[cfg(feature = "flask")]
        Format::Pickle => PICKLE,
    }
}

/// Whether `payload` is that map, in any format; in MessagePack more may follow, which makes it no
/// payload to whoever does not know.
#[inline]
pub fn is_trace(payload: &[u8]) -> bool {
    payload.starts_with(MESSAGE_PACK)
        || payload.len() <= PICKLE.len() && [JSON, PICKLE].contains(&payload)
}

#[cfg(test)]
mod tests {
    use super::{is_trace, trace};
    use crate::{DEPTH_CEILING, Format, MapWriter, detect, index, open};

    #[test]
    fn trace_is_an_empty_session_and_no_empty_session_is_a_trace() {
        let mut formats = vec![Format::MessagePack];
        #[cfg(feature = "json")]
        formats.push(Format::Json);
        #[cfg(feature = "flask")]
        formats.push(Format::Pickle);
        for format in formats {
            let trace = trace(format);
            assert_eq!(detect(trace).unwrap(), format);
            let depth = DEPTH_CEILING;
            let opened = open(trace, format, format, depth, 100).unwrap();
            match opened {
                Some(opened) => assert!(opened.entries.is_empty()),
                None => index(trace, format, depth, |_, _| panic!("an entry")).unwrap(),
            }
            let mut empty = Vec::new();
            MapWriter::begin(format, 0, &mut empty).end();
            assert!(is_trace(trace) && !is_trace(&empty), "{format:?}");
        }
        for python in [&b"\x80"[..], b"{}", b"\x80\x04}\x94.", b"}q\0.", b""] {
            assert!(!is_trace(python));
        }
    }
}
