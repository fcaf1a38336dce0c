//! What every decoder is put through with every vector of its protocol.
//!
//! Whole, one byte at a time, two in one read, with noise before, between and after, cut and then whole,
//! each byte flipped once. A vector is what a bike says, unasked or as an answer; a decoder that asks is
//! run by a hand-moved clock until it asks for it. On the way to the decoder the bytes go through a
//! [`Carrier`]: nothing at all in this crate's tests, a real serial port in those of the bridge.

use crate::computrainer::{ComputrainerDecoder, DEFAULT_LOAD};
use crate::ergometer::{Dialect, ErgometerDecoder};
use crate::{DEFAULT_MAX_TORQUE as NM, Decoder, Millis, Origin, Reading, Resistance};

/// What carries bytes to a decoder: given those that were sent in one go, gives them in the pieces in which
/// they arrive.
pub type Carrier<'a> = &'a dyn Fn(&[u8]) -> Vec<Vec<u8>>;

/// Puts every protocol through its vectors, with a carrier between bike and decoder.
///
/// # Panics
/// When a reading is not what its vector says.
pub fn all(carry: Carrier<'_>) {
    crate::ant::vectors::run(carry);
    crate::computrainer::vectors::run(carry);
    crate::csafe::vectors::run(carry);
    crate::daum::vectors::run(carry);
    crate::daum_premium::vectors::run(carry);
    crate::ergometer::vectors::run(carry);
    crate::experimental::cateye::vectors::run(carry);
    crate::experimental::ergofit::vectors::run(carry);
    crate::experimental::proform::vectors::run(carry);
    crate::experimental::tacx::vectors::run(carry);
    crate::freebeat::vectors::run(carry);
    crate::kettler::vectors::run(carry);
    crate::line::vectors::run(carry);
    crate::peloton::vectors::run(carry);
    crate::trixter::vectors::run(carry);
}

/// As sent.
#[cfg(test)]
pub(crate) fn whole(bytes: &[u8]) -> Vec<Vec<u8>> {
    vec![bytes.to_vec()]
}

/// What a bike says and what is read from it.
pub(crate) struct Vector {
    /// What the bytes are of, with the mark of their source: `[S]` they stand in a public source, `[C]`
    /// computed from the rules.
    pub(crate) name: &'static str,
    /// The request that they answer; empty for what is said unasked.
    pub(crate) asked: Vec<u8>,
    /// The bytes.
    pub(crate) said: Vec<u8>,
    /// The readings.
    pub(crate) told: Vec<Reading>,
}

/// How one protocol is tried.
pub(crate) struct Regime<'a> {
    /// A decoder that was just restarted at time 0, brought to where the vectors make sense.
    pub(crate) make: &'a dyn Fn() -> Box<dyn Decoder>,
    /// What the bike says to requests that are not the vector's, for example at the start.
    pub(crate) answer: &'a dyn Fn(&[u8]) -> Vec<u8>,
    /// Bytes that can be no frame and end none, as noise: for lines, without an end of line.
    pub(crate) noise: &'a [u8],
    /// What ends the noise before a frame: a line's end, or nothing where a frame's start is enough.
    pub(crate) separator: &'a [u8],
    /// What carries the bytes.
    pub(crate) carry: Carrier<'a>,
    /// A checksum catches every flipped bit. Without one only ranges and form are asserted.
    pub(crate) checked: bool,
}

/// A decoder at the start of a port, at time 0.
pub(crate) fn started(mut decoder: impl Decoder + 'static) -> Box<dyn Decoder> {
    decoder.restart(0);
    Box::new(decoder)
}

impl<'a> Regime<'a> {
    /// Of a decoder of checked frames that needs no answer on the way. Its noise is to be added.
    pub(crate) fn of(make: &'a dyn Fn() -> Box<dyn Decoder>, carry: Carrier<'a>) -> Self {
        Self { make, answer: &|_| Vec::new(), noise: &[], separator: &[], carry, checked: true }
    }

    /// Puts all vectors through all of it.
    pub(crate) fn run(&self, vectors: &[Vector]) {
        for vector in vectors {
            self.cuts(vector);
            self.noise(vector);
            self.flips(vector);
        }
    }

    fn push(&self, decoder: &mut dyn Decoder, bytes: &[u8], now: Millis) {
        (self.carry)(bytes).iter().for_each(|piece| decoder.push(piece, now));
    }

