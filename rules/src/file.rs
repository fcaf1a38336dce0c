//! The rules file: TOML.

use std::ops::Range;

use serde::Deserialize;
use thiserror::Error;
use toml::Spanned;

use crate::expr::Span;
use crate::grammar::Wrong;
use crate::key::PartitionKey;
use crate::report;
use crate::rule::{Order, Planned, Rule, Rules};
use crate::statement::Statement;
use crate::template::Template;

/// A rules file that can't be used, with the place in it and a caret under the fault.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct RulesError(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, rename = "rule")]
    rules: Vec<RawRule>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawRule {
    name: Spanned<String>,
    sql: Spanned<String>,
    #[serde(default, rename = "action")]
    actions: Vec<Spanned<RawAction>>,
    error_action: Option<Spanned<RawAction>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawAction {
    kinesis: Option<RawKinesis>,
    republish: Option<RawRepublish>,
    file: Option<RawFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawKinesis {
    stream: Spanned<String>,
    partition_key: Spanned<String>,
    #[serde(default)]
    order: RawOrder,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawOrder {
    #[default]
    Key,
    None,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRepublish {
    topic: Spanned<String>,
    #[serde(default)]
    qos: Option<Spanned<u8>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    path: Spanned<String>,
}

impl Rules {
    /// Reads a rules file. `name` is how the file is called in messages.
    ///
    /// # Errors
    /// [`RulesError`], ready for a terminal: what is wrong, the line, and a caret under it.
    pub fn parse(text: &str, name: &str) -> Result<Self, RulesError> {
        let source = Source { text, name };
        let file: File = toml::from_str(text)
            .map_err(|error| source.fault(error.span().unwrap_or(0..0), error.message()))?;
        let mut rules: Vec<Rule> = Vec::new();
        for raw in file.rules {
            let span = raw.name.span();
            let rule = source.rule(raw)?;
            if rules.iter().any(|known| known.name == rule.name) {
                return Err(source.fault(span, "there is another rule of this name"));
            }
            rules.push(rule);
        }
        Ok(Self { rules })
    }
}

struct Source<'a> {
    text: &'a str,
    name: &'a str,
}

impl Source<'_> {
    fn fault(&self, span: Span, message: &str) -> RulesError {
        RulesError(report::file(self.text, self.name, span, message))
    }

    /// A fault in a string of the file: where it is in the file, if the string stands there as it is meant.
    fn inside(&self, string: &Spanned<String>, wrong: &Wrong) -> RulesError {
        let Range { start, end } = string.span();
        let written = self.text.get(start..end).unwrap_or_default();
        match written.find(string.get_ref().as_str()) {
            Some(quote) if !string.get_ref().is_empty() => {
                let at = start + quote;
                self.fault(at + wrong.span.start..at + wrong.span.end, &wrong.message)
            }
            // Written with escapes: the string as it is meant, and where it begins.
            _ => {
                let alone = report::text(string.get_ref(), wrong);
                self.fault(start..end, &format!("{}\n{alone}", wrong.message))
            }
        }
    }

    fn rule(&self, raw: RawRule) -> Result<Rule, RulesError> {
        let name = raw.name.get_ref();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.len() > LONGEST_NAME || !name.chars().all(is_name) {
            let message = "a rule's name has 1 to 128 letters, digits and _";
            return Err(self.fault(raw.name.span(), message));
        }
        let statement = Statement::parse(raw.sql.get_ref()).map_err(|wrong| self.inside(&raw.sql, &wrong))?;
        if raw.actions.is_empty() {
            return Err(self.fault(raw.name.span(), "this rule has no action: add one with [[rule.action]]"));
        }
        if let Some(one_more) = raw.actions.get(MOST_ACTIONS) {
            return Err(self.fault(one_more.span(), "a rule has at most 10 actions"));
        }
        let actions = raw.actions.into_iter().map(|action| self.action(action));
        let actions = actions.collect::<Result<_, _>>()?;
        let error_action = raw.error_action.map(|action| self.action(action)).transpose()?;
        Ok(Rule { name: name.clone(), sql: raw.sql.into_inner(), statement, actions, error_action })
    }

    fn action(&self, raw: Spanned<RawAction>) -> Result<Planned, RulesError> {
        let span = raw.span();
        match raw.into_inner() {
            RawAction { kinesis: Some(kinesis), republish: None, file: None } => {
                let key = kinesis.partition_key.get_ref();
                let source = PartitionKey::source(key);
                if source == key && key.contains("${") {
                    self.template(&kinesis.partition_key)?;
                }
                let key = key.parse().map_err(|error: crate::PartitionKeyError| {
                    self.fault(kinesis.partition_key.span(), &error.to_string())
                })?;
                let order = match kinesis.order {
                    RawOrder::Key => Order::Key,
                    RawOrder::None => Order::None,
                };
                Ok(Planned::Kinesis { stream: self.template(&kinesis.stream)?, key, order })
            }
            RawAction { kinesis: None, republish: Some(republish), file: None } => {
                let topic = self.template(&republish.topic)?;
                let qos = republish.qos.as_ref().map_or(0, |qos| *qos.get_ref());
                if qos > 1 {
                    let span = republish.qos.map_or(span, |qos| qos.span());
                    return Err(self.fault(span, "messages are republished at QoS 0 or 1"));
                }
                Ok(Planned::Republish { topic, qos })
            }
            RawAction { kinesis: None, republish: None, file: Some(file) } => {
                Ok(Planned::File { path: self.template(&file.path)? })
            }
            _ => Err(self.fault(span, "an action is one of kinesis, republish and file")),
        }
    }

    fn template(&self, text: &Spanned<String>) -> Result<Template, RulesError> {
        Template::read(text.get_ref()).map_err(|wrong| self.inside(text, &wrong))
    }
}

const LONGEST_NAME: usize = 128;
const MOST_ACTIONS: usize = 10;
