//! The decision of a request: one of eight words, from which all writing hangs.

/// What the request must do to the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Plan {
    /// No call.
    Nothing,
    /// Write a first record, under a new id.
    Create,
    /// Write over the loaded record.
    Update,
    /// Renew the lease of the loaded record.
    Touch,
    /// Write the loaded record, or over it, under the key that is written now, and end the old one.
    Rekey,
    /// Write under a new id and end the old one.
    Move,
    /// End the loaded record.
    Delete,
    /// Store nothing and say that the session is under another id now.
    Refuse,
}

#[cfg(any(feature = "metrics", feature = "spans"))]
impl Plan {
    /// Every word, in the order of declaration.
    #[cfg(feature = "metrics")]
    pub(crate) const ALL: [Self; 8] = [
        Self::Nothing,
        Self::Create,
        Self::Update,
        Self::Touch,
        Self::Rekey,
        Self::Move,
        Self::Delete,
        Self::Refuse,
    ];

    /// The word, as metrics and spans label it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Create => "create",
            Self::Update => "update",
            Self::Touch => "touch",
            Self::Rekey => "rekey",
            Self::Move => "move",
            Self::Delete => "delete",
            Self::Refuse => "refuse",
        }
    }
}

/// What the handler asked to become of the session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Fate {
    /// Goes on under its id.
    #[default]
    Keep,
    /// Goes on under a new id.
    Regenerate,
    /// Ends; what is written afterwards begins another.
    End,
}

/// Where the session came from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Origin {
    /// No live record.
    Fresh,
    /// No live record, as the session has moved to an id that the request did not send.
    Moved,
    /// Live records under several ids, of which none is believed: they are left alone, except by a
    /// logout.
    Several,
    /// A record that cannot be decoded: it is left alone, except by a logout.
    Undecodable,
    /// A live record.
    Stored,
}

/// All that the decision depends on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    pub origin: Origin,
    pub fate: Fate,
    /// The next payload would differ from the loaded one.
    pub is_modified: bool,
    /// There is more than reserved keys.
    pub has_content: bool,
    /// The value under the owner key is another than in the loaded record.
    pub is_owner_changed: bool,
    pub is_renewal_due: bool,
    /// The record is under a key that is not written any more, and the request renews it, or has.
    pub is_rekey_due: bool,
}

/// Decides what a request does to the store.
///
/// What was written after the end of a session follows its `Delete` as a `Create`.
pub(crate) fn plan(facts: &Facts) -> Plan {
    match (facts.origin, facts.fate) {
        (Origin::Stored | Origin::Several | Origin::Undecodable, Fate::End) => Plan::Delete,
        (Origin::Moved, Fate::End) if !facts.is_owner_changed => Plan::Refuse,
        (Origin::Stored, Fate::Regenerate) => Plan::Move,
        (Origin::Stored, Fate::Keep) if facts.is_owner_changed => Plan::Move,
        (Origin::Stored, Fate::Keep) if facts.is_rekey_due => Plan::Rekey,
        (Origin::Stored, Fate::Keep) if facts.is_modified => Plan::Update,
        (Origin::Stored, Fate::Keep) if facts.is_renewal_due => Plan::Touch,
        (Origin::Stored, Fate::Keep) => Plan::Nothing,
        _ if !(facts.is_modified && facts.has_content) => Plan::Nothing,
        // A sign-in is the visitor's latest word, also one whose response was lost or sent twice.
        (Origin::Moved, _) if !facts.is_owner_changed => Plan::Refuse,
        (Origin::Fresh | Origin::Moved | Origin::Several | Origin::Undecodable, _) => Plan::Create,
    }
}

#[cfg(test)]
mod tests {
    use super::{Facts, Fate, Origin, Plan, plan};

    const READ: Facts = Facts {
        origin: Origin::Stored,
        fate: Fate::Keep,
        is_modified: false,
        has_content: true,
        is_owner_changed: false,
        is_renewal_due: false,
        is_rekey_due: false,
    };
    const WRITE: Facts = Facts { is_modified: true, ..READ };

