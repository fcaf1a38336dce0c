//! Substitution templates: text with `${expr}` in it, against the message as it came.

use std::fmt;

use thiserror::Error;
use uuid::Uuid;

use crate::check;
use crate::expr::Expr;
use crate::grammar::{self, Wrong};
use crate::message::{Message, Scope};
use crate::report;
use crate::value::text;

/// A template that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Text(String),
    Expr(Expr),
}

/// A template that means nothing. It is shown with a caret under the fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct TemplateError(String);

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] when an expression in it can't be read.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        Self::read(text).map_err(|wrong| TemplateError(report::text(text, &wrong)))
    }

    pub(crate) fn read(text: &str) -> Result<Self, Wrong> {
        let part = |part| match part {
            grammar::Part::Text(text) => Ok(Part::Text(text)),
            grammar::Part::Expr(node) => check::expression(node).map(Part::Expr),
        };
        let parts = grammar::template(text)?.into_iter().map(part).collect::<Result<_, _>>()?;
        Ok(Self { source: text.to_owned(), parts })
    }

    /// The text for a message. `None` if a part of it is Undefined.
    pub fn render(&self, message: Message<'_>, chance: &mut dyn FnMut() -> Uuid) -> Option<String> {
        self.fill(&mut Scope::new(message, chance))
    }

    /// The text, if it is the same for every message.
    pub fn constant(&self) -> Option<String> {
        let parts = self.parts.iter().map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            Part::Expr(_) => None,
        });
        parts.collect()
    }

    pub(crate) fn fill(&self, scope: &mut Scope<'_, '_>) -> Option<String> {
        let mut out = String::with_capacity(self.source.len());
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Expr(expr) => out.push_str(&text(&expr.eval(scope)?)),
            }
        }
        Some(out)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}
