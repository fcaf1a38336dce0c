//! The fields of a characteristic, one after the other, least significant byte first.

use crate::reading::Fault;

/// What is still to be read of a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) const fn of(value: &'a [u8]) -> Self {
        Self(value)
    }

    pub(super) fn u8(&mut self) -> Result<u8, Fault> {
        self.take::<1>().map(|[byte]| byte)
    }

    pub(super) fn u16(&mut self) -> Result<u16, Fault> {
        self.take().map(u16::from_le_bytes)
    }

    pub(super) fn i16(&mut self) -> Result<i16, Fault> {
        self.take().map(i16::from_le_bytes)
    }

    /// Leaves out a field of so many bytes if it is there.
    pub(super) fn skip<const BYTES: usize>(&mut self, is_there: bool) -> Result<(), Fault> {
        if is_there { self.take::<BYTES>().map(drop) } else { Ok(()) }
    }

    fn take<const BYTES: usize>(&mut self) -> Result<[u8; BYTES], Fault> {
        let (field, rest) = self.0.split_first_chunk().ok_or(Fault::Form)?;
        self.0 = rest;
        Ok(*field)
    }
}

/// Which fields are there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flags(pub(super) u16);

impl Flags {
    pub(super) const fn has(self, bit: u32) -> bool {
        self.0 >> bit & 1 == 1
    }
}
