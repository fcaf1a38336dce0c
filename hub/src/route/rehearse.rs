//! `alleycat-hub rules`: looks at a rules file, and shows what its rules would do about a message.

use std::fmt::Write;
use std::io::Read;
use std::path::PathBuf;

use alleycat_rules::{Action, Message};
use clap::Subcommand;
use uuid::Uuid;

use super::{Route, RouteError};
use crate::time;

/// What to do with a rules file.
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// Says whether a hub can follow the rules, and what they are.
    Check {
        /// The file.
        file: PathBuf,
    },
    /// Shows what would be done about a message. Nothing is done.
    Try {
        /// The file.
        file: PathBuf,
        /// The topic that the message came on.
        #[arg(long, default_value = "alleycat-publish/7")]
        topic: String,
        /// The client that published it.
        #[arg(long, default_value = "try")]
        client: String,
        /// The payload; unless given, it is read from the standard input.
        payload: Option<String>,
    },
}

/// Does it; returns what to say.
///
/// # Errors
/// [`RouteError`] with what is wrong and where.
pub fn rehearse(command: &RulesCommand) -> Result<String, RouteError> {
    match command {
        RulesCommand::Check { file } => {
            let route = Route::load(file, true)?;
            let mut text = String::new();
            let rules = route.rules();
            for rule in rules.all() {
                line(&mut text, &format!("{}: {}", rule.name(), rule.sql()));
                rule.describe().for_each(|action| line(&mut text, &format!("  - {action}")));
            }
            text.push_str("all is well");
            Ok(text)
        }
        RulesCommand::Try { file, topic, client, payload } => {
            let route = Route::load(file, true)?;
            let payload = match payload {
                Some(payload) => payload.clone().into_bytes(),
                None => {
                    let mut payload = Vec::new();
                    let failed = |source| RouteError::File { path: "the standard input".into(), source };
                    std::io::stdin().read_to_end(&mut payload).map_err(failed)?;
                    payload
                }
            };
            let message = Message {
                topic,
                payload: &payload,
                client_id: Some(client),
                trace_id: Uuid::nil(),
                at: time::now(),
            };
            let rules = route.rules();
            let outcomes = rules.apply(message, &mut super::lane::chance);
            let mut text = String::new();
            if outcomes.is_empty() {
                text.push_str("no rule means this message");
            }
            for outcome in outcomes {
                line(
                    &mut text,
                    &format!("{}: {}", outcome.rule.name(), String::from_utf8_lossy(&outcome.payload)),
                );
                for action in outcome.actions {
                    line(&mut text, &format!("  - {}", said(action)));
                }
            }
            Ok(text.trim_end().to_owned())
        }
    }
}

fn said(action: Result<Action, alleycat_rules::Fault>) -> String {
    match action {
        Ok(Action::Kinesis { stream, partition_key, .. }) => {
            format!("stream {stream}, partition key `{partition_key}`")
        }
        Ok(Action::Republish { topic, qos }) => format!("topic {topic} at QoS {qos}"),
        Ok(Action::File { path }) => format!("file {}", path.display()),
        Err(fault) => format!("fails: {fault}"),
    }
}

fn line(text: &mut String, line: &str) {
    // A string takes whatever is written to it.
    _ = writeln!(text, "{line}");
}