    fn cuts(&self, vector: &Vector) {
        let Vector { name, said, told, .. } = vector;
        let (mut decoder, now) = self.asked(vector);
        self.push(decoder.as_mut(), said, now);
        assert_eq!(taken(decoder.as_mut()), *told, "{name}");
        let (mut decoder, now) = self.asked(vector);
        said.iter().for_each(|byte| self.push(decoder.as_mut(), &[*byte], now));
        assert_eq!(taken(decoder.as_mut()), *told, "{name}, byte by byte");
        if vector.asked.is_empty() {
            let (mut decoder, now) = self.asked(vector);
            self.push(decoder.as_mut(), &[said.as_slice(), said].concat(), now);
            let twice = taken(decoder.as_mut());
            assert!(twice.starts_with(told), "{name}, two in one read: {twice:?}");
            assert!(twice.len() >= told.len(), "{name}, two in one read: {twice:?}");
        }
        // Half of it, then the port is opened again: nothing of the old half survives.
        let (mut decoder, now) = self.asked(vector);
        self.push(decoder.as_mut(), &said[..said.len() / 2], now);
        taken(decoder.as_mut());
        decoder.restart(now);
        assert_eq!(taken(decoder.as_mut()), [], "{name}, cut and opened again");
    }

    fn noise(&self, vector: &Vector) {
        let Vector { name, said, told, .. } = vector;
        for length in [1, self.noise.len()] {
            let noise = [&self.noise[..length], self.separator].concat();
            let (mut decoder, now) = self.asked(vector);
            let before = decoder.counters();
            self.push(decoder.as_mut(), &noise, now);
            self.push(decoder.as_mut(), said, now);
            self.push(decoder.as_mut(), &noise, now);
            assert_eq!(taken(decoder.as_mut()), *told, "{name}, with noise around it");
            let after = decoder.counters();
            let counted = after.skipped - before.skipped + after.bad.total() - before.bad.total();
            assert!(counted > 0, "{name}: noise is counted");
        }
    }

    fn flips(&self, vector: &Vector) {
        let Vector { name, said, told, .. } = vector;
        for (at, bit) in (0..said.len()).flat_map(|at| (0..8).map(move |bit| (at, bit))) {
            let mut flipped = said.clone();
            flipped[at] ^= 1 << bit;
            let (mut decoder, now) = self.asked(vector);
            self.push(decoder.as_mut(), &flipped, now);
            let read = taken(decoder.as_mut());
            read.iter().for_each(believable);
            // What is wrong already may be mended by a flip.
            let fewer =
                told.is_empty() || read.iter().all(|reading| told.iter().any(|one| same(one, reading)));
            assert!(fewer || !self.checked, "{name}, byte {at}, bit {bit}: {read:?}");
        }
    }

    /// A decoder that waits for what the vector says, and the time then.
    fn asked(&self, vector: &Vector) -> (Box<dyn Decoder>, Millis) {
        let mut decoder = (self.make)();
        let mut now = 0;
        if vector.asked.is_empty() {
            return (decoder, now);
        }
        while now < PATIENCE_MS {
            decoder.wake(now);
            while let Some(request) = decoder.poll_write() {
                if request == vector.asked {
                    taken(decoder.as_mut());
                    return (decoder, now);
                }
                self.push(decoder.as_mut(), &(self.answer)(&request), now);
            }
            let due = decoder.next_deadline().expect("a decoder that asks has a deadline");
            now = due.max(now);
            // A deadline that is due already is for the next wake-up, not for this moment again and again.
            if due <= now {
                now += 1;
            }
        }
        panic!("{}: {:02x?} is never asked", vector.name, vector.asked);
    }
}

/// Runs a decoder until a time against a bike that answers 20 ms after it was asked.
#[cfg(test)]
pub(crate) fn ride(
    decoder: &mut dyn Decoder,
    answer: &mut dyn FnMut(&[u8]) -> Vec<u8>,
    end: Millis,
) -> Vec<Reading> {
    let mut readings = Vec::new();
    while let Some(now) = decoder.next_deadline().filter(|now| *now <= end) {
        decoder.wake(now);
        while let Some(request) = decoder.poll_write() {
            decoder.push(&answer(&request), now + 20);
        }
        readings.extend(taken(decoder));
    }
    readings
}

/// All readings that wait.
pub(crate) fn taken(decoder: &mut dyn Decoder) -> Vec<Reading> {
    let readings: Vec<_> = std::iter::from_fn(|| decoder.poll_reading()).collect();
    readings.iter().for_each(believable);
    readings
}

/// Whether a reading is the one that is told; an estimate depends on what came before it.
fn same(told: &Reading, read: &Reading) -> bool {
    let estimated = read.resistance.is_some_and(|resistance| resistance.origin == Origin::Estimated);
    told == read || (estimated && Reading { resistance: told.resistance, ..*read } == *told)
}

/// Asserts that a reading is in range.
pub(crate) fn believable(reading: &Reading) {
    let Reading { cadence, resistance, power, heart_rate } = reading;
    assert!((0.0..=250.0).contains(cadence), "{reading:?}");
    assert!(resistance.is_none_or(|told| (0.0..=100.0).contains(&told.percent)), "{reading:?}");
    assert!(power.is_none_or(|watts| (0.0..=3_000.0).contains(&watts)), "{reading:?}");
    assert!(heart_rate.is_none_or(|rate| (1.0..=250.0).contains(&rate)), "{reading:?}");
}

