//! From a source's bytes to readings and states for everybody who listens.

mod board;
mod pace;
pub mod ports;
mod read;
pub mod record;
pub mod replay;
pub mod script;
mod serial;
mod virtual_bike;

use std::io;
use std::time::Duration;

use alleycat_sensors::Decoder;
use alleycat_sensors::line::{LineDecoder, Options};
use alleycat_sensors::peloton::{Mode, PelotonDecoder};
use alleycat_shared::message::SensorState;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::{Driver, Source};
pub(crate) use board::Board;
use pace::Pace;
use read::read;
use record::Tap;
use virtual_bike::VirtualBike;

/// A port of any kind.
trait Port: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Port for T {}

/// Reads the source for ever: opens it, reads it until it is gone, opens it again.
pub(crate) async fn run(source: Source, board: Board) {
    let mut decoder = decoder(&source);
    let bike = match &source {
        Source::Virtual { seed, script } => Some(VirtualBike::new(*seed, script.clone())),
        _ => None,
    };
    let mut pace = Pace::default();
    let mut said = String::new();
    loop {
        match open(&source, bike.as_ref()).await {
            Ok(port) => {
                pace = Pace::default();
                said.clear();
                let error = read(port, decoder.as_mut(), &source, &board).await;
                tracing::info!(port = board.port(), %error, "port is gone");
                board.set(SensorState::NoPort);
            }
            Err(error) => {
                let state = serial::state_of(&error);
                if state != SensorState::Refused || pace.settled() {
                    board.set(state);
                }
                // Once, not at each try.
                let text = error.to_string();
                if text != said {
                    tracing::warn!(port = board.port(), error = text, "port can't be opened");
                    said = text;
                }
            }
        }
        match &source {
            Source::Serial(bike) => pace.wait(&bike.port).await,
            Source::Replay { once: true, .. } if board.state() == SensorState::NoPort => {
                return std::future::pending().await;
            }
            Source::Virtual { .. } | Source::Replay { .. } => tokio::time::sleep(REST).await,
        }
    }
}

async fn open(source: &Source, virtual_bike: Option<&VirtualBike>) -> io::Result<Box<dyn Port>> {
    match source {
        Source::Serial(bike) => {
            let (port, baud) = (bike.port.clone(), bike.baud.unwrap_or_else(|| bike.driver.baud()));
            // Drivers may think about it; the page is served meanwhile.
            let opened = tokio::task::spawn_blocking(move || serial::open(&port, baud)).await;
            let port: Box<dyn Port> = Box::new(opened.map_err(io::Error::other)??);
            Ok(match &bike.recorder {
                Some(recorder) => Box::new(Tap { port, recorder: recorder.clone() }),
                None => port,
            })
        }
        Source::Replay { capture, speed, .. } => Ok(Box::new(capture.play(*speed))),
        Source::Virtual { .. } => Ok(Box::new(virtual_bike.ok_or(io::ErrorKind::NotFound)?.open()?)),
    }
}

fn decoder(source: &Source) -> Box<dyn Decoder> {
    match source {
        Source::Serial(bike) | Source::Replay { bike, .. } => match bike.driver {
            Driver::Line => Box::new(LineDecoder::new(Options { columns: bike.columns.clone() })),
            Driver::Peloton => Box::new(PelotonDecoder::new(Mode::Auto)),
            Driver::PelotonPassive => Box::new(PelotonDecoder::new(Mode::Passive)),
        },
        Source::Virtual { .. } => Box::new(LineDecoder::new(Options::default())),
    }
}

/// A bike that is not there and ends is not started in a circle.
const REST: Duration = Duration::from_secs(1);
