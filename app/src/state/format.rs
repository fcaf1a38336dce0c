//! Numbers and times as riders read them, in their language. Whole-number arithmetic only: the page carries no float printer
//! for its own sake.

use alleycat_shared::{Millis, Score};

use crate::words::{Form, Lang};

/// Minutes and seconds: `3:07`.
pub fn minutes(seconds: u64) -> String {
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let zero = if seconds < 10 { "0" } else { "" };
    format!("{minutes}:{zero}{seconds}")
}

/// Whole seconds that are left, so that the last one reads 1 and not 0.
pub fn seconds_left(ms: Millis) -> u64 {
    ms.div_ceil(1_000)
}

/// A value to one decimal, for machines: `88.0`.
pub fn tenths(value: f64) -> String {
    with_tenth(value, ".")
}

fn with_tenth(value: f64, mark: &str) -> String {
    let tenths = scaled(value, 10.0);
    let sign = if tenths < 0 { "−" } else { "" };
    let tenths = tenths.unsigned_abs();
    [sign, &(tenths / 10).to_string(), mark, &(tenths % 10).to_string()].concat()
}

/// A value without decimals: `46051`.
pub fn whole(value: f64) -> String {
    scaled(value, 1.0).to_string()
}

/// A score to its four decimals, for machines: `46051.2000`.
pub fn exact(score: Score) -> String {
    let count = scaled(score.get(), 10_000.0).unsigned_abs();
    let decimals = (count % 10_000 + 10_000).to_string();
    format!("{}.{}", count / 10_000, &decimals[1..])
}

impl Lang {
    /// A value to one decimal, as it is written in the language: `88.0`, `88,0`.
    pub fn tenths(self, value: f64) -> String {
        with_tenth(value, self.decimal_mark())
    }

    /// A score gap with its sign: `+12.3`, `−104`. Small gaps have a decimal, large ones don't need it.
    pub fn signed(self, value: f64) -> String {
        let digits = if value.abs() < 100.0 { self.tenths(value.abs()) } else { whole(value.abs()) };
        [if value < 0.0 { "−" } else { "+" }, &digits].concat()
    }

    /// Seconds to a tenth: `2.3 s`.
    pub fn some_seconds(self, value: f64) -> String {
        self.seconds(&self.tenths(value.abs()))
    }

    /// How many riders, in words.
    pub fn riders(self, count: u64) -> String {
        match self.form(count) {
            Form::One => self.riders_one(&count.to_string()),
            Form::Other => self.riders_other(&count.to_string()),
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "scores and readings are far below 2^63")]
fn scaled(value: f64, scale: f64) -> i64 {
    (value * scale).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use alleycat_shared::Output;

    #[test]
    fn times_read_as_minutes_and_seconds() {
        assert_eq!([0, 7, 60, 187, 3_600].map(minutes), ["0:00", "0:07", "1:00", "3:07", "60:00"]);
        assert_eq!([0, 1, 1_000, 1_001].map(seconds_left), [0, 1, 1, 2]);
    }

    #[test]
    fn numbers_are_rounded_not_cut() {
        assert_eq!([88.0, 59.84, 59.86, 0.0].map(tenths), ["88.0", "59.8", "59.9", "0.0"]);
        assert_eq!(
            [12.34, -12.36, 99.96, -104.5].map(|gap| Lang::En.signed(gap)),
            ["+12.3", "−12.4", "+100.0", "−105"]
        );
        assert_eq!(whole(46_051.2), "46051");
    }

    #[test]
    fn a_decimal_has_the_mark_of_the_language() {
        assert_eq!(Lang::De.tenths(88.0), "88,0");
        assert_eq!(Lang::De.signed(-12.36), "−12,4");
        assert_eq!(Lang::De.some_seconds(-2.25), "2,3 s");
        assert_eq!([0, 1, 2].map(|count| Lang::En.riders(count)), ["0 riders", "1 rider", "2 riders"]);
    }

    #[test]
    fn an_exact_score_keeps_its_leading_zeros() {
        let score = Score::ZERO + Output::from_ten_thousandths(1_670_008);
        assert_eq!(exact(score), "167.0008");
        assert_eq!(exact(Score::ZERO), "0.0000");
    }
}
