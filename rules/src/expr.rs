//! Expressions and what they come to.

use std::cmp::Ordering;
use std::ops::Range;

use serde_json::Value;

use crate::functions::{Cast, Function};
use crate::message::Scope;
use crate::value::{Maybe, Num, boolean, number, text};

/// An expression whose functions are known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Expr {
    Literal(Value),
    /// The whole payload.
    Star,
    /// Keys from the payload inwards.
    Path(Vec<String>),
    Not(Box<Self>),
    Minus(Box<Self>),
    Binary(Op, Box<Self>, Box<Self>),
    Call(Function, Vec<Self>),
    Cast(Box<Self>, Cast),
    /// `CASE [operand] WHEN … THEN … [ELSE …] END`.
    Case(Option<Box<Self>>, Vec<(Self, Self)>, Option<Box<Self>>),
}

/// An operator between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// Where something stands in the text, in bytes.
pub(crate) type Span = Range<usize>;

impl Expr {
    /// The value for a message.
    pub(crate) fn eval(&self, scope: &mut Scope<'_, '_>) -> Maybe {
        match self {
            Self::Literal(value) => Some(value.clone()),
            Self::Star => scope.json().cloned(),
            Self::Path(keys) => {
                let inner = |value: Option<&Value>, key: &String| value?.as_object()?.get(key).cloned();
                let mut value = scope.json()?.as_object()?.get(keys.first()?)?.clone();
                for key in &keys[1..] {
                    value = inner(Some(&value), key)?;
                }
                Some(value)
            }
            Self::Not(operand) => Some(Value::Bool(!boolean(&operand.eval(scope)?)?)),
            Self::Minus(operand) => match number(&operand.eval(scope)?)? {
                Num::Int(int) => Num::Int(-int).value(),
                Num::Decimal(decimal) => Num::Decimal(-decimal).value(),
            },
            Self::Binary(op, left, right) => {
                let (left, right) = (left.eval(scope)?, right.eval(scope)?);
                binary(*op, &left, &right)
            }
            Self::Call(function, arguments) => function.call(arguments, scope),
            Self::Cast(operand, to) => to.cast(&operand.eval(scope)?),
            Self::Case(operand, arms, otherwise) => {
                let operand = match operand {
                    Some(operand) => Some(operand.eval(scope)?),
                    None => None,
                };
                for (when, then) in arms {
                    let when = when.eval(scope);
                    let hit = match (&operand, when) {
                        (_, None) => false,
                        (Some(operand), Some(when)) => equal(operand, &when),
                        (None, Some(when)) => boolean(&when) == Some(true),
                    };
                    if hit {
                        return then.eval(scope);
                    }
                }
                otherwise.as_ref()?.eval(scope)
            }
        }
    }
}

/// Both operands are values: with Undefined everything is Undefined.
fn binary(op: Op, left: &Value, right: &Value) -> Maybe {
    match op {
        Op::Or => Some(Value::Bool(boolean(left)? | boolean(right)?)),
        Op::And => Some(Value::Bool(boolean(left)? & boolean(right)?)),
        Op::Equal => Some(Value::Bool(equal(left, right))),
        Op::Unequal => Some(Value::Bool(!equal(left, right))),
        Op::Less => order(left, right).map(|order| Value::Bool(order.is_lt())),
        Op::LessOrEqual => order(left, right).map(|order| Value::Bool(order.is_le())),
        Op::Greater => order(left, right).map(|order| Value::Bool(order.is_gt())),
        Op::GreaterOrEqual => order(left, right).map(|order| Value::Bool(order.is_ge())),
        Op::Add if left.is_string() || right.is_string() => {
            Some(Value::String([text(left), text(right)].concat()))
        }
        Op::Add => arithmetic(left, right, i128::checked_add, |l, r| l + r),
        Op::Subtract => arithmetic(left, right, i128::checked_sub, |l, r| l - r),
        Op::Multiply => arithmetic(left, right, i128::checked_mul, |l, r| l * r),
        Op::Divide => arithmetic(left, right, i128::checked_div, |l, r| l / r),
        Op::Remainder => arithmetic(left, right, i128::checked_rem, |l, r| l % r),
    }
}

/// Whole numbers give whole numbers; everything else is a decimal. What has no value is Undefined.
fn arithmetic(
    left: &Value,
    right: &Value,
    whole: fn(i128, i128) -> Option<i128>,
    decimal: fn(f64, f64) -> f64,
) -> Maybe {
    match (number(left)?, number(right)?) {
        (Num::Int(left), Num::Int(right)) => Num::Int(whole(left, right)?).value(),
        (left, right) => Num::Decimal(decimal(left.decimal(), right.decimal())).value(),
    }
}

/// Values of different kinds are not equal; whole numbers and decimals are of one kind.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => match (Num::of(left), Num::of(right)) {
            (Num::Int(left), Num::Int(right)) => left == right,
            // As in `order`, for which the two zeros are one number.
            (left, right) => left.decimal() == right.decimal(),
        },
        _ => left == right,
    }
}

/// Numbers by size, text that is not all numbers by its characters; other kinds have no order.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (number(left), number(right)) {
        (Some(Num::Int(left)), Some(Num::Int(right))) => Some(left.cmp(&right)),
        (Some(left), Some(right)) => left.decimal().partial_cmp(&right.decimal()),
        _ => match (left, right) {
            (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
            _ => None,
        },
    }
}
