//! One port from opening to unplugging: bytes to the decoder, the decoder's requests to the port.

use std::io;
use std::time::Duration;

use alleycat_sensors::{Decoder, Link, Millis};
use alleycat_shared::Resistance;
use alleycat_shared::message::SensorState;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::Instant;

use super::{Board, Port};
use crate::config::{Driver, Settings};

/// What is told as the resistance of a bike that tells none.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fallback(Option<Resistance>);

impl Fallback {
    /// Nothing.
    pub(super) const NONE: Self = Self(None);

    /// What the settings say, unless such a bike is sure to tell in a moment.
    pub(super) fn of(driver: Driver, settings: &Settings) -> Self {
        Self((!driver.tells_resistance()).then_some(settings.fixed_resistance))
    }
}

/// How long a port is read that nothing is understood from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// For ever: it was said to be this bike.
    Always,
    /// For a while: the bike was found, and there may be another one by now.
    WhileUnderstood,
}

/// Reads an open port until it is gone; returns why.
pub(super) async fn read(
    mut port: Box<dyn Port>,
    decoder: &mut dyn Decoder,
    Fallback(fixed): Fallback,
    trust: Trust,
    board: &Board,
    pair: &mut (dyn FnMut(u16) + Send),
) -> io::Error {
    let start = Instant::now();
    let clock = || Millis::try_from(start.elapsed().as_millis()).unwrap_or(Millis::MAX);
    let mut link = Link::new(decoder.counters());
    // Whether this bike has told a resistance: one that has will tell it again in a moment.
    let mut resists = false;
    let mut paired = None;
    let mut chunk = [0; 256];
    decoder.restart(clock());
    board.set(SensorState::Waiting);
    loop {
        let doubt = link.doubt().filter(|_| trust == Trust::WhileUnderstood);
        let due = decoder.next_deadline().into_iter().chain(link.next_deadline(clock())).chain(doubt).min();
        let timer = async {
            match due {
                Some(due) => tokio::time::sleep_until(start + Duration::from_millis(due)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            got = port.read(&mut chunk) => match got {
                // tokio-serial tells of an unplugged adapter in this way, again and again.
                Ok(0) => return io::ErrorKind::UnexpectedEof.into(),
                Ok(count) => {
                    let now = clock();
                    decoder.push(&chunk[..count], now);
                    link.bytes(decoder.counters(), now);
                }
                Err(error) => return error,
            },
            () = timer => decoder.wake(clock()),
        }
        let arrived = Instant::now();
        // Before its readings are told: who has seen one finds its sensor kept.
        if paired != decoder.paired()
            && let Some(device) = decoder.paired()
        {
            tracing::info!(port = board.port(), device, "paired: --ant-device keeps to it on any stick");
            paired = Some(device);
            pair(device);
        }
        while let Some(reading) = decoder.poll_reading() {
            link.reading(clock());
            board.set(SensorState::Live);
            if let Some(resistance) = reading.resistance.filter(|_| !std::mem::replace(&mut resists, true)) {
                tracing::info!(port = board.port(), percent = resistance.percent, origin = ?resistance.origin, "resistance");
            }
            if let Some(reading) = reading.told(fixed, resists) {
                board.reading(reading, arrived);
            }
        }
        while let Some(bytes) = decoder.poll_write() {
            match tokio::time::timeout(WRITE_LIMIT, port.write_all(&bytes)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error,
                // The device takes nothing in. What it says is read on, and its silence is told.
                Err(_) => tracing::debug!(port = board.port(), "a request was not taken"),
            }
        }
        if decoder.is_stuck() {
            return io::Error::new(io::ErrorKind::TimedOut, "the bike leaves everything unanswered");
        }
        if link.doubt().is_some_and(|at| trust == Trust::WhileUnderstood && clock() >= at) {
            return io::Error::new(
                io::ErrorKind::InvalidData,
                "nothing is understood: this may be another bike",
            );
        }
        board.count(decoder.counters());
        board.set(link.state(decoder.counters(), clock()));
    }
}

/// How long the bike may take to take in a request.
const WRITE_LIMIT: Duration = Duration::from_millis(100);
