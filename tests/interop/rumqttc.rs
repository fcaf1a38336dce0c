//! rumqttc, in this process.

use std::time::Duration;

use anyhow::{Context, ensure};
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Outgoing, Packet, Publish, QoS, Transport};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream};

use crate::play::{Carrier, Plan, Stage};

async fn plays(carrier: Carrier) -> anyhow::Result<()> {
    let stage = Stage::set(carrier).await?;
    let (say, said) = tokio::io::duplex(1_024);
    let (told, hear) = tokio::io::duplex(1_024);
    let playing = play(&stage.plan, say, hear);
    tokio::try_join!(playing, stage.follow(BufReader::new(said), told))?;
    Ok(())
}

async fn play(plan: &Plan, mut say: DuplexStream, hear: DuplexStream) -> anyhow::Result<()> {
    let (client, mut events) = open(plan);
    ensure!(!connected(&mut events).await?, "a session was present");
    say.write_all(b"connected\n").await?;
    client.subscribe(&plan.board, QoS::AtMostOnce).await?;
    wait(&mut events, |packet| matches!(packet, Packet::SubAck(_)).then_some(())).await?;
    say.write_all(b"subscribed\n").await?;
    let [first, second] = &plan.messages;
    client.publish(&plan.topic, QoS::AtLeastOnce, false, first.as_bytes()).await?;
    wait(&mut events, |packet| matches!(packet, Packet::PubAck(_)).then_some(())).await?;
    say.write_all(b"acknowledged\n").await?;
    on_the_board(&mut events, plan).await?;
    say.write_all(b"on the board\n").await?;
    client.disconnect().await?;
    while !matches!(events.poll().await?, Event::Outgoing(Outgoing::Disconnect)) {}
    drop((client, events));

    let (client, mut events) = open(plan);
    ensure!(connected(&mut events).await?, "no session was present");
    say.write_all(b"resumed\n").await?;
    on_the_board(&mut events, plan).await?;
    say.write_all(b"on the board\n").await?;
    // While it waits for its word it must be driven as well.
    let mut commands = BufReader::new(hear).lines();
    loop {
        tokio::select! {
            _ = commands.next_line() => break,
            polled = events.poll() => { polled?; }
        }
    }
    client.publish(&plan.topic, QoS::AtLeastOnce, false, second.as_bytes()).await?;
    let again = async {
        loop {
            // The cut is an error of one poll; the next one connects again.
            match events.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(connack))) => return connack.session_present,
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        }
    };
    ensure!(again.await, "the session is gone");
    say.write_all(b"resumed\n").await?;
    wait(&mut events, |packet| matches!(packet, Packet::PubAck(_)).then_some(())).await?;
    say.write_all(b"acknowledged\n").await?;
    Ok(())
}

fn open(plan: &Plan) -> (AsyncClient, EventLoop) {
    let web = plan.carrier == Carrier::Web;
    let host = if web { format!("ws://127.0.0.1:{}/mqtt", plan.port) } else { "127.0.0.1".into() };
    let mut options = MqttOptions::new(&plan.client_id, host, plan.port);
    options.set_credentials(&plan.username, &plan.password).set_clean_session(false);
    if web {
        options.set_transport(Transport::Ws);
    }
    AsyncClient::new(options, 10)
}

async fn connected(events: &mut EventLoop) -> anyhow::Result<bool> {
    wait(events, |packet| match packet {
        Packet::ConnAck(connack) => Some(connack.session_present),
        _ => None,
    })
    .await
}

async fn on_the_board(events: &mut EventLoop, plan: &Plan) -> anyhow::Result<()> {
    let mark = plan.mark.as_bytes();
    let holds = |payload: &[u8]| payload.windows(mark.len()).any(|window| window == mark);
    wait(events, |packet| match packet {
        Packet::Publish(Publish { payload, .. }) => holds(payload).then_some(()),
        _ => None,
    })
    .await
}

async fn wait<T>(events: &mut EventLoop, mut good: impl FnMut(&Packet) -> Option<T>) -> anyhow::Result<T> {
    loop {
        if let Event::Incoming(packet) = events.poll().await.context("the connection ended")?
            && let Some(found) = good(&packet)
        {
            return Ok(found);
        }
    }
}

#[tokio::test]
async fn over_tcp() -> anyhow::Result<()> {
    plays(Carrier::Tcp).await
}

#[tokio::test]
async fn over_websocket() -> anyhow::Result<()> {
    plays(Carrier::Web).await
}
