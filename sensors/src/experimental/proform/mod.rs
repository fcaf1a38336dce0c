//! ProForm and iFit lower control boards, on RS-485 with the console unplugged: 38400 baud, 8N1.
//!
//! Sources: kevinmott09/proformBLE, pfmahoney/Proform_tdf_v2_BLE. Read by us as Modbus ASCII with bit 7 of
//! each character set, which fits every frame they publish. Open: the two bytes before the cadence, and
//! whether answers carry the same check (LRC), which neither source verifies. Here they must.

pub mod emulate;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use super::pairs;
use crate::lines::Lines;
use crate::reading::Fault;
use crate::{Decoder, Millis, Reading, Talk};

/// Polls the board for its cadence. Nothing is set, so there is no resistance.
#[derive(Debug)]
pub struct ProformDecoder {
    lines: Lines,
    talk: Talk,
}

impl Default for ProformDecoder {
    fn default() -> Self {
        Self { lines: Lines::new(b'\n'), talk: Talk::asking(POLL_MS, ANSWER_MS) }
    }
}

impl ProformDecoder {
    fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        let text = line.strip_suffix(b"\r").ok_or(Fault::Form)?;
        let digits = text.strip_prefix(b":").ok_or(Fault::Form)?;
        let bytes = pairs(digits).ok_or(Fault::Form)?;
        if bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) != 0 {
            return Err(Fault::Checksum);
        }
        // Board 51 answers function 03 with a cadence: kinds 2 and 1, two bytes, the cadence, the check.
        let [0x51, 0x03, two, one, _, _, rpm, _] = bytes[..] else { return Err(Fault::Form) };
        if two & 0x0f != 2 || one & 0x0f != 1 {
            return Err(Fault::Form);
        }
        self.talk.readings.push(Reading::new(f64::from(rpm)).ok_or(Fault::Range)?);
        self.talk.ask.answered();
        Ok(())
    }
}

impl Decoder for ProformDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, SETTLE_MS), ..Self::default() };
    }

    fn push(&mut self, bytes: &[u8], _now: Millis) {
        for byte in bytes {
            // Every byte of the board has bit 7 set.
            if byte & 0x80 == 0 {
                self.talk.counters.skipped += 1;
                self.lines.clear(&mut self.talk.counters);
                continue;
            }
            let Some(line) = self.lines.push(byte & 0x7f, &mut self.talk.counters) else { continue };
            // An adapter may bring back what was asked.
            let echo = self.talk.ask.in_flight().is_some_and(|asked| {
                asked.len() == line.len() + 1
                    && asked.iter().zip(&line).all(|(asked, heard)| asked & 0x7f == *heard)
            });
            if echo {
                self.talk.counters.skipped += line.len() as u64 + 1;
                continue;
            }
            match self.line(&line) {
                Ok(()) => self.talk.counters.good += 1,
                Err(fault) => self.talk.counters.bad.count(fault),
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        if self.talk.ask.is_due(now) {
            self.lines.clear(&mut self.talk.counters);
            let request = REQUEST.iter().map(|byte| byte | 0x80).collect();
            self.talk.writes.push(self.talk.ask.sent(request, now));
        }
    }
}

/// Reads the status of board 51.
const REQUEST: &[u8] = b":510300020000AA\r\n";
/// From one request to the next. In ms.
const POLL_MS: Millis = 300;
/// How long an answer may take. In ms.
const ANSWER_MS: Millis = 300;
/// The board is left alone for a moment after the port was opened. In ms.
const SETTLE_MS: Millis = 100;

#[cfg(test)]
mod tests {
    use super::emulate::ProformBoard;
    use super::vectors::decoder;
    use super::*;
    use crate::regime::{bytes, ride, whole};

    #[test]
    fn every_vector_is_read_however_it_comes() {
        vectors::run(&whole);
    }

    #[test]
    fn published_frames_have_the_check() {
        // [S] the read request, gear 1, incline 0 %
        for hex in [
            "BA B5 B1 B0 B3 B0 B0 B0 B2 B0 B0 B0 B0 C1 C1 8D 8A",
            "BA B6 B1 B0 B6 B0 B0 B0 B5 B0 B0 B0 C6 B8 B5 8D 8A",
            "BA B4 B1 B0 B6 B0 B0 B0 B1 B0 B0 B1 C5 B9 C1 8D 8A",
        ] {
            let text: Vec<u8> = bytes(hex).iter().map(|byte| byte & 0x7f).collect();
            let read = pairs(&text[1..text.len() - 2]).unwrap();
            assert_eq!(read.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0, "{hex}");
        }
        let asked: Vec<u8> = REQUEST.iter().map(|byte| byte | 0x80).collect();
        assert_eq!(asked, bytes("BA B5 B1 B0 B3 B0 B0 B0 B2 B0 B0 B0 B0 C1 C1 8D 8A"));
    }

    #[test]
    fn an_adapter_that_echoes_is_read_through() {
        for (echo, there) in [(false, true), (true, true), (true, false)] {
            let mut board = ProformBoard { cadence: 90 };
            let mut decoder = decoder();
            let mut answer = |request: &[u8]| {
                let answer = if there { board.answer(request) } else { vec![] };
                if echo { [request, &answer].concat() } else { answer }
            };
            let readings = ride(decoder.as_mut(), &mut answer, 10_000);
            assert_eq!((readings.len() > 25, decoder.is_stuck()), (there, !there), "{echo}");
        }
    }
}
