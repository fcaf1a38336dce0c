//! One message of the outbox as bytes: fixed fields, little-endian, then the texts and the payload.
//!
//! ```text
//! length u32 | hops u8 | arrived at u64 | trace id 16 bytes | client u16 | topic u16 | client id | topic | payload
//! ```
//! `length` counts what follows it; a client of no bytes is none.

use alleycat_rules::Message;
use alleycat_shared::Millis;
use uuid::Uuid;

use crate::store::{Damaged, take};

/// A message that rules mean, as the outbox keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    /// How often rules have published it again already.
    pub(crate) hops: u8,
    pub(crate) at: Millis,
    pub(crate) trace: Uuid,
    pub(crate) client: String,
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
}

impl Kept {
    /// The message's bytes.
    pub(crate) fn write(&self) -> Vec<u8> {
        let (client, topic) = (short(&self.client), short(&self.topic));
        let length = FIXED + client.len() + topic.len() + self.payload.len();
        let mut out = Vec::with_capacity(4 + length);
        out.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        out.push(self.hops);
        out.extend(self.at.to_le_bytes());
        out.extend(self.trace.as_bytes());
        for text in [client, topic] {
            out.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_le_bytes());
        }
        out.extend(client.as_bytes());
        out.extend(topic.as_bytes());
        out.extend(&self.payload);
        out
    }

    /// When the first message of a row arrived, from the row's first [`Kept::HEAD`] bytes.
    pub(crate) fn arrived(mut head: &[u8]) -> Result<Millis, Damaged> {
        let _: [u8; 5] = take(&mut head)?;
        Ok(u64::from_le_bytes(take(&mut head)?))
    }

    /// How many bytes of a row tell when it arrived.
    pub(crate) const HEAD: usize = 4 + 1 + 8;

    /// All messages of a row.
    pub(crate) fn read(mut row: &[u8]) -> Result<Vec<Self>, Damaged> {
        let mut messages = Vec::new();
        while !row.is_empty() {
            let length = u32::from_le_bytes(take(&mut row)?) as usize;
            let (mut body, rest) = row.split_at_checked(length).ok_or(Damaged)?;
            row = rest;
            let [hops] = take(&mut body)?;
            let at = u64::from_le_bytes(take(&mut body)?);
            let trace = Uuid::from_bytes(take(&mut body)?);
            let lengths = [u16::from_le_bytes(take(&mut body)?), u16::from_le_bytes(take(&mut body)?)];
            let [client, topic] = lengths.map(|length| text(&mut body, length.into()));
            messages.push(Self { hops, at, trace, client: client?, topic: topic?, payload: body.to_vec() });
        }
        Ok(messages)
    }

    /// The message as rules see it.
    pub(crate) fn message(&self) -> Message<'_> {
        Message {
            topic: &self.topic,
            payload: &self.payload,
            client_id: (!self.client.is_empty()).then_some(self.client.as_str()),
            trace_id: self.trace,
            at: self.at,
        }
    }
}

fn text(bytes: &mut &[u8], length: usize) -> Result<String, Damaged> {
    let (head, rest) = bytes.split_at_checked(length).ok_or(Damaged)?;
    *bytes = rest;
    std::str::from_utf8(head).map(str::to_owned).map_err(|_| Damaged)
}

/// Texts of MQTT are not longer than this.
fn short(text: &str) -> &str {
    if text.len() <= usize::from(u16::MAX) { text } else { "" }
}

/// Bytes after the length and before the texts.
const FIXED: usize = 1 + 8 + 16 + 2 + 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(client: &str, payload: &[u8]) -> Kept {
        let (client, topic) = (client.to_owned(), "alleycat-publish/7".to_owned());
        Kept {
            hops: 2,
            at: 1_620_824_038_331,
            trace: Uuid::from_u128(9),
            client,
            topic,
            payload: payload.to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let messages = [kept("tablet", b"{}"), kept("", &[0, 255]), kept("\u{17d}", b"")];
        let row: Vec<u8> = messages.iter().flat_map(Kept::write).collect();
        assert_eq!(Kept::read(&row), Ok(messages.to_vec()));
        assert_eq!(messages[1].message().client_id, None);
        assert_eq!(Kept::arrived(&row[..Kept::HEAD]), Ok(1_620_824_038_331));
    }

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic() {
        let row = kept("tablet", b"{}").write();
        for length in 1..row.len() {
            assert_eq!(Kept::read(&row[..length]), Err(Damaged), "cut at {length}");
        }
        for (at, byte) in (0..row.len()).flat_map(|at| [0, 0x7f, 0xff].map(|byte| (at, byte))) {
            let mut row = row.clone();
            row[at] = byte;
            _ = Kept::read(&row);
        }
    }
}
