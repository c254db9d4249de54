//! Which node serves a key.

use redis::Value;
use std::sync::Arc;

/// Host and port of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address {
    pub(super) host: Arc<str>,
    pub(super) port: u16,
}

/// What one node says of the cluster.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Slots {
    /// In the order of slots.
    ranges: Vec<Range>,
    /// Those who may know more if no master answers.
    pub(super) replicas: Vec<Address>,
}

#[derive(Debug, PartialEq, Eq)]
struct Range {
    first: u16,
    last: u16,
    master: Address,
    /// The master's; empty from before Redis 4.
    id: Box<str>,
}

impl Slots {
    /// Reads the reply to `CLUSTER SLOTS` of a node that was reached at `host`.
    pub(super) fn read(replies: &[Value], host: &Arc<str>) -> Option<Self> {
        let [Value::Array(entries)] = replies else { return None };
        let mut slots = Self::default();
        for entry in entries {
            let Value::Array(entry) = entry else { return None };
            let [Value::Int(first), Value::Int(last), nodes @ ..] = &entry[..] else { return None };
            let id = nodes.first().and_then(id).unwrap_or_default().into();
            let mut nodes = nodes.iter().map(|node| address(node, host));
            let master = nodes.next()?;
            slots.replicas.extend(nodes.flatten());
            // A master whose address this node does not know: no one serves the slots, to it.
            let Some(master) = master else { continue };
            let (first, last) = (u16::try_from(*first).ok()?, u16::try_from(*last).ok()?);
            slots.ranges.push(Range { first, last, master, id });
        }
        slots.ranges.sort_by_key(|range| range.first);
        Some(slots)
    }

    pub(super) fn master(&self, slot: u16) -> Option<&Address> {
        let after = self.ranges.partition_point(|range| range.first <= slot);
        let range = self.ranges.get(after.checked_sub(1)?)?;
        (slot <= range.last).then_some(&range.master)
    }

    /// The master with this id.
    pub(super) fn by_id(&self, id: &str) -> Option<&Address> {
        self.ranges.iter().find(|range| &*range.id == id).map(|range| &range.master)
    }

    /// Once for each of its ranges.
    pub(super) fn masters(&self) -> impl Iterator<Item = &Address> {
        self.ranges.iter().map(|range| &range.master)
    }
}

impl Address {
    /// Reads `host:port` as a redirection has it; without a host it is `answering`.
    pub(super) fn read(text: &str, answering: &Arc<str>) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = match host.trim_matches(['[', ']']) {
            "" => answering.clone(),
            "?" => return None,
            host => host.into(),
        };
        Some(Self { host, port: port.parse().ok()? })
    }
}

/// Reads host, port and whatever follows.
fn address(node: &Value, answering: &Arc<str>) -> Option<Address> {
    let Value::Array(node) = node else { return None };
    let [host, Value::Int(port), ..] = &node[..] else { return None };
    let host = match host {
        Value::Nil => answering.clone(),
        Value::BulkString(host) => match std::str::from_utf8(host).ok()? {
            "" => answering.clone(),
            "?" => return None,
            host => host.into(),
        },
        _ => return None,
    };
    Some(Address { host, port: u16::try_from(*port).ok()? })
}

/// Reads the third part of a node.
fn id(node: &Value) -> Option<&str> {
    match node {
        Value::Array(node) => match &node[..] {
            [_, _, Value::BulkString(id), ..] => std::str::from_utf8(id).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The slot of a key: that of the text in its first braces, if there is any.
pub(super) fn slot(key: &[u8]) -> u16 {
    let tag = key.iter().position(|&byte| byte == b'{').and_then(|open| {
        let rest = &key[open + 1..];
        let length = rest.iter().position(|&byte| byte == b'}')?;
        (length > 0).then(|| &rest[..length])
    });
    crc16(tag.unwrap_or(key)) % 16_384
}

/// CRC-16/XMODEM, as the cluster specification has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        let crc = crc ^ (u16::from(byte) << 8);
        (0..8).fold(crc, |crc, _| (crc << 1) ^ if crc & 0x8000 == 0 { 0 } else { 0x1021 })
    })
}

#[cfg(test)]
mod tests {
    use super::{Address, Slots, crc16, slot};
    use redis::Value;
    use std::sync::Arc;

    fn node(host: Value, port: i64) -> Value {
        Value::Array(vec![host, Value::Int(port), Value::BulkString(format!("id{port}").into())])
    }

    fn host(name: &str) -> Value {
        Value::BulkString(name.into())
    }

    fn at(text: &str) -> Address {
        Address::read(text, &Arc::from("here")).unwrap()
    }

    #[test]
    fn slots_are_those_of_the_server() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        // CLUSTER KEYSLOT of a 7.0 server.
        for (key, expected) in [
            ("foo", 12_182),
            ("{foo}shard", 12_182),
            ("a{foo}{bar}", 12_182),
            ("foo{}{bar}", 8_363),
            ("foo{{bar}}zap", 4_015),
            ("{foo", slot(b"{foo")),
            ("", 0),
        ] {
            assert_eq!(slot(key.as_bytes()), expected, "{key}");
        }
        assert_ne!(slot(b"{foo"), slot(b"foo"));
    }

    #[test]
    fn map_names_a_master_for_each_slot_that_is_served() {
        let reply = Value::Array(vec![
            Value::Array(vec![Value::Int(100), Value::Int(200), node(host("b"), 2)]),
            Value::Array(vec![
                Value::Int(0),
                Value::Int(50),
                node(Value::Nil, 1),
                node(host("r"), 9),
            ]),
            Value::Array(vec![Value::Int(300), Value::Int(300), node(host("?"), 3)]),
            Value::Array(vec![Value::Int(301), Value::Int(16_383), node(host(""), 4)]),
        ]);
        let slots = Slots::read(&[reply], &Arc::from("here")).unwrap();
        for (slot, expected) in [
            (0, Some("here:1")),
            (50, Some("here:1")),
            (51, None),
            (100, Some("b:2")),
            (200, Some("b:2")),
            (201, None),
            (300, None),
            (16_383, Some("here:4")),
        ] {
            assert_eq!(slots.master(slot).cloned(), expected.map(at), "{slot}");
        }
        for (id, expected) in [("id1", Some("here:1")), ("id2", Some("b:2")), ("id9", None)] {
            assert_eq!(slots.by_id(id).cloned(), expected.map(at), "{id}");
        }
        assert_eq!(slots.replicas, [at("r:9")]);
    }

    #[test]
    fn other_replies_are_no_map() {
        for reply in [Value::Okay, Value::Array(vec![Value::Int(1)])] {
            assert_eq!(Slots::read(&[reply], &Arc::from("here")), None);
        }
    }

    #[test]
    fn redirections_name_an_address() {
        let here = Arc::from("here");
        for (text, expected) in [
            ("127.0.0.1:7001", Some(("127.0.0.1", 7001))),
            (":7001", Some(("here", 7001))),
            ("::1:7001", Some(("::1", 7001))),
            ("?:7001", None),
            ("host", None),
            ("host:port", None),
        ] {
            let expected = expected.map(|(host, port)| Address { host: host.into(), port });
            assert_eq!(Address::read(text, &here), expected, "{text}");
        }
    }
}
