//! The table.

/// One kind of request.
pub(crate) struct Row {
    pub(crate) request: &'static str,
    /// Where the browser has been before.
    pub(crate) before: &'static [&'static str],
    pub(crate) path: &'static str,
    pub(crate) renewal: Renewal,
    pub(crate) round_trips: usize,
    /// What the server runs, the calls of scripts included.
    pub(crate) commands: &'static [(&'static str, u64)],
}

/// When the session's lease is to be renewed.
pub(crate) enum Renewal {
    Later,
    Due,
}

pub(crate) const ROWS: &[Row] = &[
    Row {
        request: "does not touch the session",
        before: &["/set/1"],
        path: "/plain",
        renewal: Renewal::Due,
        round_trips: 0,
        commands: &[],
    },
    Row {
        request: "first visit, reads only",
        before: &[],
        path: "/read",
        renewal: Renewal::Due,
        round_trips: 0,
        commands: &[],
    },
    Row {
        request: "first visit, writes",
        before: &[],
        path: "/set/1",
        renewal: Renewal::Later,
        round_trips: 1,
        commands: &[("set", 1)],
    },
    Row {
        request: "reads",
        before: &["/set/1"],
        path: "/read",
        renewal: Renewal::Later,
        round_trips: 1,
        commands: &[("get", 1), ("pttl", 1)],
    },
    Row {
        request: "writes an equal value",
        before: &["/set/1"],
        path: "/set/1",
        renewal: Renewal::Later,
        round_trips: 1,
        commands: &[("get", 1), ("pttl", 1)],
    },
    Row {
        request: "reads, renewal due",
        before: &["/set/1"],
        path: "/read",
        renewal: Renewal::Due,
        round_trips: 2,
        commands: &[("get", 2), ("pttl", 1), ("evalsha", 1), ("pexpire", 1)],
    },
    Row {
        request: "changes a value",
        before: &["/set/1"],
        path: "/set/2",
        renewal: Renewal::Later,
        round_trips: 2,
        commands: &[("get", 2), ("pttl", 1), ("evalsha", 1), ("set", 1)],
    },
    Row {
        request: "logs out",
        before: &["/set/1"],
        path: "/logout",
        renewal: Renewal::Later,
        round_trips: 2,
        commands: &[("get", 2), ("pttl", 1), ("evalsha", 1), ("del", 1)],
    },
    Row {
        request: "logs in",
        before: &["/set/1"],
        path: "/login",
        renewal: Renewal::Later,
        round_trips: 3,
        commands: &[("get", 2), ("pttl", 1), ("set", 2), ("evalsha", 1)],
    },
];
