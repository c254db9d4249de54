//! Integers of any width: little-endian two's complement, as pickles write them, and decimals.

/// The widest integer that is read: 4,300 decimal digits, where Python itself stops converting.
pub(super) const MAX_BYTES: usize = 1_786;
const MAX_DIGITS: usize = 4_300;
/// The decimal digits of a limb of 64 bits.
const DIGITS: usize = 19;
const BASE: u64 = 10_u64.pow(DIGITS as u32);

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
    // As many digits at once as 64 bits hold: the work for all of them is quadratic.
    let mut limbs: Vec<u64> = Vec::with_capacity(digits.len() / DIGITS + 1);
    for chunk in digits.chunks(DIGITS) {
        let base = u128::from(10_u64.pow(chunk.len() as u32));
        let chunk = chunk.iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        let mut carry = u128::from(chunk);
        for limb in &mut limbs {
            #[cfg(test)]
            tests::count_step();
            carry += u128::from(*limb) * base;
            *limb = carry as u64;
            carry >>= 64;
        }
        if carry > 0 {
            limbs.push(carry as u64);
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
    let mut limbs: Vec<u64> = bytes
        .chunks(8)
        .map(|chunk| chunk.iter().rev().fold(0, |limb, byte| limb << 8 | u64::from(*byte)))
        .collect();
    let mut chunks = Vec::new();
    while let Some(last) = limbs.last() {
        if *last == 0 {
            limbs.pop();
            continue;
        }
        let mut rest = 0;
        for limb in limbs.iter_mut().rev() {
            #[cfg(test)]
            tests::count_step();
            (*limb, rest) = divide(rest, *limb);
        }
        chunks.push(rest);
    }
    let sign = if is_negative { "-" } else { "" };
    let mut text = format!("{sign}{}", chunks.pop().unwrap_or(0));
    for chunk in chunks.iter().rev() {
        text.push_str(&format!("{chunk:0DIGITS$}"));
    }
    text
}

/// Quotient and remainder of `high * 2**64 + low` and [`BASE`], of which `high` is less.
///
/// By a product with the reciprocal, after Möller and Granlund, "Improved division by invariant
/// integers": a division of 128 bits takes many times as long.
fn divide(high: u64, low: u64) -> (u64, u64) {
    const RECIPROCAL: u64 = (u128::MAX / BASE as u128 - (1 << 64)) as u64;
    let estimate =
        u128::from(RECIPROCAL) * u128::from(high) + (u128::from(high) << 64 | u128::from(low));
    let mut quotient = ((estimate >> 64) as u64).wrapping_add(1);
    let mut rest = low.wrapping_sub(quotient.wrapping_mul(BASE));
    if rest > estimate as u64 {
        quotient = quotient.wrapping_sub(1);
        rest = rest.wrapping_add(BASE);
    }
    if rest >= BASE {
        quotient += 1;
        rest -= BASE;
    }
    (quotient, rest)
}

/// The nearest float, infinite beyond the largest.
pub(super) fn to_float(number: &[u8]) -> f64 {
    let is_negative = number.last().is_some_and(|byte| byte >> 7 == 1);
    let mut bytes = number.to_vec();
    if is_negative {
        bytes.push(0xff);
        negate(&mut bytes);
    }
    // The highest 16 bytes have all bits of a float and more; of the rest it counts if it is 0.
    let (low, high) = bytes.split_at(bytes.len().saturating_sub(16));
    let top = high.iter().rev().fold(0, |top, byte| top << 8 | u128::from(*byte));
    let top = top | u128::from(low.iter().any(|byte| *byte != 0));
    let float = top as f64 * 2_f64.powi(8 * low.len() as i32);
    if is_negative { -float } else { float }
}

fn negate(number: &mut [u8]) {
    let mut carry = true;
    for byte in number {
        (*byte, carry) = (!*byte).overflowing_add(carry.into());
    }
}

#[cfg(test)]
mod tests {
    use super::{MAX_BYTES, MAX_DIGITS, decimal, narrow, parse, to_float, trim};
    use std::cell::Cell;

    thread_local! {
        static STEPS: Cell<usize> = const { Cell::new(0) };
    }

    pub(super) fn count_step() {
        STEPS.set(STEPS.get() + 1);
    }

    #[test]
    fn longest_integer_takes_few_steps_for_each_of_its_bytes() {
        let bytes = parse("9".repeat(MAX_DIGITS).as_bytes()).unwrap();
        let reading = STEPS.replace(0);
        assert!(reading < 8 * MAX_DIGITS, "{reading} steps to read {MAX_DIGITS} digits");
        assert_eq!(decimal(&bytes).len(), MAX_DIGITS);
        let writing = STEPS.replace(0);
        assert!(writing < 16 * MAX_BYTES, "{writing} steps to write {} bytes", bytes.len());
    }

    #[test]
    fn float_is_the_nearest() {
        let numbers = ["18446744073709551616", "9007199254740993", "9007199254740995"];
        let long =
            [format!("9007199254740993{}1", "0".repeat(80)), "9".repeat(60), "9".repeat(400)];
        for text in numbers.into_iter().chain(long.iter().map(String::as_str)) {
            for text in [text.to_owned(), format!("-{text}")] {
                let expected: f64 = text.parse().unwrap();
                assert_eq!(to_float(&parse(text.as_bytes()).unwrap()), expected, "{text}");
            }
        }
        assert_eq!(to_float(&[]), 0.0);
    }

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
