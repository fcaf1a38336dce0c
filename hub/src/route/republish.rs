//! The republish action: the payload under another topic, through the hub's broker or the one outside.

use std::sync::Arc;

use alleycat_mqtt::{Bytes, Publish, Qos};
use tokio::sync::{mpsc, oneshot};

use super::{Kept, Route};
use crate::broker::Broker;
use crate::journal::Journal;
use crate::metrics::{self, RuleLabels};
use crate::time;

/// A message for the broker outside, and who wants to know when it has it.
pub(crate) struct Republish {
    pub(crate) publish: Publish,
    pub(crate) done: oneshot::Sender<()>,
}

/// Publishes what rules say.
pub(crate) enum Republisher {
    /// To who has subscribed here, at QoS 0 as all that this broker sends, and to the rules once more.
    Embedded { broker: Arc<Broker>, route: Arc<Route>, journal: Arc<Journal> },
    /// By the broker outside.
    External(mpsc::Sender<Republish>),
}

impl Republisher {
    /// Publishes a payload.
    ///
    /// # Errors
    /// What went wrong, in words.
    pub(super) async fn publish(
        &self,
        kept: &Kept,
        topic: &str,
        qos: u8,
        payload: Bytes,
        labels: &RuleLabels,
    ) -> Result<(), String> {
        match self {
            Self::Embedded { broker, route, journal } => {
                broker.pass_on(topic, &payload);
                if kept.hops >= MOST_HOPS {
                    metrics::rule_messages(labels, "circle", 1);
                    return Err(format!("rules have published this {MOST_HOPS} times already"));
                }
                route.note(journal, &kept.client, topic, &payload, time::now(), kept.hops + 1);
                Ok(())
            }
            Self::External(queue) => {
                let qos = if qos == 0 { Qos::AtMostOnce } else { Qos::AtLeastOnce };
                let (done, taken) = oneshot::channel();
                let republish = Republish { publish: Publish::new(topic.to_owned(), payload, qos), done };
                let gone = || "the link to the broker has ended".to_owned();
                queue.send(republish).await.map_err(|_| gone())?;
                taken.await.map_err(|_| gone())
            }
        }
    }
}

/// How often a message may be published by one rule after another.
const MOST_HOPS: u8 = 4;
