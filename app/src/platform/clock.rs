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

/// A time as this device writes it: day, month, hour and minute.
pub fn local(ms: Millis) -> String {
    #[expect(clippy::cast_precision_loss, reason = "ms since 1970 are exact up to 2^53")]
    let date = js_sys::Date::new(&(ms as f64).into());
    let options = js_sys::Object::new();
    for (name, value) in [("day", "numeric"), ("month", "short"), ("hour", "2-digit"), ("minute", "2-digit")]
    {
        // A plain object takes any property.
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    date.to_locale_string("default", &options).into()
}
