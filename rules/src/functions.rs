//! The functions of the SQL. Wrong arguments give Undefined, not an error.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::expr::Expr;
use crate::message::Scope;
use crate::value::{Maybe, Num, boolean, number, text};

/// A function that is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Timestamp,
    Topic,
    ClientId,
    NewUuid,
    TraceId,
    Get,
    IsUndefined,
    IsNull,
    Upper,
    Lower,
    Concat,
    Replace,
    Length,
    Encode,
    Decode,
}

/// A type that `cast` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cast {
    Text,
    Int,
    Decimal,
    Boolean,
}

/// Name, how many arguments it takes at least and at most, and what it is.
pub(crate) const FUNCTIONS: [(&str, usize, usize, Function); 15] = [
    ("timestamp", 0, 0, Function::Timestamp),
    ("topic", 0, 1, Function::Topic),
    ("clientid", 0, 0, Function::ClientId),
    ("newuuid", 0, 0, Function::NewUuid),
    ("traceid", 0, 0, Function::TraceId),
    ("get", 2, 2, Function::Get),
    ("isundefined", 1, 1, Function::IsUndefined),
    ("isnull", 1, 1, Function::IsNull),
    ("upper", 1, 1, Function::Upper),
    ("lower", 1, 1, Function::Lower),
    ("concat", 1, usize::MAX, Function::Concat),
    ("replace", 3, 3, Function::Replace),
    ("length", 1, 1, Function::Length),
    ("encode", 2, 2, Function::Encode),
    ("decode", 2, 2, Function::Decode),
];

/// Functions of AWS IoT Core that ask other services, or that nobody here needs: refused by name.
pub(crate) const LEFT_OUT: [&str; 12] = [
    "aws_lambda",
    "get_dynamodb",
    "get_secret",
    "get_thing_shadow",
    "get_registry_data",
    "machinelearning_predict",
    "transform",
    "regexp_matches",
    "regexp_replace",
    "regexp_substr",
    "principal",
    "sourceip",
];

impl Function {
    pub(crate) fn call(self, arguments: &[Expr], scope: &mut Scope<'_, '_>) -> Maybe {
        let string = |text: String| Some(Value::String(text));
        match self {
            Self::Timestamp => Some(Value::from(scope.message.at)),
            Self::ClientId => string(scope.message.client_id.unwrap_or("n/a").to_owned()),
            Self::TraceId => string(scope.message.trace_id.to_string()),
            Self::NewUuid => string(scope.uuid().to_string()),
            Self::Topic => {
                let topic = scope.message.topic;
                let Some(argument) = arguments.first() else { return string(topic.to_owned()) };
                let Num::Int(level) = number(&argument.eval(scope)?)? else { return None };
                let level = usize::try_from(level).ok()?.checked_sub(1)?;
                string(topic.split('/').nth(level)?.to_owned())
            }
            Self::IsUndefined => Some(Value::Bool(arguments.first()?.eval(scope).is_none())),
            Self::IsNull => Some(Value::Bool(arguments.first()?.eval(scope) == Some(Value::Null))),
            Self::Encode => {
                let bytes = match arguments.first()? {
                    // The payload as it came, JSON or not.
                    Expr::Star => scope.message.payload.to_vec(),
                    other => text(&other.eval(scope)?).into_bytes(),
                };
                is_base64(arguments.get(1)?.eval(scope)?)?;
                string(STANDARD.encode(bytes))
            }
            Self::Decode => {
                let Value::String(encoded) = arguments.first()?.eval(scope)? else { return None };
                is_base64(arguments.get(1)?.eval(scope)?)?;
                string(String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?)
            }
            _ => {
                let values: Option<Vec<Value>> =
                    arguments.iter().map(|argument| argument.eval(scope)).collect();
                self.of_values(&values?)
            }
        }
    }

    fn of_values(self, values: &[Value]) -> Maybe {
        match (self, values) {
            (Self::Get, [Value::Object(map), Value::String(key)]) => map.get(key).cloned(),
            (Self::Get, [Value::Array(list), Value::Number(index)]) => {
                list.get(usize::try_from(index.as_u64()?).ok()?).cloned()
            }
            (Self::Upper, [value]) => Some(Value::String(text(value).to_uppercase())),
            (Self::Lower, [value]) => Some(Value::String(text(value).to_lowercase())),
            (Self::Length, [value]) => Some(Value::from(text(value).chars().count())),
            (Self::Replace, [value, what, with]) => {
                let (value, what, with) = (text(value), text(what), text(with));
                // Every empty place would be replaced, and a small message made a large one.
                let grows = with.len().saturating_mul(value.len().max(1)) > LONGEST;
                if what.is_empty() || grows { None } else { Some(Value::String(value.replace(&what, &with))) }
            }
            (Self::Concat, values) if values.iter().any(Value::is_array) => {
                let items = values.iter().flat_map(|value| match value {
                    Value::Array(list) => list.clone(),
                    other => vec![other.clone()],
                });
                Some(Value::Array(items.collect()))
            }
            (Self::Concat, values) => Some(Value::String(values.iter().map(text).collect())),
            _ => None,
        }
    }
}

impl Cast {
    /// The type of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "string" | "varchar" | "nvarchar" | "text" | "ntext" => Some(Self::Text),
            "int" | "integer" => Some(Self::Int),
            "decimal" => Some(Self::Decimal),
            "bool" | "boolean" => Some(Self::Boolean),
            _ => None,
        }
    }

    pub(crate) fn cast(self, value: &Value) -> Maybe {
        let truth = |value: &Value| value.as_bool().map(|truth| Num::Int(truth.into()));
        match self {
            Self::Text => Some(Value::String(text(value))),
            Self::Decimal => Num::Decimal(number(value).or_else(|| truth(value))?.decimal()).value(),
            Self::Int => match number(value).or_else(|| truth(value))? {
                Num::Decimal(decimal) if decimal.abs() < MAX_EXACT =>
                {
                    #[expect(clippy::cast_possible_truncation, reason = "compared before")]
                    Num::Int(decimal.round() as i128).value()
                }
                Num::Decimal(_) => None,
                int => int.value(),
            },
            Self::Boolean => match value {
                Value::Number(_) => Some(Value::Bool(number(value)?.decimal() != 0.0)),
                other => boolean(other).map(Value::Bool),
            },
        }
    }
}

fn is_base64(scheme: Value) -> Option<()> {
    (scheme == "base64").then_some(())
}

/// The longest text that `replace` makes, in bytes.
const LONGEST: usize = 1024 * 1024;
/// Decimals below are whole numbers exactly.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;
