//! Frames of both directions, cut out of the byte stream.

use std::collections::VecDeque;

use crate::Counters;
use crate::reading::Fault;

/// What the host asks: start, request, sum, F6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Cadence,
    Power,
    Raw,
    Calibrated,
    TableEntry(u8),
    Other,
}

/// What the bike answers: F1, request, length, digits with the least significant first, sum, F6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// rpm.
    Cadence(u32),
    /// Tenths of a watt.
    Power(u32),
    /// The resistance sensor.
    Raw(u32),
    /// Per cent.
    Calibrated(u32),
    /// The raw value at a step of the scale; which one is not told.
    TableEntry(u32),
    /// The bike's id, or something new.
    Other,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    Request(Request),
    Answer(Answer),
}

impl Request {
    pub(super) fn bytes(self) -> [u8; 4] {
        let (start, request) = match self {
            Self::Cadence => (HOST, CADENCE),
            Self::Power => (HOST, POWER),
            Self::Raw => (HOST, RAW),
            Self::Calibrated => (HOST, CALIBRATED),
            Self::TableEntry(entry) => (HOST_TABLE, entry),
            Self::Other => (HOST_START_UP, 0),
        };
        [start, request, start.wrapping_add(request), END]
    }

    pub(super) fn is_answered_by(self, answer: Answer) -> bool {
        matches!(
            (self, answer),
            (Self::Cadence, Answer::Cadence(_))
                | (Self::Power, Answer::Power(_))
                | (Self::Raw, Answer::Raw(_))
                | (Self::Calibrated, Answer::Calibrated(_))
                | (Self::TableEntry(_), Answer::TableEntry(_))
        )
    }
}

impl Answer {
    /// The frame, as a bike sends it; `None` for what has no digits, or too many.
    pub(super) fn bytes(self) -> Option<Vec<u8>> {
        let (request, value) = match self {
            Self::Cadence(value) => (CADENCE, value),
            Self::Power(value) => (POWER, value),
            Self::Raw(value) => (RAW, value),
            Self::Calibrated(value) => (CALIBRATED, value),
            Self::TableEntry(value) => (HOST_TABLE, value),
            Self::Other => return None,
        };
        let width = fixed_length(request).unwrap_or(CALIBRATED_DIGITS);
        let digits = format!("{value:0width$}");
        if digits.len() > width {
            return None;
        }
        let mut frame = vec![BIKE, request, u8::try_from(width).ok()?];
        frame.extend(digits.bytes().rev());
        frame.extend([sum_of(&[], &frame), END]);
        Some(frame)
    }
}

/// The stream so far, bounded.
#[derive(Debug, Default)]
pub(super) struct Frames {
    buffer: VecDeque<u8>,
}

impl Frames {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    /// The next frame with a right sum. Whatever fits no frame is dropped one byte at a time, so that a
    /// false start never swallows a true one.
    pub(super) fn next(&mut self, counters: &mut Counters) -> Option<Frame> {
        loop {
            while self.buffer.len() > MAX_BUFFER {
                self.buffer.pop_front();
                counters.skipped += 1;
            }
            let bytes = self.buffer.make_contiguous();
            match cut(bytes) {
                Cut::Frame(frame, length) => {
                    self.buffer.drain(..length);
                    return Some(frame);
                }
                Cut::More => return None,
                Cut::Wrong(fault) => {
                    self.buffer.pop_front();
                    counters.skipped += 1;
                    if let Some(fault) = fault {
                        counters.bad.count(fault);
                    }
                }
            }
        }
    }
}

enum Cut {
    Frame(Frame, usize),
    More,
    /// No frame starts here; the fault of what looked like one.
    Wrong(Option<Fault>),
}

