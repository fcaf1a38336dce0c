//! From a source's bytes to readings and states for everybody who listens.

mod bike;
mod board;
mod decoders;
mod detect;
mod pace;
pub mod ports;
pub mod probe;
mod read;
pub mod record;
pub mod replay;
pub mod script;
mod serial;
mod virtual_bike;

use std::io;
use std::path::Path;
use std::time::Duration;

use alleycat_sensors::line::{LineDecoder, Options};
use alleycat_shared::message::SensorState;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::config::Source;
pub(crate) use board::Board;
use detect::{Memory, Search};
use read::{Fallback, Trust, read};
use virtual_bike::VirtualBike;

/// A port of any kind.
trait Port: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Port for T {}

/// Reads the source for ever. What is found out about it is kept in the folder `state`.
pub(crate) async fn run(source: Source, state: Option<&Path>, board: Board) {
    match source {
        Source::Serial(bike) => bike::run(bike, Search::new(Memory::open(state)), &board).await,
        Source::Replay { line, settings, capture, speed, once } => {
            let mut decoder = decoders::decoder(line.driver, &settings);
            loop {
                let port = Box::new(capture.play(speed));
                let fallback = Fallback::of(line.driver, &settings);
                told(
                    &read(port, decoder.as_mut(), fallback, Trust::Always, &board, &mut |_| {}).await,
                    &board,
                );
                if once {
                    return std::future::pending().await;
                }
                tokio::time::sleep(REST).await;
            }
        }
        Source::Virtual { seed, script } => {
            let bike = VirtualBike::new(seed, script);
            let mut decoder = LineDecoder::new(Options::default());
            loop {
                match bike.open() {
                    Ok(port) => {
                        let port = Box::new(port);
                        told(
                            &read(port, &mut decoder, Fallback::NONE, Trust::Always, &board, &mut |_| {})
                                .await,
                            &board,
                        );
                    }
                    Err(_) => board.set(SensorState::NoPort),
                }
                tokio::time::sleep(REST).await;
            }
        }
    }
}

fn told(error: &io::Error, board: &Board) {
    tracing::info!(port = board.port(), %error, "port is gone");
    board.set(SensorState::NoPort);
}

/// A bike that is not there and ends is not started in a circle.
const REST: Duration = Duration::from_secs(1);
