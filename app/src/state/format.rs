//! Numbers and times as riders read them. Whole-number arithmetic only: the page carries no float printer
//! for its own sake.

use alleycat_shared::{Millis, Score};

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

/// A value to one decimal: `88.0`.
pub fn tenths(value: f64) -> String {
    let tenths = scaled(value, 10.0);
    let sign = if tenths < 0 { "−" } else { "" };
    let tenths = tenths.unsigned_abs();
    format!("{sign}{}.{}", tenths / 10, tenths % 10)
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

/// A score gap with its sign: `+12.3`, `−104`. Small gaps have a decimal, large ones don't need it.
pub fn gap(value: f64) -> String {
    let digits = if value.abs() < 100.0 { tenths(value.abs()) } else { whole(value.abs()) };
    format!("{}{digits}", if value < 0.0 { "−" } else { "+" })
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
        assert_eq!([12.34, -12.36, 99.96, -104.5].map(gap), ["+12.3", "−12.4", "+100.0", "−105"]);
        assert_eq!(whole(46_051.2), "46051");
    }

    #[test]
    fn an_exact_score_keeps_its_leading_zeros() {
        let score = Score::ZERO + Output::from_ten_thousandths(1_670_008);
        assert_eq!(exact(score), "167.0008");
        assert_eq!(exact(Score::ZERO), "0.0000");
    }
}
