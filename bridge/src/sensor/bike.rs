//! A bike at a serial port: finds it if need be, opens its port, reads it until it is gone, and again.

use std::io;

use alleycat_sensors::Decoder;
use alleycat_shared::message::SensorState;

use super::decoders::decoder;
use super::detect::Search;
use super::pace::Pace;
use super::read::{Fallback, Trust, read};
use super::record::Tap;
use super::{Board, Port, serial};
use crate::config::{Bike, Line};

/// Reads a bike for ever.
pub(super) async fn run(bike: Bike, mut search: Search, board: &Board) {
    let mut known: Option<(Line, Box<dyn Decoder>)> = None;
    let mut pace = Pace::default();
    let mut said = String::new();
    loop {
        let (line, open, trust) = match bike.line() {
            Some(line) => (line, None, Trust::Always),
            None => {
                let found = search.find(&bike, board).await;
                (found.line, found.open, Trust::WhileUnderstood)
            }
        };
        // The same line as before counts on.
        let (line, decoder) = match &mut known {
            Some((before, decoder)) if *before == line => (&*before, decoder),
            other => {
                let mut settings = bike.settings.clone();
                if settings.ant_device == 0 {
                    settings.ant_device = search.device(&line).unwrap_or(0);
                }
                let decoder = decoder(line.driver, &settings);
                let (line, decoder) = other.insert((line, decoder));
                (&*line, decoder)
            }
        };
        board.identify(line.driver.name(), line.port.display().to_string());
        let opened = match open {
            Some(port) => Ok(port),
            None => serial::open(line).await,
        };
        match opened {
            Ok(port) => {
                (pace, said) = (Pace::default(), String::new());
                let port = recorded(port, &bike, line);
                let fallback = Fallback::of(line.driver, &bike.settings);
                let error = read(port, decoder.as_mut(), fallback, trust, board, &mut |device| {
                    search.pair(line, device)
                })
                .await;
                tracing::info!(port = board.port(), %error, "port is closed");
                // A bike that only fell silent is not unplugged.
                let silent = error.kind() == io::ErrorKind::TimedOut;
                board.set(if silent { SensorState::Lost } else { SensorState::NoPort });
                if error.kind() == io::ErrorKind::InvalidData {
                    search.distrust();
                }
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
                search.distrust();
            }
        }
        pace.wait(&line.port).await;
    }
}

fn recorded(port: Box<dyn Port>, bike: &Bike, line: &Line) -> Box<dyn Port> {
    match &bike.recorder {
        Some(recorder) => {
            recorder.describe(&line.described(&bike.settings));
            Box::new(Tap { port, recorder: recorder.clone() })
        }
        None => port,
    }
}
