//! Whether an external broker would do, for `alleycat-hub doctor`.

use std::time::Duration;

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{Acknowledge, Event, Options, Publish, Qos, RequestError};
use alleycat_shared::topic::CLASS_ROOT;

use super::{BrokerAddress, Way};
use crate::journal;

/// What a broker that works is like.
pub(crate) struct Found {
    /// In a sentence.
    pub(crate) text: String,
    /// It leaves so few messages under way that the hub could fall behind.
    pub(crate) is_narrow: bool,
}

/// Connects, and sends itself messages by a subscription as the hub's: shared, if it is to be.
///
/// # Errors
/// A sentence on what does not work.
pub(crate) async fn probe(
    address: &BrokerAddress,
    way: Option<&Way>,
    share: Option<&str>,
) -> Result<Found, String> {
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
    let acknowledge = Acknowledge::WhenAccepted;
    let options = Options { acknowledge, ..Options::new(format!("alleycat-doctor-{number}")) };
    let mut client = way.client(options).map_err(|error| error.to_string())?;
    client.subscribe(&filter, Qos::AtLeastOnce).map_err(|error| error.to_string())?;
    let mut came_so_far = "it does not answer: look at the address, and whether it runs".to_owned();
    let asking = async {
        loop {
            match client.event().await {
                Event::Connected { .. } => came_so_far = "it does not answer a subscription".to_owned(),
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
                    came_so_far = format!(
                        "it delivers nothing to the hub's subscription: let the hub's user read and write \
                         {CLASS_ROOT}/# in its ACL, or leave --share out if it has no shared subscriptions"
                    );
                    let publish = Publish::new(topic.clone(), "doctor", Qos::AtLeastOnce);
                    client.publish(publish).map_err(|error| error.to_string())?;
                }
                Event::Message { .. } => return Ok(()),
                Event::Acknowledged { .. } | Event::Superseded { .. } => {}
            }
        }
    };
    let answer = tokio::time::timeout(LIMIT, asking).await;
    if let Err(trouble) = answer.unwrap_or(Err(came_so_far)) {
        return Err(format!("the broker {address} can't be used: {trouble}"));
    }
    let text = format!("the broker {address} answers, and {how} work");
    let under_way = under_way(&mut client, &topic).await.map_err(|error| error.to_string())?;
    if under_way >= WIDE {
        return Ok(Found { text, is_narrow: false });
    }
    let riders = under_way as u128 * 1_000 / journal::PACE.as_millis();
    let text = format!(
        "{text}, but it has only {under_way} messages under way at once: the hub acknowledges what it has on its disk, \
         so it falls behind {riders} riders or fewer. Let it have 1000, in Mosquitto with max_inflight_messages"
    );
    Ok(Found { text, is_narrow: true })
}

/// How many messages the broker delivers before it has an acknowledgement, up to [`WIDE`]; one was delivered.
async fn under_way(client: &mut Client, topic: &str) -> Result<usize, RequestError> {
    for _ in 1..WIDE {
        client.publish(Publish::new(topic, "doctor", Qos::AtLeastOnce))?;
    }
    let mut delivered = 1;
    while delivered < WIDE {
        let next = async { while !matches!(client.event().await, Event::Message { .. }) {} };
        match tokio::time::timeout(QUIET, next).await {
            Ok(()) => delivered += 1,
            Err(_) => break,
        }
    }
    Ok(delivered)
}

const LIMIT: Duration = Duration::from_secs(10);
/// A broker that has more to deliver does not pause for as long.
const QUIET: Duration = Duration::from_secs(1);
/// With as many messages under way nobody falls behind. AWS IoT Core has 100.
const WIDE: usize = 90;
