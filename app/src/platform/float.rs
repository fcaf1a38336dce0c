//! Fractions as text. The browser reads and prints them exactly, so that the page need not carry the tables.

/// The number nearest to a text in JSON's grammar for numbers.
pub(crate) fn parse(text: &str) -> f64 {
    #[cfg(target_arch = "wasm32")]
    return js_sys::parse_float(text);
    #[cfg(not(target_arch = "wasm32"))]
    return text.parse().unwrap_or(f64::NAN);
}

/// The shortest text that reads as this finite number again.
pub(crate) fn print(value: f64) -> String {
    #[cfg(target_arch = "wasm32")]
    return js_sys::Number::from(value).to_string_with_radix(10).map(String::from).unwrap_or_default();
    #[cfg(not(target_arch = "wasm32"))]
    return value.to_string();
}
