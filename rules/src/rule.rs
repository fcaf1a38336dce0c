//! Rules, and what they make of a message.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use thiserror::Error;
use uuid::Uuid;

use crate::key::PartitionKey;
use crate::message::{Message, Scope};
use crate::statement::Statement;
use crate::template::Template;

/// All rules of a file.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    pub(crate) rules: Vec<Rule>,
}

/// A rule: which messages, and what to do about them.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) name: String,
    pub(crate) sql: String,
    pub(crate) statement: Statement,
    pub(crate) actions: Vec<Planned>,
    pub(crate) error_action: Option<Planned>,
}

/// An action as it is written, with templates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Planned {
    Kinesis { stream: Template, key: PartitionKey, order: Order },
    Republish { topic: Template, qos: u8 },
    File { path: Template },
}

/// An action for one message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Put a record into a stream.
    Kinesis {
        /// The stream's name.
        stream: String,
        /// The partition key.
        partition_key: String,
        /// What of the order is kept.
        order: Order,
    },
    /// Publish under another topic.
    Republish {
        /// The topic, without wildcards.
        topic: String,
        /// 0 or 1.
        qos: u8,
    },
    /// Append a line to a file.
    File {
        /// The file.
        path: PathBuf,
    },
}

/// One of a rule's actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// By its place, counted from 0.
    Action(usize),
    /// The one for failures.
    Error,
}

/// What of the order of records a stream keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Order {
    /// Records of one partition key stay in order: never two of them are under way.
    #[default]
    Key,
    /// None: fastest, also for few keys.
    None,
}

/// Why there is no action for a message.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Fault {
    /// A template has a part that the message does not have.
    #[error("`{template}` is Undefined for this message")]
    Undefined {
        /// The template.
        template: String,
    },
    /// A message would lead out of the folder that the rule writes in.
    #[error("`{0}` leads out of its folder")]
    Path(String),
    /// The topic can't be published to.
    #[error("`{0}` is no topic to publish to")]
    Topic(String),
}

/// What a rule makes of a message that it means.
#[derive(Clone, Debug)]
pub struct Outcome<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// The outgoing payload.
    pub payload: Bytes,
    /// What to do, in the order of the file; all of it independently of each other.
    pub actions: Vec<Result<Action, Fault>>,
}

/// An action that failed, for [`error_message`].
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The kind of the action: `KinesisAction` and so on.
    pub failed_action: String,
    /// What it was for: a stream, a topic, a file.
    pub failed_resource: String,
    /// What went wrong.
    pub error_message: String,
}

impl Rules {
    /// All rules in the order of the file.
    pub fn all(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of this name.
    pub fn named(&self, name: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.name == name)
    }

    /// Whether any rule means messages of a topic; none is evaluated.
    pub fn may_mean(&self, topic: &str) -> bool {
        self.rules.iter().any(|rule| rule.statement.filter.matches(topic))
    }

    /// What is to be done about a message. `chance` makes the ids of `newuuid()`.
    pub fn apply<'r>(&'r self, message: Message<'_>, chance: &mut dyn FnMut() -> Uuid) -> Vec<Outcome<'r>> {
        let mut scope = Scope::new(message, chance);
        let meant = self.rules.iter().filter(|rule| rule.statement.filter.matches(message.topic));
        meant.filter_map(|rule| rule.apply(&mut scope)).collect()
    }
}

impl Rule {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The statement as it is written.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The outgoing payload and what one of the actions, counted from 0, is to do with it; `None` if the rule
    /// does not mean the message, or has no such action.
    pub fn action(
        &self,
        index: usize,
        message: Message<'_>,
        chance: &mut dyn FnMut() -> Uuid,
    ) -> Option<(Bytes, Result<Action, Fault>)> {
        let action = self.actions.get(index).filter(|_| self.statement.filter.matches(message.topic))?;
        let mut scope = Scope::new(message, chance);
        let payload = self.statement.apply(&mut scope)?;
        Some((payload, action.fill(&mut scope)))
    }

    /// Whether it has an error action.
    pub fn has_error_action(&self) -> bool {
        self.error_action.is_some()
    }

    /// Whether an action puts records into a stream.
    pub fn is_kinesis(&self, action: usize) -> bool {
        matches!(self.actions.get(action), Some(Planned::Kinesis { .. }))
    }

    /// The topics that it publishes to, as templates.
    pub fn republishes(&self) -> impl Iterator<Item = String> {
        self.actions.iter().chain(&self.error_action).filter_map(|action| match action {
            Planned::Republish { topic, .. } => Some(topic.to_string()),
            _ => None,
        })
    }

    /// The streams that it puts records into, the error action's last.
    pub fn streams(&self) -> impl Iterator<Item = &Template> {
        self.actions.iter().chain(&self.error_action).filter_map(|action| match action {
            Planned::Kinesis { stream, .. } => Some(stream),
            _ => None,
        })
    }

