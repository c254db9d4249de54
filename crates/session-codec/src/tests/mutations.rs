//! Every vector with one byte changed or its end cut off: read as data or refused, in little memory.

use super::record::{opened_anyhow, rewritten};
use super::vectors::unhex;
use super::{FORMATS, transcoded};
use crate::Format::{MessagePack, Pickle};
use crate::Value;
use crate::{decode, encode};
use serde::Deserialize;

#[derive(Deserialize)]
struct Pickles {
    sessions: Vec<Hex>,
    values: Vec<Single>,
}

#[derive(Deserialize)]
struct Hex {
    pickle: String,
}

#[derive(Deserialize)]
struct Single {
    pickles: Vec<String>,
}

#[derive(Deserialize)]
struct Tagged {
    written: Vec<Text>,
}

#[derive(Deserialize)]
struct Text {
    tagged: String,
}

fn pickles() -> Pickles {
    serde_json::from_str(include_str!("../../tests/data/pickle.json")).unwrap()
}

/// The most memory in use at a time, for each byte of a payload: a node of 24 bytes for an opcode
/// of one, half as much again while a vector grows, the stack and the memo beside it, and here
/// what the values are turned into.
const PER_BYTE: u64 = 160;
/// What a short payload may take beside: what it shares may be repeated in 64 KiB, which doubles
/// while it grows and is there once more in the format that it is turned into.
const BESIDE: u64 = 512 * 1024;

/// Reads `payload` and all that is in it; what is read is written and read again.
fn read(payload: &[u8]) {
    let used = allocation_counter::measure(|| read_all(payload)).bytes_max;
    let start = &payload[..payload.len().min(64)];
    assert!(used <= BESIDE + PER_BYTE * payload.len() as u64, "{used} of {start:x?}");
}

fn read_all(payload: &[u8]) {
    let Some((entries, format)) = opened_anyhow(payload, MessagePack) else { return };
    for (_, value) in entries {
        match decode::<Value>(&value, format) {
            Ok(decoded) => drop(encode(&decoded, format, 128, &mut Vec::new())),
            // Escapes of JSON are not looked at before a value is asked for.
            Err(_) => assert_ne!(format, Pickle),
        }
        for to in FORMATS {
            if format == to && format != Pickle {
                continue;
            }
            let Ok(other) = transcoded(&value, format, to) else { continue };
            decode::<Value>(&other, to).expect("what is written is read");
            if format == Pickle && to == Pickle {
                let again = [b"\x80\x04}\x8c\x01v", &other[..], b"s."].concat();
                let again = rewritten(&again, Pickle, Pickle, 128).unwrap().unwrap();
                assert_eq!(again.entries[0].1.of(&again.payload), other);
            }
        }
    }
}

fn mutate(payload: &[u8], changes: impl Iterator<Item = u8> + Clone) {
    read(payload);
    for at in 0..payload.len() {
        read(&payload[..at]);
        let mut mutated = payload.to_vec();
        for change in changes.clone() {
            mutated[at] = payload[at] ^ change;
            read(&mutated);
        }
    }
}

fn bits() -> impl Iterator<Item = u8> + Clone {
    (0..8).map(|bit| 1 << bit)
}

#[test]
fn changed_pickle_of_a_session_is_data_or_refused() {
    let mut sessions = pickles().sessions;
    sessions.dedup_by(|a, b| a.pickle[4..] == b.pickle[4..]);
    for session in sessions {
        mutate(&unhex(&session.pickle), [0x01, 0x20, 0x80].into_iter());
    }
}

#[test]
fn changed_pickle_of_a_value_is_data_or_refused() {
    for pickle in pickles().values.iter().flat_map(|value| &value.pickles) {
        let payload = super::pickles::wrapped(&unhex(pickle));
        if payload.len() < 200 {
            mutate(&payload, bits());
        }
    }
}

#[test]
fn every_opcode_in_place_of_every_byte_is_data_or_refused() {
    let smallest = pickles().sessions.into_iter().map(|session| unhex(&session.pickle));
    for payload in smallest.filter(|payload| payload.len() < 60) {
        mutate(&payload, 1..=255);
    }
}

#[test]
fn changed_json_of_flask_is_data_or_refused() {
    let tagged: Tagged =
        serde_json::from_str(include_str!("../../tests/data/tagged.json")).unwrap();
    for text in tagged.written.iter().filter(|text| text.tagged.len() < 200) {
        mutate(text.tagged.as_bytes(), bits());
    }
}

#[test]
fn longest_runs_of_cheap_opcodes_stay_in_little_memory() {
    for opcode in [b"]", b")", b"}", b"(", b"N", b"\x8f"] {
        let run = opcode.repeat(100_000);
        read(&[b"\x80\x04", &run[..], b"."].concat());
        read(&[b"\x80\x04}(\x8c\x01v(", &run[..], b"tu."].concat());
        read(&[b"\x80\x04}\x8c\x01v", &opcode[..], &b"\x94".repeat(100_000), b"s."].concat());
    }
}
