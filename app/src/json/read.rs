//! From text to values: one pass, no tree. Grammar: RFC 8259.

use std::borrow::Cow;

use serde::de::{DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Visitor};

use super::Unfit;
use crate::platform::float;

/// The text and how far it was read.
pub(super) struct Reader<'de> {
    text: &'de str,
    at: usize,
    /// How many lists and objects are open.
    depth: u8,
}

/// As deep as `serde_json` goes: nobody may exhaust the stack.
const MAX_DEPTH: u8 = 128;

enum Number {
    Natural(u64),
    Negative(i64),
    Float(f64),
}

impl<'de> Reader<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    /// Is nothing left but white space?
    pub(super) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    /// The next byte that is not white space; it is not taken.
    fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = self.here()?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn here(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Takes this byte, after white space, or says that it is another.
    fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn expect(&mut self, byte: u8) -> Result<(), Unfit> {
        if self.take(byte) { Ok(()) } else { Err(Unfit) }
    }

    fn word(&mut self, word: &str) -> Result<(), Unfit> {
        let rest = self.text.get(self.at..).ok_or(Unfit)?;
        if !rest.starts_with(word) {
            return Err(Unfit);
        }
        self.at += word.len();
        Ok(())
    }

    fn open(&mut self, bracket: u8) -> Result<(), Unfit> {
        self.expect(bracket)?;
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(Unfit) } else { Ok(()) }
    }

    fn boolean(&mut self) -> Result<bool, Unfit> {
        let is = self.peek() == Some(b't');
        self.word(if is { "true" } else { "false" }).map(|()| is)
    }

    fn digits(&mut self) -> Result<usize, Unfit> {
        let from = self.at;
        while self.here().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == from { Err(Unfit) } else { Ok(from) }
    }

    fn number(&mut self) -> Result<Number, Unfit> {
        self.peek();
        let from = self.at;
        let negative = self.here() == Some(b'-');
        self.at += usize::from(negative);
        let whole = self.digits()?;
        if self.at - whole > 1 && self.text.as_bytes().get(whole) == Some(&b'0') {
            return Err(Unfit);
        }
        let mut is_whole = true;
        if self.here() == Some(b'.') {
            is_whole = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.here(), Some(b'e' | b'E')) {
            is_whole = false;
            self.at += 1;
            self.at += usize::from(matches!(self.here(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let text = self.text.get(from..self.at).ok_or(Unfit)?;
        if is_whole
            && !negative
            && let Ok(natural) = text.parse()
        {
            return Ok(Number::Natural(natural));
        }
        if is_whole
            && negative
            && text != "-0"
            && let Ok(whole) = text.parse()
        {
            return Ok(Number::Negative(whole));
        }
        Some(float::parse(text)).filter(|float| float.is_finite()).map(Number::Float).ok_or(Unfit)
    }

    /// Text between quotes: as it stands in the source where nothing is escaped.
    fn string(&mut self) -> Result<Cow<'de, str>, Unfit> {
        self.expect(b'"')?;
        let mut read = Cow::Borrowed("");
        let mut from = self.at;
        loop {
            let byte = self.here().ok_or(Unfit)?;
            if matches!(byte, b'"' | b'\\') {
                // Cut at ASCII characters, it stays text.
                let plain = self.text.get(from..self.at).ok_or(Unfit)?;
                if read.is_empty() {
                    read = Cow::Borrowed(plain);
                } else {
                    read.to_mut().push_str(plain);
                }
            }
            self.at += 1;
            match byte {
                b'"' => return Ok(read),
                b'\\' => {
                    let escaped = self.escaped()?;
                    read.to_mut().push(escaped);
                    from = self.at;
                }
                0..0x20 => return Err(Unfit),
                _ => {}
            }
        }
    }

    fn escaped(&mut self) -> Result<char, Unfit> {
        let byte = self.here().ok_or(Unfit)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex()?;
                // What is beyond the first plane comes as two halves.
                let code = if (0xD800..0xDC00).contains(&first) {
                    self.word("\\u")?;
                    let second = self.hex()?.checked_sub(0xDC00).filter(|low| *low < 0x400).ok_or(Unfit)?;
                    0x10000 + ((first - 0xD800) << 10) + second
                } else {
                    first
                };
                char::from_u32(code).ok_or(Unfit)?
            }
            _ => return Err(Unfit),
        })
    }

    fn hex(&mut self) -> Result<u32, Unfit> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(Unfit)?;
        self.at += 4;
        let digit = |code, byte: &u8| Some(code * 16 + char::from(*byte).to_digit(16)?);
        digits.iter().try_fold(0, digit).ok_or(Unfit)
    }

    /// Reads over a value of any kind.
    fn skip(&mut self) -> Result<(), Unfit> {
        match self.peek().ok_or(Unfit)? {
            b'"' => self.string().map(drop),
            b'{' | b'[' => {
                let is_object = self.peek() == Some(b'{');
                let mut items = Items::open(self, if is_object { b"{}" } else { b"[]" })?;
                while items.next()? {
                    if is_object {
                        items.reader.string()?;
                        items.reader.expect(b':')?;
                    }
                    items.reader.skip()?;
                }
                Ok(())
            }
            b't' | b'f' => self.boolean().map(drop),
            b'n' => self.word("null"),
            _ => self.number().map(drop),
        }
    }
}

