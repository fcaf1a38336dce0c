//! Protocols with open points: they are read as far as their sources go, and no bike of their kind has been
//! tried. A capture of one is welcome.

pub mod cateye;
pub mod ergofit;
pub mod proform;
pub mod tacx;

/// Bytes by pairs of upper-case digits.
fn pairs(digits: &[u8]) -> Option<Vec<u8>> {
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    };
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes = pairs.iter().map(|[high, low]| Some(value(*high)? << 4 | value(*low)?));
    if rest.is_empty() { bytes.collect() } else { None }
}
