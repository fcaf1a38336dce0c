//! Whether an external broker would do, for `alleycat-hub doctor`.

use std::time::Duration;

use alleycat_mqtt::{Event, Options, Publish, Qos};
use alleycat_shared::topic::CLASS_ROOT;

use super::{BrokerAddress, Way};

/// Connects, and sends itself a message by a subscription as the hub's: shared, if it is to be.
///
/// # Errors
/// A sentence on what does not work.
pub(crate) async fn probe(
    address: &BrokerAddress,
    way: Option<&Way>,
    share: Option<&str>,
) -> Result<String, String> {
    let Some(way) = way else {
        return Err(format!(
            "addresses of {address} can't be signed: it is to be like aws-iot://abc-ats.iot.eu-west-1.amazonaws.com, and \
             AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are to be set"
        ));
    };
    let number: u64 = rand::random();
    let topic = format!("{CLASS_ROOT}/doctor/{number}");
    let filter = match share {
        Some(share) => format!("$share/{share}-doctor/{topic}"),
        None => topic.clone(),
    };
    let how = if share.is_some() { "shared subscriptions" } else { "subscriptions" };
    let options = Options::new(format!("alleycat-doctor-{number}"));
    let mut client = way.client(options).map_err(|error| error.to_string())?;
    client.subscribe(&filter, Qos::AtLeastOnce).map_err(|error| error.to_string())?;
    let mut came_so_far = "it does not answer: look at the address, and whether it runs";
    let asking = async {
        loop {
            match client.event().await {
                Event::Connected { .. } => came_so_far = "it does not answer a subscription",
                Event::Disconnected { reason, .. } => {
                    return Err(format!("{reason}: look at the address, the login and the certificate"));
                }
                Event::SubscribeFailed { .. } => {
                    return Err(format!(
                        "{how} are refused: let the hub's user read and write {CLASS_ROOT}/# in its ACL, or leave \
                         --share out"
                    ));
                }
                Event::Subscribed { .. } => {
                    came_so_far = "it delivers nothing to the hub's subscription: let the hub's user read and write \
                                   alleycat-class/# in its ACL, or leave --share out if it has no shared subscriptions";
                    let publish = Publish::new(topic.clone(), "doctor", Qos::AtLeastOnce);
                    client.publish(publish).map_err(|error| error.to_string())?;
                }
                Event::Message { .. } => return Ok(format!("the broker {address} answers, and {how} work")),
                Event::Acknowledged { .. } | Event::Superseded { .. } => {}
            }
        }
    };
    let answer = tokio::time::timeout(LIMIT, asking).await.unwrap_or_else(|_| Err(String::new()));
    answer.map_err(|trouble| {
        let trouble = if trouble.is_empty() { came_so_far } else { &trouble };
        format!("the broker {address} can't be used: {trouble}")
    })
}

const LIMIT: Duration = Duration::from_secs(10);
