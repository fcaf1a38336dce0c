//! Whether a row of measurements grows.

/// A straight line through measurements at equal distances, by least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trend {
    /// How much more from one measurement to the next.
    pub(crate) slope: f64,
    /// The mean of all.
    pub(crate) mean: f64,
    /// How far the line rises from the first measurement to the last.
    pub(crate) rise: f64,
}

impl Trend {
    /// `None` for fewer than two measurements.
    #[expect(clippy::cast_precision_loss, reason = "a few hundred measurements")]
    pub(crate) fn of(measured: &[f64]) -> Option<Self> {
        let count = measured.len() as f64;
        if measured.len() < 2 {
            return None;
        }
        let mean = measured.iter().sum::<f64>() / count;
        let middle = (count - 1.0) / 2.0;
        let from_middle = |at: usize| at as f64 - middle;
        let together: f64 =
            measured.iter().enumerate().map(|(at, value)| from_middle(at) * (value - mean)).sum();
        let spread: f64 = (0..measured.len()).map(|at| from_middle(at).powi(2)).sum();
        let slope = together / spread;
        Some(Self { slope, mean, rise: slope * (count - 1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_found_and_what_goes_up_and_down_is_flat() {
        let line = Trend::of(&[3.0, 5.0, 7.0, 9.0]).unwrap();
        assert_eq!((line.slope, line.mean, line.rise), (2.0, 6.0, 6.0));
        let flat = Trend::of(&[1.0, 2.0, 2.0, 1.0]).unwrap();
        assert!(flat.rise.abs() < 1e-9, "{flat:?}");
        assert_eq!(Trend::of(&[1.0]), None);
    }
}
