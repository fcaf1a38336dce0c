//! Rules as in AWS IoT Core: which messages go where, in its SQL. Bytes in, actions out: no IO, and time and
//! chance are arguments.
//!
//! [`Rules::parse`] reads a rules file, [`Rules::apply`] says what is to be done about a message. The SQL is
//! that of AWS IoT Core, version 2015-10-08, without what needs other services; what is left out is refused
//! when the file is read, with the place in it. Source: AWS IoT Core Developer Guide, "AWS IoT SQL
//! reference", "Rule error handling" and "Substitution templates".
#![forbid(unsafe_code)]

mod check;
mod expr;
mod file;
mod filter;
mod functions;
mod grammar;
mod key;
mod message;
mod report;
mod rule;
mod statement;
mod template;
mod value;

pub use file::RulesError;
pub use filter::Filter;
pub use key::{PartitionKey, PartitionKeyError};
pub use message::Message;
pub use rule::{Action, Failure, Fault, Order, Outcome, Rule, Rules, Which, error_message};
pub use template::{Template, TemplateError};
