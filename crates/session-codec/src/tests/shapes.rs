//! What opening a record costs, whatever its shape: memory in proportion to it, and allocations
//! that are as many for a long record as for a short one.

use super::record::rewritten;
use crate::Format::{self, MessagePack};
use crate::detect;

/// As long as it makes a difference.
const LEN: usize = 200_000;

/// Bytes in use at a time for each byte of the record: a node of 24 for an opcode of one, half as
/// much again while a vector grows, the items and the stack, and what is written.
const PER_BYTE: u64 = 52;
/// Vectors double: a few reach any length.
const ALLOCATIONS: u64 = 120;

/// What a list is filled with: many values of few bytes, each of its kind.
const PICKLED: &[&[u8]] = &[
    b"N",
    b")",
    b"]",
    b"}",
    b"\x8f",
    b"K\x01",
    b"M\x01\x01",
    b"I1\n",
    b"F1\n",
    b"\x8a\x01\x05",
    b"\x8a\x09\0\0\0\0\0\0\0\0\x01",
    b"\x8c\0",
    b"\x8c\x01a",
    b"V\n",
    b"S''\n",
    b"C\0",
    b"N\x85",
    b")\x85",
    b"K\x01\x85",
    b"))\x86",
    b")))\x87",
    b"N\x85\x85\x85\x85\x85\x85\x85\x85",
    b"]Na",
    b"](Ne",
    b"](NNNNNNe",
    b"](](Nee",
    b"}NNs",
    b"}(NNu",
    b"(t",
    b"(l",
    b"(d",
    b"(Nt",
    b"(NNNNNNt",
    b"(\x91",
    b"\x8f(N\x90",
    b"N\x94",
    b"]\x94",
    b")\x94",
    b"Nq\0",
    b"Np1\n",
    b"cdatetime\ndate\nC\x04\x07\xe8\x01\x02\x85R",
    b"cdatetime\ntimedelta\nK\0K\0K\0\x87R",
    b"cbuiltins\nset\n]\x85R",
    b"cdecimal\nDecimal\nV1\n\x85R",
    b"cuuid\nUUID\n)\x81}Vint\nK\x01sb",
];

const TAGGED: &[&[u8]] = &[
    b"{\" t\":[]},",
    b"{\" t\":[1]},",
    b"{\" m\":\"\"},",
    b"{\" d\":\"Tue, 02 Jan 2024 03:04:05 GMT\"},",
    b"{\" u\":\"00000000000000000000000000000001\"},",
    b"{\" di\":{\" t__\":1}},",
    b"{\"a\":1},",
    b"[],",
    b"1,",
    b"\"\",",
];

/// A record whose only value is a list of `unit` again and again.
fn filled(head: &[u8], unit: &[u8], tail: &[u8], len: usize) -> Vec<u8> {
    [head, &unit.repeat(len / unit.len()), tail].concat()
}

#[track_caller]
fn assert_cheap(record: &[u8], unit: &[u8]) {
    let format = detect(record).unwrap();
    let mut is_open = false;
    let used = allocation_counter::measure(|| {
        is_open = rewritten(record, format, MessagePack, 64).is_ok_and(|opened| opened.is_some());
    });
    let name = unit.escape_ascii();
    assert!(is_open, "{name} is a value");
    assert!(used.count_total <= ALLOCATIONS, "{} allocations for {name}", used.count_total);
    let per_byte = used.bytes_max / record.len() as u64;
    assert!(per_byte <= PER_BYTE, "{per_byte} bytes for each of {name}");
}

#[test]
fn pickle_of_any_shape_takes_few_allocations_and_little_memory() {
    for unit in PICKLED {
        assert_cheap(&filled(b"\x80\x04}\x8c\x01v](", unit, b"es.", LEN), unit);
    }
}

#[test]
fn json_with_tags_of_any_shape_takes_few_allocations_and_little_memory() {
    for unit in TAGGED {
        assert_cheap(&filled(b"{\"t\":{\" t\":[]},\"v\":[", unit, b"1]}", LEN), unit);
    }
}

/// Two lists that are added to in turn have to move, one past the other; each is written as often
/// as it is referred to, which is too much in the end.
#[test]
fn lists_that_grow_by_turns_move_a_few_times_each() {
    let record = filled(b"\x80\x04}\x8c\x01v](]q\0]q\x01", b"h\0Nah\x01Na", b"es.", LEN);
    let used = allocation_counter::measure(|| {
        assert!(rewritten(&record, Format::Pickle, MessagePack, 64).is_err());
    });
    assert!(used.bytes_max / LEN as u64 <= PER_BYTE, "{} bytes", used.bytes_max);
    assert!(used.count_total <= ALLOCATIONS, "{} allocations", used.count_total);
}

/// Six items of four bytes for nine bytes of the record, half as much again while the vector grows
/// or for the one that is being read.
#[test]
fn collection_that_is_filled_at_once_takes_the_room_of_its_items() {
    let record = filled(b"\x80\x04}\x8c\x01v](", b"](NNNNNNe", b"es.", LEN);
    let used = allocation_counter::measure(|| {
        assert!(rewritten(&record, Format::Pickle, MessagePack, 64).is_ok());
    });
    assert!(used.bytes_max / LEN as u64 <= 12, "{} bytes", used.bytes_max);
}
