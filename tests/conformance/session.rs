//! Sessions: kept, resumed, discarded.

use crate::packet::{DISCONNECT, connect, connect_kept, id_only, publish, suback, subscribe};
use crate::rig::{Carrier, Hub, on_both, topic, unique};

const BOARD: &str = "alleycat-subscribe/1/board";

/// A reader's session that is kept, with a subscription; the connection is over.
async fn kept(hub: &Hub, carrier: Carrier, politely: bool) -> anyhow::Result<String> {
    let id = unique("kept");
    let (mut link, present) = hub.accepted(carrier, &connect_kept(&id)).await?;
    assert!(!present, "a new one");
    link.send(&subscribe(1, &[(BOARD.as_bytes(), 0)])).await;
    assert_eq!(link.answer().await, suback(1, &[0]));
    if politely {
        link.send(&DISCONNECT).await;
    }
    Ok(id)
}

#[tokio::test]
async fn a_session_is_kept_and_its_boards_come_without_asking_again() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        for politely in [true, false] {
            let id = kept(hub, carrier, politely).await?;
            for _ in 0..2 {
                let (mut link, present) = hub.accepted(carrier, &connect_kept(&id)).await?;
                assert!(present);
                assert_eq!(link.board().await.1, BOARD);
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_session_is_resumed_on_the_other_carrier() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for (before, after) in [(Carrier::Tcp, Carrier::Web), (Carrier::Web, Carrier::Tcp)] {
        let id = kept(&hub, before, false).await?;
        let (mut link, present) = hub.accepted(after, &connect_kept(&id)).await?;
        assert!(present);
        assert_eq!(link.board().await.1, BOARD);
    }
    Ok(())
}

#[tokio::test]
async fn a_clean_session_discards_the_old_one_and_leaves_none() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let id = kept(hub, carrier, true).await?;
        let (mut clean, present) = hub.accepted(carrier, &connect(&id)).await?;
        assert!(!present);
        clean.send(&subscribe(1, &[(b"alleycat-subscribe/2/board", 0)])).await;
        assert_eq!(clean.answer().await, suback(1, &[0]));
        assert_eq!(clean.board().await.1, "alleycat-subscribe/2/board", "the old subscription is gone");
        clean.send(&DISCONNECT).await;
        drop(clean);
        let (mut link, present) = hub.accepted(carrier, &connect_kept(&id)).await?;
        assert!(!present);
        link.send(&subscribe(2, &[(b"alleycat-subscribe/3/board", 0)])).await;
        assert_eq!(link.answer().await, suback(2, &[0]));
        for _ in 0..2 {
            assert_eq!(link.board().await.1, "alleycat-subscribe/3/board", "nothing of it is left");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn retained_boards_outlive_the_sessions_that_read_them() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut first = hub.reader(carrier).await?;
        first.send(&subscribe(1, &[(BOARD.as_bytes(), 0)])).await;
        first.board().await;
        first.send(&DISCONNECT).await;
        drop(first);
        let mut next = hub.reader(carrier).await?;
        next.send(&subscribe(1, &[(BOARD.as_bytes(), 0)])).await;
        assert_eq!(next.board().await.0, 0x31);
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_publish_sent_again_after_a_cut_is_acknowledged_and_counts_once() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let (racer, connect) = hub.joined(0).await?;
        let mut message = publish(1, 3, &topic(racer), &hub.message(racer, 1));
        for _ in 0..3 {
            let (mut link, _) = hub.accepted(carrier, &connect).await?;
            link.send(&message).await;
            assert_eq!(link.packet().await, id_only(0x40, 3));
            // To its sender the acknowledgement was lost.
            message[0] = 0x3a;
        }
        assert_eq!(hub.seconds(racer).await?, 1);
        Ok(())
    })
    .await
}
