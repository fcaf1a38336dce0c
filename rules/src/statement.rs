//! `SELECT … FROM … WHERE …`: whether a message is meant, and what becomes of its payload.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::check;
use crate::expr::Expr;
use crate::filter::Filter;
use crate::grammar::{self, Raw, What, Wrong};
use crate::message::Scope;
use crate::value::{boolean, text};

/// A statement that was checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Statement {
    pub(crate) filter: Filter,
    projection: Projection,
    only: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
enum Projection {
    /// `*` alone: the payload as it came.
    All,
    /// `VALUE expr`.
    Value(Expr),
    /// Keys and values; `None` takes in all keys of the payload.
    Keys(Vec<(Option<String>, Expr)>),
}

impl Statement {
    /// Reads a statement.
    pub(crate) fn parse(text: &str) -> Result<Self, Wrong> {
        let select = grammar::statement(text)?;
        let (filter, span) = select.from;
        let filter = Filter::new(&filter).map_err(|message| Wrong { span, message: message.to_owned() })?;
        let projection = match select.what {
            What::Value(node) => Projection::Value(check::expression(node)?),
            What::Items(items) => match items.as_slice() {
                [(node, None)] if matches!(node.raw, Raw::Star) => Projection::All,
                _ => Projection::Keys(items.into_iter().map(key).collect::<Result<_, _>>()?),
            },
        };
        let only = select.only.map(check::expression).transpose()?;
        Ok(Self { filter, projection, only })
    }

    /// The outgoing payload, if the message is meant. WHERE is looked at before SELECT.
    pub(crate) fn apply(&self, scope: &mut Scope<'_, '_>) -> Option<Bytes> {
        if let Some(only) = &self.only
            && boolean(&only.eval(scope)?) != Some(true)
        {
            return None;
        }
        Some(match &self.projection {
            Projection::All => Bytes::copy_from_slice(scope.message.payload),
            Projection::Value(expr) => match expr.eval(scope) {
                // Text alone is written without quotes, and Undefined as nothing.
                Some(value) => text(&value).into(),
                None => Bytes::new(),
            },
            Projection::Keys(keys) => {
                let mut out = Map::new();
                for (name, expr) in keys {
                    match (name, expr.eval(scope)) {
                        (Some(name), Some(value)) => _ = out.insert(name.clone(), value),
                        (None, Some(Value::Object(map))) => out.extend(map),
                        _ => {}
                    }
                }
                Value::Object(out).to_string().into()
            }
        })
    }
}

/// The key that an item of the list becomes.
fn key((node, name): (grammar::Node, Option<String>)) -> Result<(Option<String>, Expr), Wrong> {
    let own = match (&node.raw, name) {
        (Raw::Star, None) => None,
        (_, Some(name)) => Some(name),
        (Raw::Path(keys), None) => keys.last().cloned(),
        _ => {
            let message = "what is worked out needs a name: write `… AS name`".to_owned();
            return Err(Wrong { span: node.span, message });
        }
    };
    Ok((own, check::expression(node)?))
}
