//! The intake beside a broker that says what a test wants it to.

use alleycat_mqtt::{Acknowledge, Limits, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::metrics::Reading;

/// Of racer 1 in class 1.
const MESSAGE: &[u8] = include_bytes!("../../../../../shared/tests/golden/race-message.json");

/// That of a hub which runs class 2.
fn intake(share: Option<&str>) -> Intake {
    metrics::install();
    let classes = [2.try_into().unwrap()].into();
    let part = Part { classes, share: share.map(str::to_owned), listens: true };
    Intake::new(crate::rig::broker().gate, part, "broker".to_owned(), Arc::default())
}

fn options() -> Options {
    Options { acknowledge: Acknowledge::WhenAccepted, ..Options::new("hub") }
}

/// A client whose broker has delivered [`MESSAGE`], and the broker's end of the link.
async fn delivered(options: Options) -> (Client, Arrived, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mqtt://{}", listener.local_addr().unwrap());
    let mut client = Client::new(url, options, 7).unwrap();
    let broker = async {
        let (mut link, _) = listener.accept().await.unwrap();
        assert!(link.read(&mut [0; 100]).await.unwrap() > 0);
        let body = [&b"\0\x12alleycat-publish/1\0\x01"[..], MESSAGE].concat();
        let length =
            [u8::try_from(body.len() & 0x7f).unwrap() | 0x80, u8::try_from(body.len() >> 7).unwrap()];
        let said = [&[0x20, 2, 0, 0, 0x32][..], &length, &body].concat();
        link.write_all(&said).await.unwrap();
        link
    };
    let message = async {
        loop {
            if let Event::Message { topic, payload, retain, receipt, .. } = client.event().await {
                return Arrived { topic, payload, retain, receipt };
            }
        }
    };
    let (link, arrived) = tokio::join!(broker, message);
    (client, arrived, link)
}

fn turned_away(reason: &str) -> u64 {
    Reading::now().count(&format!("alleycat_turned_away_total{{reason=\"{reason}\"}}"))
}

#[tokio::test]
async fn what_waits_for_targets_of_rules_is_counted_once_and_taken_when_there_is_room() {
    let mut intake = intake(None);
    let journal = Arc::clone(&intake.gate.journal);
    let (mut client, arrived, _link) = delivered(options()).await;
    journal.limit_outbox(1, 1);
    intake.take(&mut client, arrived);
    (0..3).for_each(|_| intake.again(&mut client));
    assert_eq!((intake.later.len(), intake.held.len(), turned_away("outbox-full")), (1, 0, 1));
    journal.limit_outbox(0, 2);
    intake.again(&mut client);
    assert_eq!((intake.later.len(), intake.held.len(), turned_away("outbox-full")), (0, 1, 1));
}

#[tokio::test]
async fn what_waits_for_the_way_to_another_hub_is_counted_once_and_not_as_a_full_disk() {
    let mut intake = intake(Some("hall"));
    let (mut client, arrived, _link) = delivered(Options { queue_count: 0, ..options() }).await;
    intake.take(&mut client, arrived);
    (0..3).for_each(|_| intake.again(&mut client));
    assert_eq!((intake.later.len(), turned_away("broker-queue-full")), (1, 1));
}

#[tokio::test]
async fn a_rule_is_told_why_its_message_is_not_published() {
    let options = Options { limits: Limits::AWS_IOT_CORE, queue_count: 1, ..options() };
    let (mut client, mut intake) = (Client::new("mqtt://127.0.0.1:1", options, 7).unwrap(), intake(None));
    let mut publish = |topic: &str| {
        let (done, told) = oneshot::channel();
        let publish = Publish::new(topic, "x", Qos::AtLeastOnce);
        intake.republish(&mut client, Republish { publish, done });
        told
    };
    assert!(matches!(publish("1/2/3/4/5/6/7/8/9").await, Ok(Err(RequestError::Limit(_)))));
    let mut first = publish("1");
    assert_eq!(publish("2").await, Ok(Err(RequestError::QueueFull)));
    assert_eq!(first.try_recv(), Err(oneshot::error::TryRecvError::Empty), "the broker does not have it yet");
}
