//! The bytes that `msgspec` writes.

use super::{copied, encoded, entries, transcoded, written};
use crate::Format::{self, Json, MessagePack};
use crate::Value;
use crate::{decode, detect, is_equal};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

#[derive(Deserialize)]
struct Vectors {
    written: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    msgpack: Option<String>,
    json: Option<String>,
    same: bool,
}

impl Vector {
    fn payloads(&self) -> impl Iterator<Item = (Format, Vec<u8>)> {
        let msgpack = self.msgpack.as_deref().map(|digits| (MessagePack, unhex(digits)));
        let json = self.json.as_deref().map(|text| (Json, text.as_bytes().to_vec()));
        msgpack.into_iter().chain(json)
    }
}

fn vectors() -> Vec<Vector> {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../tests/data/msgspec.json")).unwrap();
    assert!(vectors.written.len() > 50);
    vectors.written
}

pub(super) fn unhex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| (byte as char).to_digit(16).unwrap() as u8;
    digits.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

#[test]
fn payload_of_msgspec_is_indexed_and_rewritten_byte_for_byte() {
    for vector in vectors() {
        for (format, payload) in vector.payloads() {
            assert_eq!(detect(&payload), Ok(format), "{}", vector.name);
            let found = entries(&payload, format).unwrap();
            assert_eq!(written(&found, format), payload, "{} {format}", vector.name);
            for split in 0..=found.len() {
                assert_eq!(copied(&payload, format, split), payload, "{} {format}", vector.name);
            }
        }
    }
}

#[test]
fn value_of_msgspec_is_decoded_and_encoded_byte_for_byte() {
    for vector in vectors() {
        let is_wide = ["int_2p64", "int_i64min_m1"].contains(&vector.name.as_str());
        for (format, payload) in vector.payloads().filter(|_| !is_wide) {
            for (key, value) in entries(&payload, format).unwrap() {
                let decoded: Value = decode(&value, format).unwrap();
                assert_eq!(encoded(&decoded, format), value, "{} {key} {format}", vector.name);
            }
        }
    }
}

#[test]
fn value_of_msgspec_is_transcoded_as_msgspec_writes_it() {
    for vector in vectors().into_iter().filter(|vector| vector.same) {
        let payloads: Vec<_> = vector.payloads().collect();
        let (msgpack, json) = (&payloads[0].1, &payloads[1].1);
        let pairs = entries(msgpack, MessagePack).unwrap();
        for ((_, a), (_, b)) in pairs.into_iter().zip(entries(json, Json).unwrap()) {
            assert_eq!(transcoded(&a, MessagePack, Json).unwrap(), b, "{}", vector.name);
            assert_eq!(transcoded(&b, Json, MessagePack).unwrap(), a, "{}", vector.name);
            assert!(is_equal((&a, MessagePack), (&b, Json)), "{}", vector.name);
        }
    }
}

#[test]
fn typed_value_is_encoded_as_msgspec_writes_it() {
    #[derive(Serialize)]
    struct Cart {
        #[serde(rename = "sku-1")]
        first: u8,
        #[serde(rename = "sku-2")]
        second: Option<u32>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "lowercase")]
    enum Colour {
        Red,
        Rgb(u8, u8, u8),
    }
    let cart = Cart { first: 2, second: Some(1) };
    let table: &[(Vec<u8>, &str, &str)] = &[
        (encoded(&127_i64, MessagePack), "7f", "int_127"),
        (encoded(&128_u64, MessagePack), "cc80", "int_128"),
        (encoded(&-33_i32, MessagePack), "d0df", "int -33"),
        (encoded(&65_535_i128, MessagePack), "cdffff", "int_65535"),
        (encoded(&1.5, MessagePack), "cb3ff8000000000000", "float_1.5"),
        (encoded(&1.5_f32, MessagePack), "ca3fc00000", "f32 stays one"),
        (encoded(&cart, MessagePack), "82a5736b752d3102a5736b752d3201", "cart"),
        (encoded(&Colour::Red, MessagePack), "a3726564", "enum"),
        (encoded(&Colour::Rgb(1, 2, 3), MessagePack), "81a372676293010203", "tuple variant"),
        (encoded(&Ipv4Addr::LOCALHOST, MessagePack), "a93132372e302e302e31", "address"),
        (encoded(&BTreeMap::from([(1, true)]), MessagePack), "8101c3", "integer key"),
        (encoded(&(), MessagePack), "c0", "unit"),
    ];
    for (bytes, expected, name) in table {
        assert_eq!(*bytes, unhex(expected), "{name}");
    }
    assert_eq!(encoded(&cart, Json), br#"{"sku-1":2,"sku-2":1}"#);
}

#[test]
fn longest_text_has_the_header_of_msgspec() {
    let text = "x".repeat(65_536);
    let entry = |format| [("v".to_owned(), encoded(&text, format))];
    let msgpack = written(&entry(MessagePack), MessagePack);
    assert_eq!(msgpack, [&unhex("81a176db00010000")[..], text.as_bytes()].concat());
    let json = written(&entry(Json), Json);
    assert_eq!(json, [b"{\"v\":\"", text.as_bytes(), b"\"}"].concat());
}
