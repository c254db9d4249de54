//! The table.

use session_testkit::Calls;

/// One kind of request.
pub(crate) struct Row {
    pub(crate) request: &'static str,
    /// Where the browser has been before.
    pub(crate) before: &'static [&'static str],
    pub(crate) path: &'static str,
    pub(crate) renewal: Renewal,
    pub(crate) calls: Calls,
    /// The commands that Redis runs, those of scripts included.
    pub(crate) redis: &'static [(&'static str, u64)],
}

/// When the session's lease is to be renewed.
pub(crate) enum Renewal {
    Later,
    Due,
}

const NONE: Calls =
    Calls { load: 0, write: 0, touch: 0, delete: 0, list_by_owner: 0, delete_expired: 0 };
const LOAD: Calls = Calls { load: 1, ..NONE };

pub(crate) const ROWS: &[Row] = &[
    Row {
        request: "does not touch the session",
        before: &["/set/1"],
        path: "/plain",
        renewal: Renewal::Due,
        calls: NONE,
        redis: &[],
    },
    Row {
        request: "first visit, reads only",
        before: &[],
        path: "/read",
        renewal: Renewal::Due,
        calls: NONE,
        redis: &[],
    },
    Row {
        request: "first visit, writes",
        before: &[],
        path: "/set/1",
        renewal: Renewal::Later,
        calls: Calls { write: 1, ..NONE },
        redis: &[("set", 1)],
    },
    Row {
        request: "reads",
        before: &["/set/1"],
        path: "/read",
        renewal: Renewal::Later,
        calls: LOAD,
        redis: &[("get", 1), ("pttl", 1)],
    },
    Row {
        request: "writes an equal value",
        before: &["/set/1"],
        path: "/set/1",
        renewal: Renewal::Later,
        calls: LOAD,
        redis: &[("get", 1), ("pttl", 1)],
    },
    Row {
        request: "reads, renewal due",
        before: &["/set/1"],
        path: "/read",
        renewal: Renewal::Due,
        calls: Calls { touch: 1, ..LOAD },
        redis: &[("get", 2), ("pttl", 1), ("evalsha", 1), ("pexpire", 1)],
    },
    Row {
        request: "changes a value",
        before: &["/set/1"],
        path: "/set/2",
        renewal: Renewal::Later,
        calls: Calls { write: 1, ..LOAD },
        redis: &[("get", 2), ("pttl", 1), ("evalsha", 1), ("set", 1)],
    },
    Row {
        request: "logs out",
        before: &["/set/1"],
        path: "/logout",
        renewal: Renewal::Later,
        calls: Calls { delete: 1, ..LOAD },
        redis: &[("get", 1), ("pttl", 1), ("del", 1)],
    },
    Row {
        request: "logs in",
        before: &["/set/1"],
        path: "/login",
        renewal: Renewal::Later,
        calls: Calls { write: 1, delete: 1, ..LOAD },
        redis: &[("get", 2), ("pttl", 1), ("set", 1), ("evalsha", 1), ("del", 1)],
    },
];
