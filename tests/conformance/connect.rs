//! CONNECT and CONNACK.

use std::time::{Duration, Instant};

use crate::packet::{
    DISCONNECT, PINGREQ, PINGRESP, connack, connect, connect_as, connect_with, id_only, publish, subscribe,
    text,
};
use crate::rig::{CARRIERS, Hub, on_both, topic, unique};

#[tokio::test]
async fn a_valid_connect_is_accepted_first_of_all() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        // It need not wait for its answer.
        let id = unique("hasty");
        let board = subscribe(7, &[(b"alleycat-subscribe/1/board", 0)]);
        let mut link = hub.said(carrier, &[connect(&id), PINGREQ.to_vec(), board].concat()).await?;
        assert_eq!(link.packet().await, connack(0, 0));
        assert_eq!(link.packet().await, PINGRESP);
        assert_eq!(link.answer().await, [0x90, 3, 0, 7, 0]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn another_protocol_closes_without_an_answer() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        for name in [&b"mqtt"[..], b"MQTTX", b"AMQP", b""] {
            let mut link = hub.said(carrier, &connect_as(name, 4, 2, 60, &text(b"c"))).await?;
            assert!(link.until_closed().await.is_empty(), "{name:?}, {carrier:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_unknown_level_is_refused_by_its_code() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        for level in [0, 1, 2, 3, 5, 6, 255] {
            let mut link = hub.said(carrier, &connect_as(b"MQTT", level, 2, 60, &text(b"c"))).await?;
            assert_eq!(link.until_closed().await, [connack(0, 1)], "{level}, {carrier:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_second_connect_closes() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut reader = hub.reader(carrier).await?;
        reader.send(&connect(&unique("again"))).await;
        assert!(reader.until_closed().await.is_empty(), "{carrier:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn client_ids_of_1_to_23_letters_and_digits_are_allowed() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for carrier in CARRIERS {
        for id in ["0", "0123456789abcdefghijklm", "nopqrstuvwxyzABCDEFGHIJ", "KLMNOPQRSTUVWXYZ"] {
            hub.accepted(carrier, &connect(id)).await?;
        }
    }
    Ok(())
}

#[tokio::test]
async fn an_empty_client_id_gets_one_of_its_own() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let (mut one, _) = hub.accepted(carrier, &connect("")).await?;
        let (mut other, _) = hub.accepted(carrier, &connect("")).await?;
        assert!(one.lives().await && other.lives().await, "neither takes the other's place");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn an_empty_client_id_with_a_session_to_keep_is_rejected() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut link = hub.said(carrier, &connect_with(0, 60, &text(b""))).await?;
        assert_eq!(link.until_closed().await, [connack(0, 2)]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_client_id_that_is_too_long_is_rejected() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut link = hub.said(carrier, &connect(&"x".repeat(129))).await?;
        assert_eq!(link.until_closed().await, [connack(0, 2)]);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_counts_after_a_connect_that_is_refused() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let (racer, _) = hub.joined(2).await?;
        for flags in [0xc2, 0xc0] {
            let login = [&b"c"[..], racer.to_string().as_bytes(), b"wrong"].map(text).concat();
            let message = publish(1, 1, &topic(racer), &hub.message(racer, 1));
            let mut link = hub.said(carrier, &[connect_with(flags, 60, &login), message].concat()).await?;
            assert_eq!(link.until_closed().await, [connack(0, 4)]);
            assert_eq!(hub.seconds(racer).await?, 0);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_will_is_not_authorised() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let will = [&b"c"[..], b"alleycat-subscribe/1/board", b"{}"].map(text).concat();
        for flags in [0x06, 0x0e, 0x16, 0x26] {
            let mut link = hub.said(carrier, &connect_with(flags, 60, &will)).await?;
            assert_eq!(link.until_closed().await, [connack(0, 5)]);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_newer_connection_ends_the_older_one_of_the_same_client() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        for flags in [0, 2] {
            let connect = connect_with(flags, 60, &text(unique("twice").as_bytes()));
            let (mut older, _) = hub.accepted(carrier, &connect).await?;
            let (mut newer, present) = hub.accepted(carrier, &connect).await?;
            assert_eq!(present, flags == 0);
            assert!(older.until_closed().await.is_empty());
            assert!(newer.lives().await);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn who_is_silent_for_one_and_a_half_keep_alives_is_gone() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let before = Instant::now();
        let (mut silent, _) =
            hub.accepted(carrier, &connect_with(2, 2, &text(unique("silent").as_bytes()))).await?;
        let (mut endless, _) =
            hub.accepted(carrier, &connect_with(2, 0, &text(unique("endless").as_bytes()))).await?;
        assert!(silent.until_closed().await.is_empty());
        assert!(before.elapsed() >= Duration::from_secs(3), "{:?}", before.elapsed());
        assert!(endless.lives().await, "0 turns it off");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_ping_is_answered() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut reader = hub.reader(carrier).await?;
        reader.send(&PINGREQ).await;
        assert_eq!(reader.packet().await, PINGRESP);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn nothing_counts_after_a_disconnect() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut racer = hub.racer(carrier).await?;
        let [first, last] =
            [1, 2].map(|second| publish(1, second, &racer.topic(), &hub.message(racer.id, second)));
        racer.link.send(&[first, DISCONNECT.to_vec(), last].concat()).await;
        let answers = racer.link.until_closed().await;
        assert!(answers.is_empty() || answers == [id_only(0x40, 1)], "{answers:?}");
        assert!(hub.seconds(racer.id).await? <= 1);
        Ok(())
    })
    .await
}
