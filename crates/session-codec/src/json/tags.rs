//! The tags by which Flask's `TaggedJSONSerializer` says what JSON has no type for.

/// Whether JSON has anything that Flask wrote as a tag: an object of one entry.
///
/// Flask's JSON has no white space. Within a string the quotes would be escaped, so that what
/// looks like an object of a tag is one.
pub(crate) fn is_tagged(payload: &[u8]) -> bool {
    const MARKS: [&[u8]; 6] = [b" t\":", b" b\":", b" m\":", b" u\":", b" d\":", b" di\":"];
    let mut rest = payload;
    while let Some(at) = rest.windows(2).position(|pair| pair == b"{\"") {
        rest = &rest[at + 2..];
        if MARKS.iter().any(|mark| rest.starts_with(mark)) {
            return true;
        }
    }
    false
}
