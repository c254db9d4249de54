//! Where a scan stands, as text that holds no key.

use session_core::store::Cursor;

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// With the first node. As text `start`: a cluster is read once more.
    Start,
    /// In a node. As text `RUN:CURSOR` on one server, `PASS:ID:RUN:CURSOR` on a cluster; what is
    /// empty is left out between its colons.
    In(Node),
}

/// How far one node has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    /// Who served what when this pass over the nodes began; `None` if a slot has moved since.
    pub(super) pass: Option<String>,
    /// Its id; empty where there is one server.
    pub(super) id: String,
    /// The process of the server that handed out the cursor.
    pub(super) run: String,
    /// What `SCAN` returned; 0 is its begin.
    pub(super) cursor: u64,
}

const START: &str = "start";

impl Place {
    /// Reads a cursor's text; `None` if it is not one of such a link.
    pub(super) fn read(text: &str, is_cluster: bool) -> Option<Self> {
        if text == START {
            return is_cluster.then_some(Self::Start);
        }
        let parts: Vec<&str> = text.split(':').collect();
        let (pass, id, run, cursor) = match parts[..] {
            [run, cursor] if !is_cluster => ("", "", run, cursor),
            [pass, id, run, cursor] if is_cluster && !id.is_empty() => (pass, id, run, cursor),
            _ => return None,
        };
        let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if ![pass, id, run].into_iter().all(is_name) {
            return None;
        }
        let pass = (!pass.is_empty()).then(|| pass.to_owned());
        let cursor = cursor.parse().ok()?;
        Some(Self::In(Node { pass, id: id.to_owned(), run: run.to_owned(), cursor }))
    }

    pub(super) fn cursor(&self) -> Cursor {
        Cursor::new(match self {
            Self::Start => START.to_owned(),
            Self::In(Node { id, run, cursor, .. }) if id.is_empty() => format!("{run}:{cursor}"),
            Self::In(Node { pass, id, run, cursor }) => {
                format!("{}:{id}:{run}:{cursor}", pass.as_deref().unwrap_or_default())
            }
        })
    }
}

impl Node {
    /// The begin of a node, in a pass that began with `pass`.
    pub(super) fn begin(id: &str, pass: Option<&str>) -> Self {
        Self { pass: pass.map(str::to_owned), id: id.to_owned(), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, Place};

    #[test]
    fn place_is_what_its_text_says() {
        let alone = Node { run: "ab12".into(), cursor: u64::MAX, ..Node::default() };
        let known = Node { pass: Some("c0".into()), id: "e1".into(), ..alone.clone() };
        let moved = Node { pass: None, ..known.clone() };
        for (place, is_cluster, text) in [
            (Place::In(alone), false, "ab12:18446744073709551615"),
            (Place::In(known), true, "c0:e1:ab12:18446744073709551615"),
            (Place::In(moved), true, ":e1:ab12:18446744073709551615"),
            (Place::In(Node::begin("e1", Some("c0"))), true, "c0:e1::0"),
            (Place::Start, true, "start"),
        ] {
            assert_eq!(place.cursor().as_str(), text);
            assert_eq!(Place::read(text, is_cluster), Some(place));
            assert_eq!(Place::read(text, !is_cluster), None, "{text} is of another link");
        }
    }

    #[test]
    fn other_texts_are_no_places() {
        for text in ["", ":", "-1", "ab:-1", "ab:18446744073709551616", "a b:1", "ab:1:", "é:1"] {
            assert_eq!(Place::read(text, false), None, "{text}");
        }
        for text in ["", ":::0", "c0::ab:1", "c0:e1:ab:x", "c0:e/1:ab:1", "c0:e1:ab:1:1"] {
            assert_eq!(Place::read(text, true), None, "{text}");
        }
    }
}
