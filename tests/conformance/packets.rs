//! What holds for every packet: text, flags, ids, types, lengths.

use crate::packet::{
    PINGREQ, connect, connect_with, id_only, packet, publish, publish_flagged, subscribe, text, unsubscribe,
};
use crate::rig::{CARRIERS, Hub, unique};

#[tokio::test]
async fn text_that_is_not_utf_8_closes() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    // A lone continuation, a surrogate, an overlong slash, more than Unicode has.
    for bad in [&b"\x80"[..], b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80"] {
        hub.refuses(&connect_with(0x02, 60, &text(bad))).await?;
        hub.refuses(&connect_with(0x82, 60, &[text(b"c"), text(bad)].concat())).await?;
        hub.closes(&publish_flagged(0x02, 1, bad, b"{}")).await?;
        hub.closes(&subscribe(1, &[(bad, 0)])).await?;
        hub.closes(&unsubscribe(1, &[bad])).await?;
    }
    Ok(())
}

#[tokio::test]
async fn text_with_a_null_character_closes() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let bad = b"alleycat-subscribe/1\0/board";
    hub.refuses(&connect_with(0x02, 60, &text(b"a\0b"))).await?;
    hub.refuses(&connect_with(0x82, 60, &[text(b"c"), text(b"7\0")].concat())).await?;
    hub.closes(&publish_flagged(0x02, 1, bad, b"{}")).await?;
    hub.closes(&subscribe(1, &[(bad, 0)])).await?;
    hub.closes(&unsubscribe(1, &[bad])).await
}

#[tokio::test]
async fn a_byte_order_mark_is_a_character_like_any_other() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for carrier in CARRIERS {
        let plain = unique("bom");
        let marked = format!("\u{feff}{plain}");
        let kept = |id: &str| connect_with(0, 60, &text(id.as_bytes()));
        let (_marked, present) = hub.accepted(carrier, &kept(&marked)).await?;
        assert!(!present);
        let (_plain, present) = hub.accepted(carrier, &kept(&plain)).await?;
        assert!(!present, "another client");
        let (_again, present) = hub.accepted(carrier, &kept(&marked)).await?;
        assert!(present, "the same client");
    }
    Ok(())
}

#[tokio::test]
async fn flags_that_are_reserved_close() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let mut bad_connect = connect("c");
    bad_connect[0] = 0x11;
    hub.refuses(&bad_connect).await?;
    let id = [0, 1];
    let filter = [&id[..], &text(b"alleycat-subscribe/1/board")].concat();
    let subscription = [&filter[..], &[0]].concat();
    for (first, body) in [
        (0x41, &id[..]),
        (0x51, &id),
        (0x60, &id),
        (0x6a, &id),
        (0x71, &id),
        (0x80, &subscription),
        (0x83, &subscription),
        (0xa0, &filter),
        (0xa6, &filter),
        (0xc1, &[]),
        (0xe1, &[]),
        (0xe2, &[]),
    ] {
        hub.closes(&packet(first, body)).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_packet_id_of_zero_closes() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    hub.closes(&publish(1, 0, "alleycat-publish/1", b"{}")).await?;
    hub.closes(&publish(2, 0, "alleycat-publish/1", b"{}")).await?;
    hub.closes(&subscribe(0, &[(b"alleycat-subscribe/1/board", 0)])).await?;
    hub.closes(&unsubscribe(0, &[b"alleycat-subscribe/1/board"])).await?;
    hub.closes(&id_only(0x62, 0)).await
}

#[tokio::test]
async fn types_that_are_reserved_or_a_servers_close() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for bytes in [
        vec![0x00, 0],
        vec![0xf0, 0],
        vec![0x20, 2, 0, 0],
        vec![0x90, 3, 0, 1, 0],
        id_only(0xb0, 1),
        vec![0xd0, 0],
    ] {
        hub.closes(&bytes).await?;
    }
    Ok(())
}

#[tokio::test]
async fn lengths_that_do_not_fit_close() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for bytes in [
        // A remaining length has four bytes at most.
        vec![0x30, 0x80, 0x80, 0x80, 0x80, 0x01],
        // Text that would go on after the packet.
        packet(0x32, &[0, 9, b'x', 0, 1]),
        packet(0x82, &[0, 1, 0, 9, b'x', 0]),
        packet(0xa2, &[0, 1, 0, 9, b'x']),
        // An acknowledgement has an id and nothing else.
        packet(0x62, &[0, 1, 0]),
        packet(0x62, &[0]),
    ] {
        hub.closes(&bytes).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_body_where_none_belongs_closes() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    hub.closes(&packet(PINGREQ[0], &[0])).await?;
    hub.closes(&packet(0xe0, &[0])).await
}

#[tokio::test]
async fn a_first_packet_that_is_no_connect_closes() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    for bytes in [
        publish(0, 0, "alleycat-publish/1", b"{}"),
        publish(1, 1, "alleycat-publish/1", b"{}"),
        subscribe(1, &[(b"alleycat-subscribe/1/board", 0)]),
        PINGREQ.to_vec(),
        b"GET /mqtt HTTP/1.1\r\n\r\n".to_vec(),
    ] {
        hub.refuses(&bytes).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_connect_that_does_not_conform_closes_without_an_answer() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let id = text(b"c");
    let will = [&id[..], &text(b"t"), &text(b"m")].concat();
    let field = |more: &[&[u8]]| [&id[..], &more.concat()].concat();
    for bytes in [
        // The reserved flag.
        connect_with(0x03, 60, &id),
        // Retain or a quality of service of a will that is not there; a quality of service of 3.
        connect_with(0x22, 60, &id),
        connect_with(0x0a, 60, &id),
        connect_with(0x1e, 60, &will),
        // A password without a user name.
        connect_with(0x42, 60, &field(&[&text(b"p")])),
        // Fields that are announced and missing, or there and not announced.
        connect_with(0x02, 60, &[]),
        connect_with(0x06, 60, &id),
        connect_with(0x06, 60, &field(&[&text(b"t")])),
        connect_with(0x82, 60, &id),
        connect_with(0xc2, 60, &field(&[&text(b"7")])),
        connect_with(0x02, 60, &field(&[&text(b"7")])),
        connect_with(0x82, 60, &field(&[&text(b"7"), &text(b"p")])),
    ] {
        hub.refuses(&bytes).await?;
    }
    Ok(())
}
