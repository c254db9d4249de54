//! Random operations on data and on a plain ordered map must agree.

use super::{LIMITS, get, is_clearable, keys, parse, record, set};
use crate::data::{Data, Intent};
use proptest::prelude::{Just, Strategy, any, prop, prop_assert, prop_assert_eq, proptest};
use proptest::prop_oneof;
use session_codec::{self as codec, Format, MapWriter};
use std::collections::BTreeMap;

/// Some share a filter bit, some are longer than a short header says.
const KEYS: [&str; 9] = [
    "a",
    "b",
    "_p",
    "ab",
    "ba",
    "",
    "ä",
    "a key of more than thirty-one bytes, so that its header has two of them",
    "a key of more than thirty-one bytes, so that its header has two of thm",
];

#[derive(Clone, Debug)]
enum Op {
    Read(&'static str),
    Set(&'static str, u32),
    Remove(&'static str),
    Clear,
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(KEYS.to_vec())
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        3 => key().prop_map(Op::Read),
        6 => (key(), prop_oneof![0..4u32, any::<u32>()]).prop_map(|(key, value)| Op::Set(key, value)),
        3 => key().prop_map(Op::Remove),
        1 => Just(Op::Clear),
    ];
    prop::collection::vec(op, 0..24)
}

/// Values that no encoder of ours would write: they survive only as bytes.
fn raw_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        (0..4u8).prop_map(|n| vec![n]),
        any::<u16>().prop_map(|n| [&[0xcf, 0, 0, 0, 0, 0, 0][..], &n.to_be_bytes()].concat()),
        any::<[u8; 4]>().prop_map(|bytes| [&[0xd6, 0xff][..], &bytes].concat()),
        Just(b"\xdc\x00\x02\xd9\x01x\xc0".to_vec()),
    ]
}

fn entries() -> impl Strategy<Value = BTreeMap<&'static str, Vec<u8>>> {
    prop::collection::btree_map(key(), raw_value(), 0..KEYS.len())
}

fn payload(entries: &BTreeMap<&str, Vec<u8>>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = MapWriter::begin(Format::MessagePack, entries.len(), &mut out);
    for (key, value) in entries {
        writer.entry(key, value);
    }
    writer.end();
    out
}

fn bytes_of(value: u32) -> Vec<u8> {
    let mut out = Vec::new();
    codec::encode(&value, Format::MessagePack, LIMITS.max_depth, &mut out).unwrap();
    out
}

/// The plain map, in order; a key that was removed keeps its place.
#[derive(Default)]
struct Model {
    cells: Vec<(String, Option<Vec<u8>>)>,
    written: BTreeMap<String, Option<Vec<u8>>>,
    is_cleared: bool,
}

impl Model {
    fn of(entries: &BTreeMap<&str, Vec<u8>>) -> Self {
        let cells = entries.iter().map(|(key, value)| ((*key).to_owned(), Some(value.clone())));
        Self { cells: cells.collect(), ..Self::default() }
    }

    fn put(&mut self, key: &str, value: Option<Vec<u8>>) {
        match self.cells.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value.clone(),
            None => self.cells.push((key.to_owned(), value.clone())),
        }
        self.written.insert(key.to_owned(), value);
    }

    fn value(&self, key: &str) -> Option<&Vec<u8>> {
        self.cells.iter().find(|(known, _)| known == key).and_then(|(_, value)| value.as_ref())
    }

    fn clear(&mut self) {
        for (key, value) in &mut self.cells {
            if !is_clearable(key) {
                *value = None;
                self.written.insert(key.clone(), None);
            }
        }
        self.is_cleared = true;
    }

    fn entries(&self) -> BTreeMap<&str, &Vec<u8>> {
        self.cells.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_ref()?))).collect()
    }
}

fn run(ops: &[Op], data: &mut Data, model: &mut Model) {
    for op in ops {
        match op {
            Op::Read(key) => {
                let value = data.read(key).map(|(value, _)| value.to_vec());
                assert_eq!(value.as_ref(), model.value(key));
            }
            Op::Set(key, value) => {
                let is_new = model.value(key) != Some(&bytes_of(*value));
                assert_eq!(set(data, key, value), is_new);
                if is_new {
                    model.put(key, Some(bytes_of(*value)));
                }
            }
            Op::Remove(key) => {
                assert_eq!(data.remove(key, Intent::Guarded), model.value(key).is_some());
                if model.value(key).is_some() {
                    model.put(key, None);
                }
            }
            Op::Clear => {
                data.clear(is_clearable);
                model.clear();
            }
        }
    }
}

fn raw_entries(data: &Data) -> BTreeMap<&str, Vec<u8>> {
    data.keys().map(|key| (key, data.peek(key).unwrap().0.to_vec())).collect()
}

fn agree(data: &Data, model: &Model) -> bool {
    let ours = raw_entries(data);
    ours.iter().map(|(key, value)| (*key, value)).eq(model.entries())
}

proptest! {
    #[test]
    fn data_agrees_with_a_plain_map(base in entries(), ops in ops()) {
        let mut data = parse(payload(&base));
        let mut model = Model::of(&base);
        run(&ops, &mut data, &mut model);
        prop_assert!(agree(&data, &model));
        let before: BTreeMap<&str, &Vec<u8>> = base.iter().map(|(key, value)| (*key, value)).collect();
        prop_assert_eq!(data.is_modified(), before != model.entries());
        // What was not touched comes back byte for byte, extensions and long headers too.
        let stored = parse(data.encode().unwrap());
        prop_assert!(agree(&stored, &model));
        prop_assert_eq!(keys(&stored), keys(&data));
    }

    #[test]
    fn replay_does_to_the_newer_record_what_was_done(base in entries(), ops in ops(), newer in entries()) {
        let mut data = parse(payload(&base));
        let mut model = Model::of(&base);
        run(&ops, &mut data, &mut model);
        let mut expected = Model::of(&newer);
        if model.is_cleared {
            expected.clear();
        }
        for (key, value) in &model.written {
            expected.put(key, value.clone());
        }
        let rebased = data.rebase(record(payload(&newer)), is_clearable).unwrap();
        prop_assert!(agree(&rebased, &expected));
        prop_assert!(agree(&parse(rebased.encode().unwrap()), &expected));
    }

    #[test]
    fn hostile_payloads_are_refused_or_survive_a_round_trip(bytes in any::<Vec<u8>>()) {
        if let Ok(data) = Data::parse(record(bytes), LIMITS) && data.base_format == LIMITS.format {
            let stored = parse(data.encode().unwrap());
            prop_assert_eq!(raw_entries(&stored), raw_entries(&data));
        }
    }

    #[test]
    fn repeated_keys_count_once(values in prop::collection::vec((key(), raw_value()), 0..12)) {
        let mut out = Vec::new();
        let mut writer = MapWriter::begin(Format::MessagePack, values.len(), &mut out);
        for (key, value) in &values {
            writer.entry(key, value);
        }
        writer.end();
        let mut data = parse(out);
        let last: BTreeMap<&str, Vec<u8>> = values.into_iter().collect();
        prop_assert_eq!(raw_entries(&data), last.clone());
        let stored = parse(data.encode().unwrap());
        prop_assert_eq!(raw_entries(&stored), last);
        set(&mut data, "b", 77);
        prop_assert_eq!(get(&parse(data.encode().unwrap()), "b"), Some(77));
    }
}
