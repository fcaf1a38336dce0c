//! Values of the SQL: those of JSON, and Undefined, which is `None`.

use serde_json::{Number, Value};

/// A value, or Undefined.
pub(crate) type Maybe = Option<Value>;

/// A number: whole, or with a decimal point even if nothing follows it (version 2015-10-08 keeps `10.0`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Num {
    Int(i128),
    Decimal(f64),
}

impl Num {
    /// The number in a JSON number.
    pub(crate) fn of(number: &Number) -> Self {
        let whole = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        // A number of JSON is finite.
        whole.map_or_else(|| Self::Decimal(number.as_f64().unwrap_or_default()), Self::Int)
    }

    pub(crate) fn decimal(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "a decimal of our SQL is a double")]
            Self::Int(int) => int as f64,
            Self::Decimal(decimal) => decimal,
        }
    }

    /// As JSON; Undefined if it is too large for that.
    pub(crate) fn value(self) -> Maybe {
        match self {
            Self::Int(int) => {
                let small = i64::try_from(int).map(Number::from);
                small.or_else(|_| u64::try_from(int).map(Number::from)).ok().map(Value::Number)
            }
            Self::Decimal(decimal) => Number::from_f64(decimal).map(Value::Number),
        }
    }
}

/// A number, or text that is one.
pub(crate) fn number(value: &Value) -> Option<Num> {
    match value {
        Value::Number(number) => Some(Num::of(number)),
        // Text becomes a decimal, whatever it looks like.
        Value::String(text) => text.trim().parse().ok().filter(|n: &f64| n.is_finite()).map(Num::Decimal),
        _ => None,
    }
}

/// A truth value, or text that is one.
pub(crate) fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// A value as text: strings as they are, everything else as JSON.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
