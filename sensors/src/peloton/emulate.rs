//! A bike that is not there: answers requests as a Peloton Bike does. For tests and demonstrations.

use super::frame::{Answer, Frame, Frames, Request};
use super::table::{ENTRIES, EXAMPLE};
use crate::Counters;

/// The bike's end of the line: bytes of the host in, bytes of the bike out.
///
/// ```
/// use alleycat_sensors::peloton::emulate::PelotonBike;
///
/// let mut bike = PelotonBike::new(88, 860);
/// let answer = bike.answer(&[0xf5, 0x41, 0x36, 0xf6]);
/// assert_eq!(answer, [0xf1, 0x41, 3, b'8', b'8', b'0', 0xd5, 0xf6]);
/// ```
#[derive(Debug)]
pub struct PelotonBike {
    /// Crank revolutions a minute, at most 999.
    pub cadence: u32,
    /// Tenths of a watt, at most 99,999.
    pub power: u32,
    /// The resistance sensor's raw value, at most 9,999.
    pub raw: u32,
    /// Per cent, at most 100, or `None` for a bike that tells the raw value only.
    pub calibrated: Option<u32>,
    /// The raw values at 0, 3.33, … 100 %, or `None` for a bike that keeps them to itself.
    pub table: Option<[u32; ENTRIES]>,
    heard: Frames,
}

impl PelotonBike {
    /// A bike ridden at a cadence with the knob at a raw value, with the table of one real bike: raw 164 is
    /// 0 %, 860 is 59.8 %, 967 is 100 %.
    pub fn new(cadence: u32, raw: u32) -> Self {
        Self { cadence, power: 0, raw, calibrated: None, table: Some(EXAMPLE), heard: Frames::default() }
    }

    /// Takes in what the host sent, cut in any way; returns what the bike answers. A request with a wrong
    /// sum is not answered, and neither is a value with too many digits.
    pub fn answer(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut counters = Counters::default();
        let mut answers = Vec::new();
        for piece in bytes.chunks(64) {
            self.heard.push(piece);
            while let Some(frame) = self.heard.next(&mut counters) {
                if let Frame::Request(request) = frame {
                    answers.extend(self.reply(request).and_then(Answer::bytes).unwrap_or_default());
                }
            }
        }
        answers
    }

    fn reply(&self, request: Request) -> Option<Answer> {
        Some(match request {
            Request::Cadence => Answer::Cadence(self.cadence),
            Request::Power => Answer::Power(self.power),
            Request::Raw => Answer::Raw(self.raw),
            Request::Calibrated => Answer::Calibrated(self.calibrated?),
            Request::TableEntry(entry) => Answer::TableEntry(*self.table?.get(usize::from(entry))?),
            Request::Other => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_answered_once_it_is_whole() {
        let mut bike = PelotonBike::new(88, 860);
        bike.power = 923;
        assert!(bike.answer(&[0x00, 0xf5, 0x44, 0x39]).is_empty());
        assert_eq!(
            bike.answer(&[0xf6]),
            [0xf1, 0x44, 5, 0x33, 0x32, 0x39, 0x30, 0x30, 0x38, 0xf6],
            "[S] 92.3 W"
        );
    }

    #[test]
    fn what_a_bike_can_not_say_is_not_answered() {
        let mut bike = PelotonBike::new(1_000, 860);
        bike.table = None;
        for request in [[0xf5, 0x41, 0x36, 0xf6], [0xf7, 0, 0xf7, 0xf6], [0xf5, 0x41, 0x37, 0xf6]] {
            assert!(bike.answer(&request).is_empty(), "{request:02x?}");
        }
    }
}
