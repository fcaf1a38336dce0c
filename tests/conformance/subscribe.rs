//! SUBSCRIBE, UNSUBSCRIBE and the boards that come of them.

use std::collections::BTreeSet;

use crate::packet::{id_only, packet, suback, subscribe, text, unsubscribe};
use crate::rig::{Hub, Link, on_both};

const BOARD: &str = "alleycat-subscribe/1/board";
const OTHER: &str = "alleycat-subscribe/2/board";

/// Subscribes to one filter and returns the code of the answer.
async fn code(link: &mut Link, filter: &str) -> u8 {
    link.send(&subscribe(3, &[(filter.as_bytes(), 0)])).await;
    let answer = link.answer().await;
    assert_eq!(answer[..4], [0x90, 3, 0, 3], "{filter}");
    answer[4]
}

#[tokio::test]
async fn each_filter_has_its_code_in_order_under_the_same_id() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut link = hub.reader(carrier).await?;
        let filters: [(&[u8], u8); 5] = [
            (b"alleycat-subscribe/1/board", 0),
            (b"alleycat-publish/1", 0),
            (b"alleycat-subscribe/+/board", 1),
            (b"#", 2),
            (b"alleycat-subscribe/2/#", 2),
        ];
        for id in [1, 65_535] {
            link.send(&subscribe(id, &filters)).await;
            assert_eq!(link.answer().await, suback(id, &[0, 0x80, 1, 0x80, 2]));
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_subscribe_that_can_not_be_closes() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let board = text(BOARD.as_bytes());
    for body in [
        // Nothing asked for, no quality of service, and one of 3.
        [0, 1].to_vec(),
        [&[0, 1][..], &board].concat(),
        [&[0, 1][..], &board, &[3]].concat(),
        // An empty filter.
        vec![0, 1, 0, 0, 0],
    ] {
        hub.closes(&packet(0x82, &body)).await?;
    }
    for body in [&[0, 1][..], &[0, 1, 0, 0]] {
        hub.closes(&packet(0xa2, body)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn reserved_bits_of_a_quality_of_service_close() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        for qos in [0x04, 0x80, 0xfc] {
            let mut link = hub.reader(carrier).await?;
            link.send(&subscribe(1, &[(BOARD.as_bytes(), qos)])).await;
            assert!(link.until_closed().await.is_empty(), "{qos:#x}, {carrier:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn wildcards_stand_alone_in_their_level_and_the_last_one_last() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        for filter in [
            "alleycat-subscribe/#/board",
            "alleycat-subscribe/1/bo#",
            "alleycat-subscribe/1+/board",
            "alleycat-subscribe/+1/board",
        ] {
            let mut link = hub.reader(carrier).await?;
            link.send(&subscribe(1, &[(filter.as_bytes(), 0)])).await;
            assert!(link.until_closed().await.is_empty(), "{filter}, {carrier:?}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_retained_board_comes_at_once_marked_and_the_next_ones_are_not() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        // There is one to be retained when the first has come to somebody.
        let mut first = hub.reader(carrier).await?;
        assert_eq!(code(&mut first, BOARD).await, 0);
        first.board().await;
        let mut link = hub.reader(carrier).await?;
        assert_eq!(code(&mut link, BOARD).await, 0);
        let (flags, topic, _) = link.board().await;
        assert_eq!((flags, topic.as_str()), (0x31, BOARD));
        for _ in 0..2 {
            let (flags, topic, _) = link.board().await;
            assert_eq!((flags, topic.as_str()), (0x30, BOARD));
        }
        // Who subscribes again gets it again, and then still one board a second.
        assert_eq!(code(&mut link, BOARD).await, 0);
        let flags = loop {
            let (flags, ..) = link.board().await;
            if flags & 1 == 1 {
                break flags;
            }
        };
        assert_eq!(flags, 0x31);
        let (_, _, one) = link.board().await;
        let (_, _, next) = link.board().await;
        assert_ne!(one, next, "the old subscription is replaced");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_board_is_qos_0_whatever_was_asked_for() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        for qos in 0..=2 {
            let mut link = hub.reader(carrier).await?;
            link.send(&subscribe(1, &[(BOARD.as_bytes(), qos)])).await;
            assert_eq!(link.answer().await, suback(1, &[qos]));
            for _ in 0..2 {
                let (flags, topic, payload) = link.board().await;
                assert_eq!((flags & 0xfe, topic.as_str()), (0x30, BOARD));
                // Without a packet id: the payload begins where the topic ends.
                assert_eq!(payload[0], b'{');
            }
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_filter_gets_the_topics_that_it_matches_and_no_others() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        for (filter, expected) in [
            (BOARD, vec![1]),
            ("alleycat-subscribe/+/board", vec![1, 2, 3, 4, 5, 6]),
            ("alleycat-subscribe/2/#", vec![2]),
            ("alleycat-subscribe/+/+", vec![1, 2, 3, 4, 5, 6]),
        ] {
            let mut link = hub.reader(carrier).await?;
            assert_eq!(code(&mut link, filter).await, 0);
            let mut classes = BTreeSet::new();
            // Two rounds: the second one shows that all of the first has been seen.
            let mut count = 0;
            while count < 2 * expected.len() {
                let (_, topic, _) = link.board().await;
                let mut levels = topic.split('/').skip(1);
                classes.insert(levels.next().unwrap().parse::<u32>()?);
                count += usize::from(levels.next() == Some("board"));
            }
            assert_eq!(classes.into_iter().collect::<Vec<_>>(), expected, "{filter}");
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_filter_is_taken_as_it_is_written() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut link = hub.reader(carrier).await?;
        for filter in [
            "alleycat-subscribe/1/Board",
            "alleycat-subscribe//1/board",
            "alleycat-subscribe/1/board/",
            "alleycat-subscribe/1/boar\u{64}\u{301}",
            "alleycat-subscribe/1",
        ] {
            assert_eq!(code(&mut link, filter).await, 0, "{filter}");
        }
        assert_eq!(code(&mut link, OTHER).await, 0);
        for _ in 0..3 {
            assert_eq!(link.board().await.1, OTHER);
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn unsubscribing_ends_what_is_written_the_same_and_nothing_else() -> anyhow::Result<()> {
    on_both(async |hub, carrier| {
        let mut link = hub.reader(carrier).await?;
        assert_eq!(code(&mut link, BOARD).await, 0);
        assert_eq!(code(&mut link, "alleycat-subscribe/2/+").await, 0);
        // Matches the second, and is not it; the last was never subscribed to.
        let filters: [&[u8]; 3] = [OTHER.as_bytes(), BOARD.as_bytes(), b"never/seen"];
        link.send(&unsubscribe(11, &filters)).await;
        assert_eq!(link.answer().await, id_only(0xb0, 11));
        for _ in 0..3 {
            let topic = link.board().await.1;
            assert!(topic.starts_with("alleycat-subscribe/2/"), "{topic} after its UNSUBACK");
        }
        link.send(&unsubscribe(12, &[b"alleycat-subscribe/2/+"])).await;
        assert_eq!(link.answer().await, id_only(0xb0, 12));
        // Nothing subscribed to any more: answered all the same.
        link.send(&unsubscribe(13, &[BOARD.as_bytes()])).await;
        assert_eq!(link.packet().await, id_only(0xb0, 13));
        Ok(())
    })
    .await
}
