//! From a source's bytes to readings and states for everybody who listens.

pub mod ports;
mod serial;
mod virtual_bike;

use std::io;
use std::path::Path;
use std::time::Duration;

use alleycat_sensors::line::{LineDecoder, Options};
use alleycat_sensors::peloton::{Mode, PelotonDecoder};
use alleycat_sensors::{Counters, Decoder, Millis, Reading};
use alleycat_shared::message::{Origin, SensorMessage, SensorReading, SensorState};
use alleycat_shared::{Cadence, Resistance};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{broadcast, watch};
use tokio::time::Instant;

use crate::config::{Driver, Source};
use crate::link::{Link, hint};

/// What everybody may read: the present state, what was counted, and everything as it happens.
#[derive(Clone, Debug)]
pub struct Board {
    driver: &'static str,
    port: String,
    state: watch::Sender<SensorState>,
    counters: watch::Sender<Counters>,
    /// Who reads too slowly misses the oldest.
    messages: broadcast::Sender<SensorMessage>,
}

impl Board {
    /// Nothing is known yet.
    pub(crate) fn new(source: &Source) -> Self {
        Self {
            driver: source.driver(),
            port: source.port(),
            state: watch::Sender::new(SensorState::NoPort),
            counters: watch::Sender::default(),
            messages: broadcast::Sender::new(WAITING_MESSAGES),
        }
    }

    /// The present state as a message.
    pub(crate) fn state(&self) -> SensorMessage {
        let state = *self.state.borrow();
        let (driver, port) = (self.driver.to_owned(), self.port.clone());
        SensorMessage::State { state, driver, port, hint: hint(state).to_owned() }
    }

    /// What the decoder has counted.
    pub(crate) fn counters(&self) -> Counters {
        *self.counters.borrow()
    }

    /// Everything from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<SensorMessage> {
        self.messages.subscribe()
    }

    fn set(&self, state: SensorState) {
        if self.state.send_if_modified(|old| std::mem::replace(old, state) != state) {
            tracing::info!(?state, driver = self.driver, port = self.port, "sensor");
            self.tell(self.state());
        }
    }

    fn tell(&self, message: SensorMessage) {
        // An error only says that nobody listens.
        _ = self.messages.send(message);
    }
}

/// A port of any kind.
trait Port: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Port for T {}

/// Reads the source for ever: opens it, reads it until it is gone, opens it again.
pub(crate) async fn run(source: Source, board: Board) {
    let mut decoder = decoder(&source);
    let mut pace = Pace::default();
    loop {
        match open(&source) {
            Ok(port) => {
                pace = Pace::default();
                let error = read(port, decoder.as_mut(), &source, &board).await;
                tracing::info!(port = board.port, %error, "port is gone");
                board.set(SensorState::NoPort);
            }
            Err(error) => {
                let state = serial::state_of(&error);
                // Right after plugging in, the system needs a moment to hand the device over.
                if state != SensorState::Refused || pace.settled() {
                    board.set(state);
                }
                tracing::debug!(port = board.port, %error, "port can't be opened");
            }
        }
        pace.wait(&source).await;
    }
}

fn open(source: &Source) -> io::Result<Box<dyn Port>> {
    match source {
        Source::Serial(bike) => {
            Ok(Box::new(serial::open(&bike.port, bike.baud.unwrap_or_else(|| bike.driver.baud()))?))
        }
        Source::Virtual { seed } => Ok(Box::new(virtual_bike::ride(*seed))),
    }
}

fn decoder(source: &Source) -> Box<dyn Decoder> {
    match source {
        Source::Serial(bike) => match bike.driver {
            Driver::Line => Box::new(LineDecoder::new(Options { columns: bike.columns.clone() })),
            Driver::Peloton => Box::new(PelotonDecoder::new(Mode::Auto)),
            Driver::PelotonPassive => Box::new(PelotonDecoder::new(Mode::Passive)),
        },
        Source::Virtual { .. } => Box::new(LineDecoder::new(Options::default())),
    }
}

