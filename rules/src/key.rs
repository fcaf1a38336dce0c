//! Strategies for partition keys.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use uuid::Uuid;

use crate::message::{Message, Scope};
use crate::template::{Template, TemplateError};

/// How a record's partition key is made: one of five names, or any template.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionKey {
    name: String,
    template: Template,
}

/// The strategies that have names, with their templates.
const NAMED: [(&str, &str); 5] = [
    // Spreads records evenly, in no order.
    ("random", "${newuuid()}"),
    // What the original did: all records of a millisecond go to one shard.
    ("time", "${timestamp()}"),
    // Keeps each rider's seconds in order.
    ("racer", "${racerId}"),
    // Keeps a class in order, and no class gets more than one shard.
    ("class", "${classId}"),
    // Keeps a race in order, and no race gets more than one shard.
    ("race", "${raceId}"),
];

/// A strategy that means nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PartitionKeyError {
    /// Neither a name nor a template.
    #[error(
        "`{0}` is no strategy: take random, time, racer, class, race, or a template such as ${{classId}}"
    )]
    Unknown(String),
    /// A template that can't be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
}

impl PartitionKey {
    /// The key for a message; `None` if a part of it is Undefined.
    pub fn render(&self, message: Message<'_>, chance: &mut dyn FnMut() -> Uuid) -> Option<String> {
        self.template.render(message, chance)
    }

    /// The template that the strategy stands for.
    pub fn template(&self) -> &Template {
        &self.template
    }

    pub(crate) fn fill(&self, scope: &mut Scope<'_, '_>) -> Option<String> {
        self.template.fill(scope)
    }

    /// The template behind a strategy's name, or the text itself.
    pub(crate) fn source(text: &str) -> &str {
        NAMED.iter().find(|(name, _)| *name == text).map_or(text, |(_, template)| template)
    }
}

impl FromStr for PartitionKey {
    type Err = PartitionKeyError;

    fn from_str(text: &str) -> Result<Self, PartitionKeyError> {
        let source = Self::source(text);
        if !source.contains("${") {
            return Err(PartitionKeyError::Unknown(text.to_owned()));
        }
        Ok(Self { name: text.to_owned(), template: Template::parse(source)? })
    }
}

impl fmt::Display for PartitionKey {
    /// As it was written: the strategy's name, or the template.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
