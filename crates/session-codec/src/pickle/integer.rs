//! Integers of any width: little-endian two's complement, as pickles write them, and decimals.

/// The widest integer that is read: 4,300 decimal digits, where Python itself stops converting.
pub(super) const MAX_BYTES: usize = 1_786;
const MAX_DIGITS: usize = 4_300;

/// The bytes that `number` needs, sign bit included; none for 0.
pub(super) fn trim(mut number: &[u8]) -> &[u8] {
    while let [rest @ .., last] = number {
        let sign = rest.last().map_or(0, |byte| byte >> 7);
        let is_needed = match (*last, sign) {
            (0x00, 0) => false,
            (0xff, 1) => rest.is_empty(),
            _ => true,
        };
        if is_needed {
            break;
        }
        number = rest;
    }
    number
}

/// The number, if it has at most 128 bits.
pub(super) fn narrow(number: &[u8]) -> Option<i128> {
    if number.len() > 16 {
        return None;
    }
    let fill = if number.last().is_some_and(|byte| byte >> 7 == 1) { 0xff } else { 0 };
    let mut bytes = [fill; 16];
    bytes[..number.len()].copy_from_slice(number);
    Some(i128::from_le_bytes(bytes))
}

/// Reads a sign and decimal digits; `None` if it is anything else, or too long.
pub(super) fn parse(text: &[u8]) -> Option<Vec<u8>> {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] | digits => (false, digits),
    };
    if !(1..=MAX_DIGITS).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut limbs: Vec<u32> = Vec::with_capacity(digits.len() / 9 + 1);
    for chunk in digits.chunks(9) {
        let base = 10_u64.pow(chunk.len() as u32);
        let mut carry = chunk.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        for limb in &mut limbs {
            carry += u64::from(*limb) * base;
            *limb = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            limbs.push(carry as u32);
        }
    }
    let mut bytes: Vec<u8> = limbs.iter().flat_map(|limb| limb.to_le_bytes()).collect();
    bytes.push(0);
    if is_negative {
        negate(&mut bytes);
    }
    bytes.truncate(trim(&bytes).len());
    Some(bytes)
}

/// The number in decimals.
pub(super) fn decimal(number: &[u8]) -> String {
    let is_negative = number.last().is_some_and(|byte| byte >> 7 == 1);
    let mut bytes = number.to_vec();
    if is_negative {
        // One more byte, for the negative number that has no positive twin of its width.
        bytes.push(0xff);
        negate(&mut bytes);
    }
    let mut limbs: Vec<u32> = bytes
        .chunks(4)
        .map(|chunk| chunk.iter().rev().fold(0, |limb, byte| limb << 8 | u32::from(*byte)))
        .collect();
    let mut chunks = Vec::new();
    while let Some(last) = limbs.last() {
        if *last == 0 {
            limbs.pop();
            continue;
        }
        let mut rest = 0;
        for limb in limbs.iter_mut().rev() {
            let part = rest << 32 | u64::from(*limb);
            *limb = (part / 1_000_000_000) as u32;
            rest = part % 1_000_000_000;
        }
        chunks.push(rest);
    }
    let sign = if is_negative { "-" } else { "" };
    let mut text = format!("{sign}{}", chunks.pop().unwrap_or(0));
    for chunk in chunks.iter().rev() {
        text.push_str(&format!("{chunk:09}"));
    }
    text
}

fn negate(number: &mut [u8]) {
    let mut carry = true;
    for byte in number {
        (*byte, carry) = (!*byte).overflowing_add(carry.into());
    }
}

#[cfg(test)]
mod tests {
    use super::{decimal, narrow, parse, trim};

    #[test]
    fn decimals_are_read_and_written() {
        for number in [0, 1, -1, 127, 128, -128, -129, 255, 1 << 40, i128::MAX, i128::MIN] {
            let bytes = parse(number.to_string().as_bytes()).unwrap();
            assert_eq!(narrow(&bytes), Some(number));
            assert_eq!(decimal(&bytes), number.to_string());
            assert_eq!(trim(&number.to_le_bytes()), bytes);
        }
        for text in ["1".repeat(200), format!("-1{}", "0".repeat(4_299)), format!("-{}", 1 << 30)] {
            assert_eq!(decimal(&parse(text.as_bytes()).unwrap()), text);
        }
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for text in ["", "-", "1a", " 1", "--1", &"9".repeat(4_301)] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