/// The rest of a list or of an object.
struct Items<'a, 'de> {
    reader: &'a mut Reader<'de>,
    close: u8,
    first: bool,
    done: bool,
}

impl<'a, 'de> Items<'a, 'de> {
    fn open(reader: &'a mut Reader<'de>, brackets: &[u8; 2]) -> Result<Self, Unfit> {
        reader.open(brackets[0])?;
        Ok(Self { reader, close: brackets[1], first: true, done: false })
    }

    /// Is there another one? Then the reader stands before it.
    fn next(&mut self) -> Result<bool, Unfit> {
        if self.reader.take(self.close) {
            self.reader.depth -= 1;
            self.done = true;
            return Ok(false);
        }
        if !std::mem::replace(&mut self.first, false) {
            self.reader.expect(b',')?;
        }
        Ok(true)
    }

    /// A visitor that wants fewer than there are has not read them all.
    fn close(mut self) -> Result<(), Unfit> {
        if self.done || !self.next()? { Ok(()) } else { Err(Unfit) }
    }
}

impl<'de> SeqAccess<'de> for &mut Items<'_, 'de> {
    type Error = Unfit;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Unfit> {
        if self.next()? { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }
}

impl<'de> MapAccess<'de> for &mut Items<'_, 'de> {
    type Error = Unfit;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unfit> {
        if !self.next()? {
            return Ok(None);
        }
        let key = self.reader.string()?;
        self.reader.expect(b':')?;
        seed.deserialize((&*key).into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Unfit> {
        seed.deserialize(&mut *self.reader)
    }
}

/// Methods that read the same thing.
macro_rules! same {
    ($($method:ident)* => |$self:ident, $visitor:ident| $body:expr) => {$(
        fn $method<V: Visitor<'de>>($self, $visitor: V) -> Result<V::Value, Unfit> {
            $body
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unfit;

    same!(deserialize_any => |self, visitor| match self.peek().ok_or(Unfit)? {
        b'"' => self.deserialize_str(visitor),
        b'{' => self.deserialize_map(visitor),
        b'[' => self.deserialize_seq(visitor),
        b't' | b'f' => self.deserialize_bool(visitor),
        b'n' => self.deserialize_unit(visitor),
        _ => self.deserialize_f64(visitor),
    });

    same!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_u8 deserialize_u16
        deserialize_u32 deserialize_u64 deserialize_f32 deserialize_f64 => |self, visitor| match self.number()? {
        Number::Natural(number) => visitor.visit_u64(number),
        Number::Negative(number) => visitor.visit_i64(number),
        Number::Float(number) => visitor.visit_f64(number),
    });

    same!(deserialize_bool => |self, visitor| visitor.visit_bool(self.boolean()?));

    same!(deserialize_char deserialize_str deserialize_string deserialize_bytes deserialize_byte_buf
        deserialize_identifier => |self, visitor| visitor.visit_str(&self.string()?));

    same!(deserialize_option => |self, visitor| if self.peek() == Some(b'n') {
        self.word("null")?;
        visitor.visit_none()
    } else {
        visitor.visit_some(self)
    });

    same!(deserialize_unit => |self, visitor| {
        self.peek();
        self.word("null")?;
        visitor.visit_unit()
    });

    same!(deserialize_ignored_any => |self, visitor| {
        self.skip()?;
        visitor.visit_unit()
    });

    same!(deserialize_seq => |self, visitor| {
        let mut items = Items::open(self, b"[]")?;
        let value = visitor.visit_seq(&mut items)?;
        items.close().map(|()| value)
    });

    same!(deserialize_map => |self, visitor| {
        let mut items = Items::open(self, b"{}")?;
        let value = visitor.visit_map(&mut items)?;
        items.close().map(|()| value)
    });

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unfit> {
        visitor.visit_enum((&*self.string()?).into_deserializer())
    }
}
