//! What a commit says to the client and to caches.

use crate::cookie::Head;
use crate::request::context::Context;
use std::fmt;
use std::sync::Arc;

/// What the response must say about the session.
///
/// [`apply`](Self::apply) says all of it. It holds the session's id, so `Debug` shows only whether
/// there is one.
#[derive(Default, Clone)]
pub struct Commit {
    /// Without one the session was not asked for.
    context: Option<Arc<Context>>,
    id_field: Option<Box<str>>,
    removes_former: bool,
}

impl Commit {
    /// Says that the session was asked for, and changes the client's copy of the id, if there is a
    /// field that does.
    pub(crate) fn of(context: &Arc<Context>, id_field: Option<Box<str>>) -> Self {
        Self { context: Some(Arc::clone(context)), id_field, removes_former: false }
    }

    /// Removes the id from its former place, if there is one at its present.
    pub(crate) fn removing_former(mut self) -> Self {
        self.removes_former = self.id_field.is_some();
        self
    }

    /// The value of the `Set-Cookie` field that gives the client its id or takes it away, if the
    /// client's copy must change; under `SESSION_TRANSPORT=header` that of the field of ids. For
    /// scripts and tests, which have no response.
    pub fn id_field(&self) -> Option<&str> {
        self.id_field.as_deref()
    }

    /// Adds to a response all that it must say: the fields that change the client's copy of the id,
    /// which they keep out of shared caches, and `Vary`, if the session was asked for.
    ///
    /// A commit that was applied to one response can be applied to another.
    pub fn apply(&self, head: &mut impl Head) {
        let Some(context) = &self.context else { return };
        context.carrier.say(head, self.id_field.as_deref(), self.removes_former);
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit")
            .field("is_asked", &self.context.is_some())
            .field("has_id_field", &self.id_field.is_some())
            .finish_non_exhaustive()
    }
}
