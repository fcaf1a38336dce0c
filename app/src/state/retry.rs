//! How long to wait before asking again: exponential with full jitter, a floor and a cap.

use alleycat_shared::Millis;

/// The wait after a number of failures. `random` is in 0..1: it spreads the tablets of a gym whose hub
/// comes back.
pub fn wait(failures: u32, random: f64) -> Millis {
    let ceiling = (BASE_MS << failures.min(10)).min(CAP_MS);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "between the floor and the cap"
    )]
    let jittered = (ceiling as f64 * random.clamp(0.0, 1.0)) as Millis;
    jittered.max(FLOOR_MS)
}

const BASE_MS: Millis = 500;
const CAP_MS: Millis = 8_000;
const FLOOR_MS: Millis = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_cap_and_never_reach_zero() {
        assert_eq!([0, 1, 2, 4, 5, 40].map(|n| wait(n, 1.0)), [500, 1_000, 2_000, 8_000, 8_000, 8_000]);
        assert_eq!([0, 40].map(|n| wait(n, 0.0)), [250, 250]);
        assert_eq!(wait(40, 0.5), 4_000);
    }
}
