//! Values that are cheap to look at.

use std::borrow::Cow;

/// A value that is neither a container nor binary, null or a float.
pub(crate) enum Scalar<'a> {
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Text(Cow<'a, str>),
}

impl Scalar<'_> {
    #[inline]
    pub(crate) fn signed(number: i64) -> Self {
        u64::try_from(number).map_or(Self::Negative(number), Self::Unsigned)
    }
}
