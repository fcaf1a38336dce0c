//! The page's own clock and its randomness.

use alleycat_shared::Millis;

/// The own clock, epoch ms. It may jump; the hub's clock is measured against it again and again.
pub fn now() -> Millis {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ms since 1970 fit")]
    let now = js_sys::Date::now() as Millis;
    now
}

/// Any random number.
pub fn seed() -> u64 {
    uuid::Uuid::new_v4().as_u64_pair().1
}

/// A random number in 0..1.
pub fn random() -> f64 {
    js_sys::Math::random()
}
