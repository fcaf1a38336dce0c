//! Opening a serial port, and what its errors mean.

use std::io;

use alleycat_sensors::Flow;
use alleycat_shared::message::SensorState;
use serialport::{ClearBuffer, ErrorKind, FlowControl, SerialPort};
use tokio_serial::{SerialPortBuilderExt, SerialStream};

use super::Port;
use crate::config::Line;

/// Opens a port for this process alone: 8 data bits, no parity, 1 stop bit, and the flow control that the
/// driver needs.
pub(super) async fn open(line: &Line) -> io::Result<Box<dyn Port>> {
    let line = line.clone();
    // Drivers may think about it; the page is served meanwhile.
    let opened = tokio::task::spawn_blocking(move || open_now(&line)).await;
    Ok(Box::new(opened.map_err(io::Error::other)??))
}

fn open_now(line: &Line) -> io::Result<SerialStream> {
    let flow = match line.driver.flow() {
        Flow::None => FlowControl::None,
        Flow::Software => FlowControl::Software,
        Flow::Hardware => FlowControl::Hardware,
    };
    let builder = serialport::new(line.port.to_string_lossy(), line.baud).flow_control(flow);
    let port = builder.open_native_async().map_err(kind_of)?;
    // What the system gathered before is of another time. Some devices can't do this; that is no harm.
    _ = port.clear(ClearBuffer::All);
    Ok(port)
}

/// serialport hides "in use" and "forbidden" in texts: looked up here, once.
fn kind_of(error: serialport::Error) -> io::Error {
    let text = error.to_string();
    let lower = text.to_lowercase();
    let kind = match error.kind() {
        _ if lower.contains("lock") || lower.contains("busy") => io::ErrorKind::ResourceBusy,
        _ if lower.contains("permission denied") => io::ErrorKind::PermissionDenied,
        ErrorKind::Io(kind) => kind,
        ErrorKind::NoDevice => io::ErrorKind::NotFound,
        ErrorKind::InvalidInput => io::ErrorKind::InvalidInput,
        ErrorKind::Unknown => io::ErrorKind::Other,
    };
    io::Error::new(kind, text)
}

/// What the page is told of an error on opening.
pub(super) fn state_of(error: &io::Error) -> SensorState {
    match error.kind() {
        io::ErrorKind::PermissionDenied => SensorState::Refused,
        io::ErrorKind::ResourceBusy => SensorState::Busy,
        _ => SensorState::NoPort,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_opening_are_told_apart() {
        let table = [
            (ErrorKind::Io(io::ErrorKind::NotFound), "No such file or directory", SensorState::NoPort),
            (ErrorKind::Io(io::ErrorKind::PermissionDenied), "Permission denied", SensorState::Refused),
            (ErrorKind::NoDevice, "Unable to acquire exclusive lock on serial port", SensorState::Busy),
            (ErrorKind::Io(io::ErrorKind::ResourceBusy), "Device or resource busy", SensorState::Busy),
            (ErrorKind::NoDevice, "No such device", SensorState::NoPort),
            (ErrorKind::Unknown, "Not a typewriter", SensorState::NoPort),
        ];
        for (kind, text, state) in table {
            assert_eq!(state_of(&kind_of(serialport::Error::new(kind, text))), state, "{text}");
        }
    }
}