/// Any bytes in any pieces: no panic, no reading out of range, and waking ends. An empty piece is a silence
/// of ten seconds, after which the port is opened again.
///
/// # Panics
/// When one of these does not hold.
pub fn survives(decoder: &mut dyn Decoder, pieces: &[Vec<u8>]) {
    let mut now = 0;
    decoder.restart(now);
    for piece in pieces {
        if piece.is_empty() {
            now += 10_000;
            decoder.wake(now);
            decoder.restart(now);
        }
        decoder.push(piece, now);
        // What is due now is done after a few wake-ups, or a program would do nothing else.
        let ends = (0..MOST_WAKE_UPS).any(|_| {
            decoder.wake(now);
            taken(decoder);
            while decoder.poll_write().is_some() {}
            decoder.next_deadline().is_none_or(|due| due > now)
        });
        assert!(ends, "waking never ends at {now}");
        now = decoder.next_deadline().map_or(now + 10, |due| due.clamp(now + 1, now + 1_000));
    }
}

/// The same for bytes that a fuzzer makes up: each piece is as long as the byte before it says, 0 to 79.
///
/// # Panics
/// When one of these does not hold, or nobody is called `name`.
pub fn fuzz(name: &str, mut data: &[u8]) {
    let mut pieces = Vec::new();
    while let Some((length, rest)) = data.split_first() {
        let (piece, rest) = rest.split_at(rest.len().min(usize::from(*length) % MOST_PIECE));
        pieces.push(piece.to_vec());
        data = rest;
    }
    let (_, make) = DECODERS.iter().find(|(known, _)| *known == name).expect("a decoder of that name");
    survives(make().as_mut(), &pieces);
}

/// Makes a decoder.
pub type Make = fn() -> Box<dyn Decoder>;

/// Every decoder by the name of its driver.
pub const DECODERS: [(&str, Make); 17] = [
    ("line", || Box::new(crate::line::LineDecoder::new(crate::line::Options::default()))),
    ("peloton", || Box::new(crate::peloton::PelotonDecoder::new(crate::peloton::Mode::Auto))),
    ("csafe", || Box::new(crate::csafe::CsafeDecoder::new(crate::csafe::DEFAULT_MAX_LEVEL))),
    ("ant", || Box::new(crate::ant::AntDecoder::new(crate::ant::Options::default()))),
    ("kettler", || Box::new(crate::kettler::KettlerDecoder::new(NM))),
    ("daum", || Box::new(crate::daum::DaumDecoder::default())),
    ("daum-premium", || Box::new(crate::daum_premium::DaumPremiumDecoder::default())),
    ("ergoline", || Box::new(ErgometerDecoder::new(Dialect::Ergoline, NM))),
    ("monark", || Box::new(ErgometerDecoder::new(Dialect::Monark, NM))),
    ("trixter", || Box::new(crate::trixter::TrixterDecoder::new(Some(100)))),
    ("computrainer", || Box::new(ComputrainerDecoder::new(NM, DEFAULT_LOAD))),
    ("freebeat", || Box::new(crate::freebeat::FreebeatDecoder::default())),
    ("tacx", || Box::new(crate::experimental::tacx::TacxDecoder::new(NM))),
    ("proform", || Box::new(crate::experimental::proform::ProformDecoder::default())),
    ("ergofit", || Box::new(crate::experimental::ergofit::ErgofitDecoder::new(NM))),
    ("bluetooth", || Box::new(crate::ble::BleDecoder::new(NM))),
    ("cateye", || Box::new(crate::experimental::cateye::CateyeDecoder::new(NM))),
];

/// Bytes by their hexadecimal digits.
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    text.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two digits a byte")).collect()
}

/// A reading of a cadence alone.
pub(crate) fn rpm(cadence: f64) -> Reading {
    Reading::new(cadence).expect("a cadence in range")
}

impl Reading {
    /// With a resistance.
    pub(crate) fn percent(self, percent: f64, origin: Origin) -> Self {
        Self { resistance: Resistance::new(percent, origin), ..self }
    }

    /// With a power.
    pub(crate) const fn watts(self, watts: f64) -> Self {
        Self { power: Some(watts), ..self }
    }

    /// With a heart rate.
    pub(crate) const fn heart(self, rate: f64) -> Self {
        Self { heart_rate: Some(rate), ..self }
    }
}

/// The longest piece of a fuzzer's bytes.
const MOST_PIECE: usize = 80;
const MOST_WAKE_UPS: usize = 64;
/// How long a request is waited for. In ms.
const PATIENCE_MS: Millis = 300_000;
