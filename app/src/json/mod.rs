//! JSON for serde, made for a page's size: our messages are read and written without a word of why a text
//! can't be read, for the page only counts such texts. What serde derives is a third as large with it as with
//! `serde_json`, whose errors tell the type, the place and what was expected.
//!
//! The same texts are read and written as by `serde_json`, but enums are names: the wire has no others.

mod read;
mod write;

use std::fmt;

use serde::{Deserialize, Serialize, de, ser};

/// Reads a value. `None` if the text is not JSON, not all of it, or not such a value.
pub fn read<'de, T: Deserialize<'de>>(text: &'de str) -> Option<T> {
    let mut reader = read::Reader::new(text);
    let value = T::deserialize(&mut reader).ok()?;
    reader.is_at_end().then_some(value)
}

/// Reads a value from bytes, as [`read`] does.
pub fn read_bytes<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Option<T> {
    read(std::str::from_utf8(bytes).ok()?)
}

/// Writes a value. `None` if it has a number that is none, or a key that is not text.
pub fn write<T: Serialize>(value: &T) -> Option<String> {
    let mut text = String::new();
    value.serialize(write::Writer(&mut text)).ok()?;
    Some(text)
}

/// It can't be read, or written. Nothing more is known, and thereby nothing more is in the page.
#[derive(Debug)]
pub(crate) struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not as expected")
    }
}

impl std::error::Error for Unfit {}

impl de::Error for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl ser::Error for Unfit {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

// Compared with serde_json by proptest, which a browser does not run.
#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests;
