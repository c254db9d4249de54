//! Values as MessagePack, each in its smallest form.

use super::write_wide_header;

/// Appends an integer in its smallest form.
pub(crate) fn write_int(number: i64, out: &mut Vec<u8>) {
    if let Ok(number) = u64::try_from(number) {
        write_unsigned(number, out);
    } else if number >= -32 {
        out.push(number as u8);
    } else if let Ok(number) = i8::try_from(number) {
        out.extend_from_slice(&[0xd0, number as u8]);
    } else if let Ok(number) = i16::try_from(number) {
        out.push(0xd1);
        out.extend_from_slice(&number.to_be_bytes());
    } else if let Ok(number) = i32::try_from(number) {
        out.push(0xd2);
        out.extend_from_slice(&number.to_be_bytes());
    } else {
        out.push(0xd3);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// Appends an integer that is not negative in its smallest form.
pub(crate) fn write_unsigned(number: u64, out: &mut Vec<u8>) {
    if number < 0x80 {
        out.push(number as u8);
    } else if let Ok(number) = u8::try_from(number) {
        out.extend_from_slice(&[0xcc, number]);
    } else if let Ok(number) = u16::try_from(number) {
        out.push(0xcd);
        out.extend_from_slice(&number.to_be_bytes());
    } else if let Ok(number) = u32::try_from(number) {
        out.push(0xce);
        out.extend_from_slice(&number.to_be_bytes());
    } else {
        out.push(0xcf);
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// Appends bytes with their smallest header.
pub(crate) fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    match u8::try_from(bytes.len()) {
        Ok(len) => out.extend_from_slice(&[0xc4, len]),
        Err(_) => write_wide_header([0xc5, 0xc6], bytes.len(), out),
    }
    out.extend_from_slice(bytes);
}

/// Appends an extension of at most 255 bytes with its smallest header.
pub(crate) fn write_extension(kind: i8, bytes: &[u8], out: &mut Vec<u8>) {
    match bytes.len() {
        len @ (1 | 2 | 4 | 8 | 16) => out.push(0xd4 + len.trailing_zeros() as u8),
        len => out.extend_from_slice(&[0xc7, len as u8]),
    }
    out.push(kind as u8);
    out.extend_from_slice(bytes);
}