    #[test]
    fn every_request_gets_its_word() {
        let fresh = Facts { origin: Origin::Fresh, ..READ };
        let fresh_write = Facts { origin: Origin::Fresh, ..WRITE };
        let broken = Facts { origin: Origin::Undecodable, ..READ };
        let several = Facts { origin: Origin::Several, ..READ };
        let moved = Facts { origin: Origin::Moved, ..READ };
        let table = [
            ("reads a stored session", READ, Plan::Nothing),
            ("reads, renewal due", Facts { is_renewal_due: true, ..READ }, Plan::Touch),
            ("writes", WRITE, Plan::Update),
            ("writes, renewal due", Facts { is_renewal_due: true, ..WRITE }, Plan::Update),
            (
                "reads in an old place, renewal due",
                Facts { is_rekey_due: true, ..READ },
                Plan::Rekey,
            ),
            ("writes in an old place", Facts { is_rekey_due: true, ..WRITE }, Plan::Rekey),
            (
                "signs in in an old place",
                Facts { is_rekey_due: true, is_owner_changed: true, ..WRITE },
                Plan::Move,
            ),
            (
                "logs out in an old place",
                Facts { is_rekey_due: true, fate: Fate::End, ..READ },
                Plan::Delete,
            ),
            ("clears", Facts { has_content: false, ..WRITE }, Plan::Update),
            ("regenerates", Facts { fate: Fate::Regenerate, ..READ }, Plan::Move),
            ("signs in", Facts { is_owner_changed: true, ..WRITE }, Plan::Move),
            ("logs out", Facts { fate: Fate::End, ..READ }, Plan::Delete),
            ("writes, then logs out", Facts { fate: Fate::End, ..WRITE }, Plan::Delete),
            (
                "signs in, then logs out",
                Facts { fate: Fate::End, is_owner_changed: true, ..WRITE },
                Plan::Delete,
            ),
            ("first visit, reads", fresh, Plan::Nothing),
            ("first visit, writes", fresh_write, Plan::Create),
            (
                "first visit, signs in",
                Facts { is_owner_changed: true, ..fresh_write },
                Plan::Create,
            ),
            ("first visit, regenerates", Facts { fate: Fate::Regenerate, ..fresh }, Plan::Nothing),
            (
                "first visit, sets reserved keys only",
                Facts { has_content: false, ..fresh_write },
                Plan::Nothing,
            ),
            ("first visit, logs out", Facts { fate: Fate::End, ..fresh }, Plan::Nothing),
            (
                "first visit, logs out, then writes",
                Facts { fate: Fate::End, ..fresh_write },
                Plan::Create,
            ),
            ("undecodable, reads", broken, Plan::Nothing),
            ("undecodable, writes", Facts { is_modified: true, ..broken }, Plan::Create),
            ("undecodable, logs out", Facts { fate: Fate::End, ..broken }, Plan::Delete),
            ("several, reads", several, Plan::Nothing),
            ("several, writes", Facts { is_modified: true, ..several }, Plan::Create),
            ("several, logs out", Facts { fate: Fate::End, ..several }, Plan::Delete),
            ("moved, reads", moved, Plan::Nothing),
            ("moved, writes", Facts { is_modified: true, ..moved }, Plan::Refuse),
            (
                "moved, signs in",
                Facts { is_modified: true, is_owner_changed: true, ..moved },
                Plan::Create,
            ),
            ("moved, regenerates", Facts { fate: Fate::Regenerate, ..moved }, Plan::Nothing),
            ("moved, logs out", Facts { fate: Fate::End, ..moved }, Plan::Refuse),
            (
                "moved, logs out, then writes",
                Facts { fate: Fate::End, is_modified: true, ..moved },
                Plan::Refuse,
            ),
            (
                "moved, logs out, then signs in",
                Facts { fate: Fate::End, is_modified: true, is_owner_changed: true, ..moved },
                Plan::Create,
            ),
        ];
        for (request, facts, word) in table {
            assert_eq!(plan(&facts), word, "{request}");
        }
    }
}
