//! Decoders of exercise-bike protocols, serial ones and Bluetooth's: bytes in, readings out, time as an argument.
//!
//! No IO and no clock. A [`Decoder`] is told what bytes came and what time it is; it says what it read,
//! what it wants to send, and when it wants to be woken. The same code runs in the bridge and, where a
//! browser can open a serial port, in the page.
#![forbid(unsafe_code)]

pub mod ant;
mod ask;
pub mod ble;
pub mod computrainer;
pub mod csafe;
pub mod daum;
pub mod daum_premium;
mod driver;
pub mod ergometer;
mod events;
pub mod experimental;
pub mod freebeat;
pub mod kettler;
pub mod line;
mod lines;
mod link;
pub mod peloton;
mod reading;
#[cfg(any(test, feature = "regime"))]
pub mod regime;
mod talk;
mod told;
mod torque;
pub mod trixter;

pub use driver::{Driver, Flow};
pub use link::{BACK_OFF_MS, Link};
pub use reading::{Bad, Counters, Origin, Reading, Resistance};
pub use talk::Talk;
pub use told::DEFAULT_RESISTANCE;
pub use torque::DEFAULT_MAX_TORQUE;

/// Milliseconds of any clock that does not run backwards.
pub type Millis = u64;

/// A protocol, as the side that reads it.
pub trait Decoder: Send {
    /// Starts the protocol from its beginning, for a port that was just opened.
    fn restart(&mut self, now: Millis);

    /// Takes in bytes, cut in any way.
    fn push(&mut self, bytes: &[u8], now: Millis);

    /// Looks at the clock: to be called at [`Decoder::next_deadline`] and on any wake-up.
    fn wake(&mut self, now: Millis);

    /// The talk with the bike.
    fn talk(&self) -> &Talk;

    /// The same, to be taken from.
    fn talk_mut(&mut self) -> &mut Talk;

    /// The next reading, each told once.
    fn poll_reading(&mut self) -> Option<Reading> {
        self.talk_mut().readings.pop()
    }

    /// Bytes to send to the bike.
    fn poll_write(&mut self) -> Option<Vec<u8>> {
        self.talk_mut().writes.pop()
    }

    /// When [`Decoder::wake`] is due.
    fn next_deadline(&self) -> Option<Millis> {
        self.talk().ask.next_deadline()
    }

    /// Whether the bike has left so many requests unanswered that the port is best opened again.
    fn is_stuck(&self) -> bool {
        self.talk().ask.is_stuck()
    }

    /// The number of the wireless sensor that was paired, so that neighbours' sensors are left alone the next
    /// time.
    fn paired(&self) -> Option<u16> {
        None
    }

    /// What was understood and what was not, since the decoder was made.
    fn counters(&self) -> Counters {
        self.talk().counters
    }
}
