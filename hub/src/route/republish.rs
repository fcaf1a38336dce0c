//! The republish action: the payload under another topic, through the hub's broker or the one outside.

use std::sync::Arc;
use std::time::Duration;

use alleycat_mqtt::{Bytes, Publish, Qos, RequestError};
use tokio::sync::{mpsc, oneshot};

use super::{Kept, Route};
use crate::broker::Broker;
use crate::journal::Journal;
use crate::metrics::{self, RuleLabels};
use crate::time;

/// A message for the broker outside, and who wants to know when it has it.
pub(crate) struct Republish {
    pub(crate) publish: Publish,
    pub(crate) done: oneshot::Sender<Result<(), RequestError>>,
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
                let publish = Publish::new(topic.to_owned(), payload, qos);
                let gone = || "the link to the broker has ended".to_owned();
                loop {
                    let (done, taken) = oneshot::channel();
                    let publish = publish.clone();
                    queue.send(Republish { publish, done }).await.map_err(|_| gone())?;
                    match taken.await.map_err(|_| gone())? {
                        Ok(()) => return Ok(()),
                        // It waits for the broker as the others do that fill the queue.
                        Err(RequestError::QueueFull) => metrics::rule_messages(labels, "retried", 1),
                        Err(error) => return Err(error.to_string()),
                    }
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }
}

/// How often a message may be published by one rule after another.
const MOST_HOPS: u8 = 4;
/// How long a queue that is full is given.
const RETRY: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use alleycat_mqtt::EncodeError;

    use super::*;

    #[tokio::test]
    async fn a_full_queue_is_waited_for_and_a_message_that_can_not_be_is_reported_by_its_own_words() {
        let (send, mut queue) = mpsc::channel(1);
        let republisher = Republisher::External(send);
        let labels = RuleLabels::new("republish-test", "1", "republish");
        let kept = Kept {
            hops: 0,
            at: 0,
            trace: uuid::Uuid::nil(),
            client: String::new(),
            topic: "a".to_owned(),
            payload: Vec::new(),
        };
        let refusal = RequestError::Encode(EncodeError::Topic);
        let broker = async {
            for answer in [Err(RequestError::QueueFull), Ok(()), Err(refusal)] {
                let Republish { publish, done } = queue.recv().await.unwrap();
                assert_eq!((publish.topic.as_str(), &publish.payload[..]), ("b", &b"x"[..]));
                done.send(answer).unwrap();
            }
        };
        let rules = async {
            let publish = || republisher.publish(&kept, "b", 1, Bytes::from_static(b"x"), &labels);
            (publish().await, publish().await)
        };
        let both = async { tokio::join!(rules, broker) };
        let (told, ()) =
            tokio::time::timeout(Duration::from_secs(10), both).await.expect("three are published");
        assert_eq!(told, (Ok(()), Err(refusal.to_string())));
    }
}
