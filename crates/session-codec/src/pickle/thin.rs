//! What is borrowed from a pickle or owned, in two words where `Cow` takes three: values are many.

use std::borrow::Cow;
use std::fmt::Debug;
use std::ops::Deref;

/// A `Cow` whose owned side is boxed.
#[derive(Debug)]
pub(super) enum Thin<'p, B>
where
    B: ToOwned<Owned: Debug> + Debug + ?Sized,
{
    Borrowed(&'p B),
    Owned(Box<B::Owned>),
}

impl<B> Deref for Thin<'_, B>
where
    B: ToOwned<Owned: Debug> + Debug + ?Sized,
{
    type Target = B;

    fn deref(&self) -> &B {
        use std::borrow::Borrow as _;
        match self {
            Self::Borrowed(borrowed) => borrowed,
            Self::Owned(owned) => (**owned).borrow(),
        }
    }
}

impl<'p, B> From<Cow<'p, B>> for Thin<'p, B>
where
    B: ToOwned<Owned: Debug> + Debug + ?Sized,
{
    fn from(cow: Cow<'p, B>) -> Self {
        match cow {
            Cow::Borrowed(borrowed) => Self::Borrowed(borrowed),
            Cow::Owned(owned) => Self::Owned(Box::new(owned)),
        }
    }
}
