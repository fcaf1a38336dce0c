//! The words of the two families.

use crate::reading::Fault;

/// A family of ergometers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Ergoline and GE eBike: a letter, and answers that begin with one.
    Ergoline,
    /// Monark: words, and answers that are bare numbers.
    Monark,
}

/// What can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Id,
    Cadence,
    Power,
    HeartRate,
}

impl Dialect {
    pub(super) const fn request(self, question: Question) -> &'static str {
        match (self, question) {
            (Self::Ergoline, Question::Id) => "I",
            (Self::Ergoline, Question::Cadence) => "D",
            (Self::Ergoline, Question::Power) => "B",
            (Self::Ergoline, Question::HeartRate) => "H",
            (Self::Monark, Question::Id) => "id",
            (Self::Monark, Question::Cadence) => "pedal",
            (Self::Monark, Question::Power) => "power",
            (Self::Monark, Question::HeartRate) => "pulse",
        }
    }

    /// Whether this is what such an ergometer says of itself, as far as that is known.
    pub(super) fn is_id(self, text: &str) -> bool {
        match self {
            // `0900P10V243`, `er900P10VV243`, `V.3.3`
            Self::Ergoline => {
                text.contains('V') && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
            }
            Self::Monark => ["LC", "novo", "mec"].iter().any(|kind| text.starts_with(kind)),
        }
    }

    /// The number of an answer.
    pub(super) fn value(self, question: Question, text: &str) -> Result<f64, Fault> {
        let number = match self {
            Self::Monark => text,
            Self::Ergoline => {
                let letter = match question {
                    Question::Cadence => "n",
                    other => self.request(other),
                };
                text.strip_prefix(letter).ok_or(Fault::Form)?
            }
        };
        // How numbers are padded differs from model to model.
        let number = number.trim_matches(' ');
        let plain = (1..=MOST_DIGITS).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
        if plain { number.parse().map_err(|_| Fault::Form) } else { Err(Fault::Form) }
    }
}

const MOST_DIGITS: usize = 4;