/// Reads an open port until it is gone; returns why.
async fn read(
    mut port: Box<dyn Port>,
    decoder: &mut dyn Decoder,
    source: &Source,
    board: &Board,
) -> io::Error {
    let start = Instant::now();
    let clock = || Millis::try_from(start.elapsed().as_millis()).unwrap_or(Millis::MAX);
    let mut link = Link::new();
    let mut chunk = [0; 256];
    decoder.restart(clock());
    board.set(SensorState::Waiting);
    loop {
        let now = clock();
        let due = decoder.next_deadline().into_iter().chain(link.next_deadline(now)).min();
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
                    decoder.push(&chunk[..count], clock());
                    link.bytes(decoder.counters(), clock());
                }
                Err(error) => return error,
            },
            () = timer => decoder.wake(clock()),
        }
        let arrived = Instant::now();
        while let Some(reading) = decoder.poll_reading() {
            link.reading(clock());
            board.set(SensorState::Live);
            if let Some(reading) = told(reading, source, arrived) {
                board.tell(SensorMessage::Reading(reading));
            }
        }
        while let Some(bytes) = decoder.poll_write() {
            match tokio::time::timeout(WRITE_LIMIT, port.write_all(&bytes)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return error,
                Err(_) => return io::ErrorKind::TimedOut.into(),
            }
        }
        board.counters.send_replace(decoder.counters());
        board.set(link.state(decoder.counters(), clock()));
    }
}

/// The reading as the page gets it.
fn told(reading: Reading, source: &Source, arrived: Instant) -> Option<SensorReading> {
    let cadence = Cadence::try_from(reading.cadence).ok()?;
    let (resistance, origin) = match (reading.resistance, source) {
        (Some(resistance), _) => (Resistance::try_from(resistance.percent).ok(), origin(resistance.origin)),
        // A line sensor either has a resistance in its lines or has none at all.
        (None, Source::Serial(bike)) if bike.driver == Driver::Line => {
            (Some(bike.fixed_resistance), Origin::None)
        }
        (None, _) => (None, Origin::None),
    };
    let age_ms = u32::try_from(arrived.elapsed().as_millis()).unwrap_or(u32::MAX);
    Some(SensorReading { cadence, resistance, origin, power: reading.power, heart_rate: None, age_ms })
}

const fn origin(origin: alleycat_sensors::Origin) -> Origin {
    match origin {
        alleycat_sensors::Origin::Measured => Origin::Measured,
        alleycat_sensors::Origin::Estimated => Origin::Estimated,
    }
}

/// How long to wait before opening again: longer each time, and not at all when the device comes back.
#[derive(Debug, Default)]
struct Pace {
    tries: usize,
    /// When the device was last seen to be absent.
    absent: Option<Instant>,
}

impl Pace {
    /// Whether the device has been there long enough to be believed.
    fn settled(&self) -> bool {
        self.absent.is_none_or(|absent| absent.elapsed() > SETTLE)
    }

    async fn wait(&mut self, source: &Source) {
        let Source::Serial(bike) = source else { return tokio::time::sleep(LOOK).await };
        let limit = Instant::now() + BACK_OFF[self.tries.min(BACK_OFF.len() - 1)];
        self.tries += 1;
        let mut was_there = exists(&bike.port).await;
        while Instant::now() < limit {
            if !was_there {
                self.absent = Some(Instant::now());
            }
            tokio::time::sleep(LOOK).await;
            let there = exists(&bike.port).await;
            if there && !was_there {
                self.tries = 0;
                return;
            }
            was_there = there;
        }
    }
}

async fn exists(path: &Path) -> bool {
    tokio::fs::try_exists(path).await.unwrap_or(false)
}

/// How many messages wait for a page that reads slowly.
const WAITING_MESSAGES: usize = 64;
/// How long the bike may take to take in a request.
const WRITE_LIMIT: Duration = Duration::from_secs(1);
const BACK_OFF: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(5)];
/// How often to look whether the device is back.
const LOOK: Duration = Duration::from_millis(250);
/// How long a device that was just plugged in may still be refused.
const SETTLE: Duration = Duration::from_secs(3);