    /// What an action is for, in a word: `kinesis`, `republish` or `file`; none for the error action of a rule
    /// that has none.
    pub fn target(&self, action: Which) -> &'static str {
        self.planned(action).map_or("none", |action| match action {
            Planned::Kinesis { .. } => "kinesis",
            Planned::Republish { .. } => "republish",
            Planned::File { .. } => "file",
        })
    }

    /// Whether an action does in both rules the same about the same messages.
    pub fn same_action(&self, other: &Self, index: usize) -> bool {
        self.statement == other.statement && self.actions.get(index) == other.actions.get(index)
    }

    fn planned(&self, action: Which) -> Option<&Planned> {
        match action {
            Which::Action(index) => self.actions.get(index),
            Which::Error => self.error_action.as_ref(),
        }
    }

    /// How many actions it has, the error action not counted.
    pub fn actions(&self) -> usize {
        self.actions.len()
    }

    /// Kind and templates of each action, the error action last, for people.
    pub fn describe(&self) -> impl Iterator<Item = String> {
        let error = self.error_action.iter().map(|action| format!("on error {}", action.describe()));
        self.actions.iter().map(Planned::describe).chain(error)
    }

    /// Whether it puts records into streams.
    pub fn needs_kinesis(&self) -> bool {
        self.actions.iter().chain(&self.error_action).any(|action| matches!(action, Planned::Kinesis { .. }))
    }

    /// The error action for a message, if the rule has one.
    pub fn on_error(
        &self,
        message: Message<'_>,
        chance: &mut dyn FnMut() -> Uuid,
    ) -> Option<Result<Action, Fault>> {
        let mut scope = Scope::new(message, chance);
        self.error_action.as_ref().map(|action| action.fill(&mut scope))
    }

    fn apply(&self, scope: &mut Scope<'_, '_>) -> Option<Outcome<'_>> {
        let payload = self.statement.apply(scope)?;
        let actions = self.actions.iter().map(|action| action.fill(scope)).collect();
        Some(Outcome { rule: self, payload, actions })
    }

    /// Kind and target of an action, for a failure.
    pub fn failure(&self, index: usize, error: &impl std::fmt::Display) -> Failure {
        let (action, resource) = self.actions.get(index).map_or(("Action", String::new()), Planned::target);
        Failure {
            failed_action: action.to_owned(),
            failed_resource: resource,
            error_message: error.to_string(),
        }
    }
}

impl Planned {
    fn fill(&self, scope: &mut Scope<'_, '_>) -> Result<Action, Fault> {
        let fill = |template: &Template, scope: &mut Scope<'_, '_>| {
            template.fill(scope).ok_or_else(|| Fault::Undefined { template: template.to_string() })
        };
        Ok(match self {
            Self::Kinesis { stream, key, order } => {
                let stream = fill(stream, scope)?;
                let undefined = || Fault::Undefined { template: key.template().to_string() };
                let partition_key = key.fill(scope).ok_or_else(undefined)?;
                Action::Kinesis { stream, partition_key, order: *order }
            }
            Self::Republish { topic, qos } => {
                let topic = fill(topic, scope)?;
                // `$$` keeps `$` from being taken for a template's beginning.
                let topic = topic
                    .strip_prefix('$')
                    .filter(|rest| rest.starts_with('$'))
                    .map_or(topic.as_str(), |rest| rest);
                if topic.is_empty() || topic.len() > LONGEST_TOPIC || topic.contains(['#', '+', '\0']) {
                    return Err(Fault::Topic(topic.to_owned()));
                }
                Action::Republish { topic: topic.to_owned(), qos: *qos }
            }
            Self::File { path } => {
                let filled = fill(path, scope)?;
                // Where a file is in the system is for the rule to say, and not for a message.
                if filled.starts_with('/') && !path.to_string().starts_with('/') {
                    return Err(Fault::Path(filled));
                }
                Action::File { path: filled.into() }
            }
        })
    }

    fn target(&self) -> (&'static str, String) {
        match self {
            Self::Kinesis { stream, .. } => ("KinesisAction", stream.to_string()),
            Self::Republish { topic, .. } => ("RepublishAction", topic.to_string()),
            Self::File { path } => ("FileAction", path.to_string()),
        }
    }

    fn describe(&self) -> String {
        match self {
            Self::Kinesis { stream, key, .. } => format!("stream {stream} by {key}"),
            Self::Republish { topic, qos } => format!("topic {topic} at QoS {qos}"),
            Self::File { path } => format!("file {path}"),
        }
    }
}

/// The one message about all actions of a rule that failed for a message, as AWS IoT Core words it.
pub fn error_message(rule: &Rule, message: Message<'_>, failures: &[Failure]) -> Bytes {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct ErrorMessage<'a> {
        rule_name: &'a str,
        topic: &'a str,
        cloudwatch_trace_id: Uuid,
        client_id: &'a str,
        base64_original_payload: String,
        failures: &'a [Failure],
    }
    let error = ErrorMessage {
        rule_name: &rule.name,
        topic: message.topic,
        cloudwatch_trace_id: message.trace_id,
        client_id: message.client_id.unwrap_or("n/a"),
        base64_original_payload: STANDARD.encode(message.payload),
        failures,
    };
    serde_json::to_vec(&error).expect("plain strings can be written").into()
}

/// The longest topic of MQTT, in bytes.
const LONGEST_TOPIC: usize = 65_535;
