//! The serial line of the original Peloton Bike, active and passive.
//!
//! Active: the tablet is unplugged and we poll, one request at a time. Passive: the tablet polls and we
//! listen, and never transmit. Sources: ihaque/pelomon (a capture of 4,210 exchanges), ptx2/gymnasticon,
//! doudar/SmartSpin2k.

pub mod emulate;
mod frame;
mod poll;
mod table;
#[cfg(any(test, feature = "regime"))]
pub(crate) mod vectors;

use crate::reading::{Beside, Fault};
use crate::{Decoder, Millis, Origin, Resistance, Talk};
use frame::{Answer, Frame, Frames};
use poll::{Event, Poll};
use table::Table;

/// Who polls the bike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Listen first: if somebody polls, listen on; if nobody does, poll.
    ///
    /// Who polls is heard by requests, or by answers that were not asked for. When neither is heard for 3 s,
    /// the question is open again.
    Auto,
    /// Never transmit.
    Passive,
}

/// Reads a Peloton Bike.
///
/// Its resistance sensor has a scale of its own for each bike. When it polls, the decoder asks the bike for
/// it, or else for per cent, and until it is known readings have no resistance. When it only listens, or
/// the bike tells neither, resistances are by another bike's scale and their origin is
/// [`Origin::Estimated`].
#[derive(Debug)]
pub struct PelotonDecoder {
    mode: Mode,
    frames: Frames,
    role: Role,
    table: Table,
    beside: Beside,
    talk: Talk,
    /// Frames in a row that are of another host's talk.
    overheard: u8,
    /// Another host's request was heard, and no answer to it yet.
    unanswered: bool,
}

#[derive(Clone, Copy, Debug)]
enum Role {
    /// Not decided yet.
    Listening { until: Millis },
    /// The tablet polls: until then, unless it is heard again. For ever if we may not poll.
    Passive { until: Option<Millis> },
    /// We poll.
    Polling(Poll),
}

impl PelotonDecoder {
    /// A decoder at the start of a port. Time begins with [`Decoder::restart`].
    pub fn new(mode: Mode) -> Self {
        Self {
            mode,
            frames: Frames::default(),
            role: Role::Passive { until: None },
            table: Table::default(),
            beside: Beside::NONE,
            talk: Talk::default(),
            overheard: 0,
            unanswered: false,
        }
    }

    fn handle(&mut self, frame: Frame, now: Millis) {
        match frame {
            Frame::Request(request) => {
                // Both conductors may be tapped: a request tells which table entry the answer is.
                self.table.asked(request);
                if !matches!(&self.role, Role::Polling(poll) if poll.has_asked(request)) {
                    // Requests alone are of no use: the wrong conductor is tapped.
                    if std::mem::replace(&mut self.unanswered, true) {
                        self.talk.counters.skipped += REQUEST_BYTES;
                    }
                    self.overheard(now);
                }
            }
            Frame::Answer(answer) => {
                self.unanswered = false;
                match &mut self.role {
                    Role::Polling(poll) => {
                        if poll.answered(answer) {
                            self.overheard = 0;
                        }
                    }
                    Role::Listening { .. } | Role::Passive { .. } => self.overheard(now),
                }
                match self.answered(answer, now) {
                    Ok(()) => self.talk.counters.good += 1,
                    Err(fault) => self.talk.counters.bad.count(fault),
                }
            }
        }
    }

    fn answered(&mut self, answer: Answer, now: Millis) -> Result<(), Fault> {
        match answer {
            Answer::Cadence(rpm) => self.talk.readings.push(self.beside.reading(f64::from(rpm), now)?),
            Answer::Power(tenths) => self.beside.set_power(f64::from(tenths) / 10.0, now)?,
            Answer::Raw(raw) => {
                let (percent, origin) = self.table.percent(raw);
                self.beside.resistance.set(Resistance::new(percent, origin).ok_or(Fault::Range)?, now);
            }
            Answer::Calibrated(percent) => {
                let resistance = Resistance::new(f64::from(percent), Origin::Measured);
                self.beside.resistance.set(resistance.ok_or(Fault::Range)?, now);
            }
            Answer::TableEntry(raw) => self.table.entry(raw),
            Answer::Other => {}
        }
        Ok(())
    }

    /// Another host talks with the bike, and nobody talks over it.
    fn overheard(&mut self, now: Millis) {
        self.overheard = self.overheard.saturating_add(1);
        // A single frame may be left from before the port was opened again, or a late echo.
        if self.mode == Mode::Auto && self.overheard >= TABLET_FRAMES {
            self.role = Role::Passive { until: Some(now + TABLET_SILENT_MS) };
            self.talk.writes.clear();
        }
    }

    /// Starts from the beginning: the bike, its scale and who polls it may all be others.
    fn listen(&mut self, now: Millis) {
        self.table = Table::default();
        self.role = Role::Listening { until: now + LISTEN_MS };
        self.overheard = 0;
    }
}

impl Decoder for PelotonDecoder {
    fn talk(&self) -> &Talk {
        &self.talk
    }

    fn talk_mut(&mut self) -> &mut Talk {
        &mut self.talk
    }

    fn restart(&mut self, now: Millis) {
        *self = Self { talk: self.talk.again(now, 0), ..Self::new(self.mode) };
        if self.mode == Mode::Auto {
            self.listen(now);
        }
    }

    fn push(&mut self, bytes: &[u8], now: Millis) {
        for piece in bytes.chunks(PIECE) {
            self.frames.push(piece);
            while let Some(frame) = self.frames.next(&mut self.talk.counters) {
                self.handle(frame, now);
            }
        }
    }

    fn wake(&mut self, now: Millis) {
        match self.role {
            Role::Listening { until } if now >= until => self.role = Role::Polling(Poll::new(now)),
            Role::Passive { until: Some(until) } if now >= until => self.listen(now),
            _ => {}
        }
        let Role::Polling(poll) = &mut self.role else { return };
        match poll.wake(&mut self.table, now) {
            Some(Event::Ask(request)) => {
                self.table.asked(request);
                self.talk.writes.push(request.bytes().to_vec());
            }
            Some(Event::Silent) => self.listen(now),
            None => {}
        }
    }

    fn next_deadline(&self) -> Option<Millis> {
        match &self.role {
            Role::Listening { until } => Some(*until),
            Role::Polling(poll) => Some(poll.next_deadline()),
            Role::Passive { until } => *until,
        }
    }
}

/// How long to listen for a tablet before polling. In ms.
const LISTEN_MS: Millis = 500;
/// So many frames that were not asked for are a tablet's talk.
const TABLET_FRAMES: u8 = 2;
/// A tablet that is not heard for this long polls no more. In ms.
const TABLET_SILENT_MS: Millis = 3_000;
const REQUEST_BYTES: u64 = 4;
/// Bytes are looked at in pieces that the frame buffer has room for.
const PIECE: usize = 64;

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
