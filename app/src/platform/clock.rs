//! The page's own clock and its randomness.

use std::cell::RefCell;

use alleycat_shared::Millis;
use js_sys::Array;
use js_sys::Intl::DateTimeFormat;
use wasm_bindgen::JsValue;

use super::document;
use crate::words::Lang;

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

/// A day and a time as they are written in a language: where the browser wishes it as in a country (`en-GB`), as
/// there.
pub fn local(lang: Lang, ms: Millis) -> String {
    let date = date(ms);
    FORMAT.with_borrow_mut(|kept| {
        let format = match kept {
            Some((known, format)) if *known == lang => format,
            // To make one takes longer than to use it.
            _ => &kept.insert((lang, format_of(lang))).1,
        };
        let written = format.format().call1(&JsValue::UNDEFINED, &date);
        written.ok().and_then(|text| text.as_string()).unwrap_or_default()
    })
}

fn format_of(lang: Lang) -> DateTimeFormat {
    let wishes = document::wishes();
    let tag = wishes.iter().find(|wish| Lang::wished([wish.as_str()]) == Some(lang));
    let tag = tag.map_or_else(|| lang.tag(), String::as_str);
    let options = js_sys::Object::new();
    for (name, value) in [("day", "numeric"), ("month", "short"), ("hour", "2-digit"), ("minute", "2-digit")]
    {
        // A plain object takes any property.
        let _ = js_sys::Reflect::set(&options, &name.into(), &value.into());
    }
    DateTimeFormat::new(&Array::of1(&tag.into()), &options)
}

thread_local! {
    static FORMAT: RefCell<Option<(Lang, DateTimeFormat)>> = const { RefCell::new(None) };
}

/// A time of day as this device writes it, to the millisecond: `14:05:09.042`.
pub fn precise(ms: Millis) -> String {
    let time = date(ms).to_locale_time_string("en-GB");
    let fraction = (ms % 1_000 + 1_000).to_string();
    [&String::from(time), ".", &fraction[1..]].concat()
}

/// The present time for the name of a file: `2026-05-03T12-05-09`.
pub fn stamp() -> String {
    let text = String::from(date(now()).to_iso_string());
    text[..text.len().min(STAMP)].replace(':', "-")
}

fn date(ms: Millis) -> js_sys::Date {
    #[expect(clippy::cast_precision_loss, reason = "ms since 1970 are exact up to 2^53")]
    let ms = ms as f64;
    js_sys::Date::new(&ms.into())
}

/// Up to the seconds.
const STAMP: usize = 19;
