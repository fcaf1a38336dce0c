//! PUBLISH from a client, at each quality of service. What counts is read from the hub's results.

use alleycat_tests::until;

use crate::packet::{connect_with, id_only, publish, publish_flagged, text};
use crate::rig::{Hub, LIMIT, Racer, on_both, topic, unique};

#[tokio::test]
async fn qos_0_counts_and_is_not_answered() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let Racer { id, mut link } = hub.racer(carrier).await?;
        link.send(&publish(0, 0, &topic(id), &hub.message(id, 1))).await;
        // The answer of the one is the first thing that comes.
        link.send(&publish(1, 9, &topic(id), &hub.message(id, 2))).await;
        assert_eq!(link.packet().await, id_only(0x40, 9));
        assert_eq!(hub.seconds(id).await?, 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn qos_1_is_acknowledged_by_its_id_in_order_when_it_counts() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let Racer { id, mut link } = hub.racer(carrier).await?;
        let ids = [65_535, 1, 258];
        let messages =
            (1..).zip(ids).map(|(second, packet)| publish(1, packet, &topic(id), &hub.message(id, second)));
        link.send(&messages.collect::<Vec<_>>().concat()).await;
        for packet in ids {
            assert_eq!(link.packet().await, id_only(0x40, packet));
        }
        assert_eq!(hub.seconds(id).await?, 3);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn after_a_puback_the_same_id_is_a_new_message_whatever_dup_says() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let Racer { id, mut link } = hub.racer(carrier).await?;
        for (second, flags) in [(1, 0x02), (2, 0x0a), (3, 0x02)] {
            link.send(&publish_flagged(flags, 5, topic(id).as_bytes(), &hub.message(id, second))).await;
            assert_eq!(link.packet().await, id_only(0x40, 5));
        }
        assert_eq!(hub.seconds(id).await?, 3);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn qos_2_is_taken_once_until_it_is_released() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let Racer { id, mut link } = hub.racer(carrier).await?;
        link.send(&publish(2, 7, &topic(id), &hub.message(id, 1))).await;
        assert_eq!(link.packet().await, id_only(0x50, 7));
        // The same id before its release is the same message, even if it says something else now.
        link.send(&publish_flagged(0x0c, 7, topic(id).as_bytes(), &hub.message(id, 2))).await;
        assert_eq!(link.packet().await, id_only(0x50, 7));
        assert_eq!(hub.seconds(id).await?, 1);
        link.send(&id_only(0x62, 7)).await;
        assert_eq!(link.packet().await, id_only(0x70, 7));
        // And after it a new one.
        link.send(&publish(2, 7, &topic(id), &hub.message(id, 3))).await;
        assert_eq!(link.packet().await, id_only(0x50, 7));
        link.send(&id_only(0x62, 7)).await;
        assert_eq!(link.packet().await, id_only(0x70, 7));
        assert_eq!(hub.seconds(id).await?, 2);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn qos_2_is_taken_once_and_released_across_connections() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let (id, connect) = hub.joined(0).await?;
        let (mut link, _) = hub.accepted(carrier, &connect).await?;
        link.send(&publish(2, 7, &topic(id), &hub.message(id, 1))).await;
        assert_eq!(link.packet().await, id_only(0x50, 7));
        drop(link);
        let (mut link, present) = hub.accepted(carrier, &connect).await?;
        assert!(present);
        link.send(&publish_flagged(0x0c, 7, topic(id).as_bytes(), &hub.message(id, 2))).await;
        assert_eq!(link.packet().await, id_only(0x50, 7));
        assert_eq!(hub.seconds(id).await?, 1, "still the same message");
        link.send(&id_only(0x62, 7)).await;
        assert_eq!(link.packet().await, id_only(0x70, 7));
        // A release that is said again, for its PUBCOMP could have been lost.
        link.send(&id_only(0x62, 7)).await;
        assert_eq!(link.packet().await, id_only(0x70, 7));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_publish_that_can_not_be_closes() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for (flags, topic) in [
        // A quality of service of 3, and no topic.
        (0x06, &b"alleycat-publish/1"[..]),
        (0x02, b""),
    ] {
        hub.closes(&publish_flagged(flags, 1, topic, b"{}")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_wildcard_in_a_topic_and_a_repetition_at_qos_0_close() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for (flags, topic) in [
        (0x02, &b"alleycat-publish/#"[..]),
        (0x00, b"alleycat-publish/+"),
        (0x04, b"alleycat-publish/1+"),
        (0x08, b"alleycat-publish/1"),
    ] {
        hub.closes(&publish_flagged(flags, 1, topic, b"{}")).await?;
    }
    Ok(())
}

#[tokio::test]
async fn what_is_not_allowed_is_acknowledged_and_goes_nowhere() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let Racer { id, mut link } = hub.racer(carrier).await?;
        let other = hub.racer(carrier).await?.id;
        let message = hub.message(other, 1);
        for (flags, topic) in [
            (0x02, topic(other)),
            (0x03, topic(id)),
            (0x03, "alleycat-subscribe/1/board".to_owned()),
            (0x02, "elsewhere".to_owned()),
        ] {
            link.send(&publish_flagged(flags, 1, topic.as_bytes(), &message)).await;
            assert_eq!(link.packet().await, id_only(0x40, 1));
            link.send(&publish_flagged(flags + 2, 2, topic.as_bytes(), &message)).await;
            assert_eq!(link.packet().await, id_only(0x50, 2));
            link.send(&id_only(0x62, 2)).await;
            assert_eq!(link.packet().await, id_only(0x70, 2));
        }
        assert_eq!(hub.seconds(other).await?, 0);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_message_counts_though_its_sender_is_cut_off() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let Racer { id, mut link } = hub.racer(carrier).await?;
        link.send(&publish(1, 1, &topic(id), &hub.message(id, 1))).await;
        // A violation right after it, so that its acknowledgement may be lost.
        link.send(&connect_with(2, 60, &text(unique("again").as_bytes()))).await;
        link.until_closed().await;
        until("the message before the violation", LIMIT, async || {
            Ok((hub.seconds(id).await? == 1).then_some(()))
        })
        .await?;
        Ok(())
    })
    .await
}