fn cut(bytes: &[u8]) -> Cut {
    match bytes {
        [] => Cut::More,
        [BIKE, rest @ ..] => answer(rest),
        [start @ (HOST | HOST_TABLE | HOST_START_UP), rest @ ..] => match rest {
            [request, sum, END, ..] if start.wrapping_add(*request) == *sum => {
                Cut::Frame(Frame::Request(request_of(*start, *request)), 4)
            }
            [_, _, _, ..] => Cut::Wrong(None),
            _ => Cut::More,
        },
        _ => Cut::Wrong(None),
    }
}

fn request_of(start: u8, request: u8) -> Request {
    match (start, request) {
        (HOST, CADENCE) => Request::Cadence,
        (HOST, POWER) => Request::Power,
        (HOST, RAW) => Request::Raw,
        (HOST, CALIBRATED) => Request::Calibrated,
        (HOST_TABLE, entry) => Request::TableEntry(entry),
        _ => Request::Other,
    }
}

fn answer(rest: &[u8]) -> Cut {
    let (&[request, length], body) = match rest {
        [request, length, body @ ..] => (&[*request, *length], body),
        // What is no answer's beginning is not waited for.
        [request] if !is_known(*request) => return Cut::Wrong(None),
        _ => return Cut::More,
    };
    let length = usize::from(length);
    let fits = fixed_length(request).map_or(length <= MAX_PAYLOAD, |fixed| fixed == length);
    if !is_known(request) || !fits {
        return Cut::Wrong(None);
    }
    let Some((payload, tail)) = body.split_at_checked(length) else { return Cut::More };
    let [sum, end, ..] = tail else { return Cut::More };
    if *sum != sum_of(&[BIKE], &rest[..2 + length]) {
        return Cut::Wrong(Some(Fault::Checksum));
    }
    if *end != END {
        return Cut::Wrong(Some(Fault::Form));
    }
    let answer = match (request, digits(payload)) {
        (CADENCE, Some(value)) => Answer::Cadence(value),
        (POWER, Some(value)) => Answer::Power(value),
        (RAW, Some(value)) => Answer::Raw(value),
        (CALIBRATED, Some(value)) => Answer::Calibrated(value),
        (HOST_TABLE, Some(value)) => Answer::TableEntry(value),
        (ID | HOST_START_UP, _) => Answer::Other,
        _ => return Cut::Wrong(Some(Fault::Form)),
    };
    Cut::Frame(Frame::Answer(answer), 3 + length + 2)
}

const fn is_known(request: u8) -> bool {
    matches!(request, CADENCE | POWER | RAW | CALIBRATED | HOST_TABLE | ID | HOST_START_UP)
}

fn sum_of(start: &[u8], rest: &[u8]) -> u8 {
    start.iter().chain(rest).fold(0, |sum: u8, byte| sum.wrapping_add(*byte))
}

/// How many digits an answer has, where it is always the same.
fn fixed_length(request: u8) -> Option<usize> {
    match request {
        CADENCE => Some(3),
        POWER => Some(5),
        RAW | HOST_TABLE => Some(4),
        _ => None,
    }
}

/// ASCII digits, the least significant first.
fn digits(payload: &[u8]) -> Option<u32> {
    if payload.is_empty() || payload.len() > 6 {
        return None;
    }
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u32::from(byte - b'0'));
    payload.iter().rev().try_fold(0, |value, byte| Some(value * 10 + digit(byte)?))
}

const BIKE: u8 = 0xf1;
const HOST: u8 = 0xf5;
const HOST_TABLE: u8 = 0xf7;
const HOST_START_UP: u8 = 0xfe;
const END: u8 = 0xf6;
const CADENCE: u8 = 0x41;
const POWER: u8 = 0x44;
const CALIBRATED: u8 = 0x49;
const RAW: u8 = 0x4a;
const ID: u8 = 0xfb;
/// The longest payload where the length is not fixed: the bike's id is the longest known.
const MAX_PAYLOAD: usize = 32;
const CALIBRATED_DIGITS: usize = 3;
const MAX_BUFFER: usize = 256;
