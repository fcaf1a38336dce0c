//! From values to text.

use serde::Serialize;
use serde::ser::{Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeTuple, Serializer};

use super::Unfit;
use crate::platform::float;

/// Appends to a text.
pub(super) struct Writer<'a>(pub(super) &'a mut String);

/// An open list or object.
pub(super) struct Items<'a> {
    text: &'a mut String,
    close: char,
    first: bool,
}

impl<'a> Items<'a> {
    fn open(text: &'a mut String, open: char, close: char) -> Self {
        text.push(open);
        Self { text, close, first: true }
    }

    fn item(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Unfit> {
        if !std::mem::replace(&mut self.first, false) {
            self.text.push(',');
        }
        value.serialize(Writer(self.text))
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Unfit> {
        self.text.push(':');
        value.serialize(Writer(self.text))
    }

    fn close(self) {
        self.text.push(self.close);
    }
}

/// Appends text between quotes.
fn quote(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\n' => text.push_str("\\n"),
            '\0'..'\x20' => {
                text.push_str("\\u00");
                text.extend(
                    [u32::from(c) / 16, u32::from(c) % 16]
                        .map(|digit| char::from_digit(digit, 16).unwrap_or('0')),
                );
            }
            _ => text.push(c),
        }
    }
    text.push('"');
}

/// Methods that write a number, each by way of the widest of its kind.
macro_rules! wider {
    ($($method:ident $type:ty => $wide:ident,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Unfit> {
            self.$wide(value.into())
        }
    )*};
}

impl<'a> Serializer for Writer<'a> {
    type Ok = ();
    type Error = Unfit;
    type SerializeSeq = Items<'a>;
    type SerializeTuple = Items<'a>;
    type SerializeTupleStruct = Impossible<(), Unfit>;
    type SerializeTupleVariant = Impossible<(), Unfit>;
    type SerializeMap = Items<'a>;
    type SerializeStruct = Items<'a>;
    type SerializeStructVariant = Impossible<(), Unfit>;

    wider! {
        serialize_i8 i8 => serialize_i64,
        serialize_i16 i16 => serialize_i64,
        serialize_i32 i32 => serialize_i64,
        serialize_u8 u8 => serialize_u64,
        serialize_u16 u16 => serialize_u64,
        serialize_u32 u32 => serialize_u64,
        serialize_f32 f32 => serialize_f64,
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unfit> {
        self.0.push_str(if value { "true" } else { "false" });
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unfit> {
        self.0.push_str(&value.to_string());
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unfit> {
        self.0.push_str(&value.to_string());
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unfit> {
        if !value.is_finite() {
            return Err(Unfit);
        }
        self.0.push_str(&float::print(value));
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Unfit> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unfit> {
        quote(self.0, value);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Unfit> {
        Err(Unfit)
    }

    fn serialize_none(self) -> Result<(), Unfit> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unfit> {
        self.0.push_str("null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unfit> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, name: &'static str) -> Result<(), Unfit> {
        self.serialize_str(name)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unfit> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Unfit> {
        Err(Unfit)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'a>, Unfit> {
        Ok(Items::open(self.0, '[', ']'))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'a>, Unfit> {
        Ok(Items::open(self.0, '[', ']'))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Unfit> {
        Err(Unfit)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unfit> {
        Err(Unfit)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Items<'a>, Unfit> {
        Ok(Items::open(self.0, '{', '}'))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Items<'a>, Unfit> {
        Ok(Items::open(self.0, '{', '}'))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unfit> {
        Err(Unfit)
    }
}

impl SerializeSeq for Items<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.item(value)
    }

    fn end(self) -> Result<(), Unfit> {
        self.close();
        Ok(())
    }
}

impl SerializeTuple for Items<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.item(value)
    }

    fn end(self) -> Result<(), Unfit> {
        self.close();
        Ok(())
    }
}

impl SerializeMap for Items<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unfit> {
        let from = self.text.len() + usize::from(!self.first);
        self.item(key)?;
        if self.text.get(from..).is_some_and(|key| key.starts_with('"')) { Ok(()) } else { Err(Unfit) }
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unfit> {
        self.value(value)
    }

    fn end(self) -> Result<(), Unfit> {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Items<'_> {
    type Ok = ();
    type Error = Unfit;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unfit> {
        self.item(key)?;
        self.value(value)
    }

    fn end(self) -> Result<(), Unfit> {
        self.close();
        Ok(())
    }
}
