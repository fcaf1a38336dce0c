//! The ports at which a bike may be.

use std::path::PathBuf;

use serialport::{SerialPortInfo, SerialPortType};

use super::known;
use crate::config::{Bike, PortChoice};
use crate::sensor::ports;

/// A port at which a bike may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sensor) struct Candidate {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
    /// What is plugged in, for a person.
    pub(super) what: String,
}

/// What a device's ids say of how to try it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An adapter, of whatever.
    Adapter,
    /// A microcontroller, or what is often built into one: it may start anew when it is opened.
    Board,
    /// An ANT stick.
    Stick,
}

/// The configured port, or those to search, or all USB ports. What a built-in port is connected to is
/// nobody's business unless it is named.
pub(in crate::sensor) async fn candidates(bike: &Bike) -> Vec<Candidate> {
    let named: Vec<_> = match &bike.port {
        PortChoice::Path(path) => vec![path.clone()],
        PortChoice::Auto => bike.search.clone(),
    };
    if !named.is_empty() {
        let there = named.into_iter().filter(|path| path.exists());
        return there
            .map(|path| Candidate { path, kind: Kind::Adapter, what: "as configured".to_owned() })
            .collect();
    }
    let listed = tokio::task::spawn_blocking(serialport::available_ports).await;
    let listed = listed.ok().and_then(Result::ok).unwrap_or_default();
    listed.iter().filter_map(candidate).collect()
}

fn candidate(port: &SerialPortInfo) -> Option<Candidate> {
    let SerialPortType::UsbPort(usb) = &port.port_type else { return None };
    let kind = match (usb.vid, usb.pid) {
        // A Peloton Bike+: its protocol is not public.
        (0x317e, 0xa005) => return None,
        (0x0fcf, _) => Kind::Stick,
        (0x2341 | 0x2a03 | 0x239a | 0x2e8a | 0x303a | 0x16c0, _) | (0x1a86, 0x7523) => Kind::Board,
        _ => Kind::Adapter,
    };
    Some(Candidate { path: known(&port.port_name), kind, what: ports::kind(&port.port_type) })
}

#[cfg(test)]
mod tests {
    use serialport::UsbPortInfo;

    use super::*;

    fn usb(vid: u16, pid: u16) -> SerialPortType {
        SerialPortType::UsbPort(UsbPortInfo {
            vid,
            pid,
            serial_number: None,
            manufacturer: None,
            product: None,
        })
    }

    #[test]
    fn only_usb_ports_are_tried_by_themselves_and_boards_get_time_to_start() {
        let table = [
            (SerialPortType::PciPort, None),
            (SerialPortType::Unknown, None),
            (usb(0x317e, 0xa005), None),
            (usb(0x0403, 0x6001), Some(Kind::Adapter)),
            (usb(0x1a86, 0x7523), Some(Kind::Board)),
            (usb(0x2341, 0x0043), Some(Kind::Board)),
            (usb(0x0fcf, 0x1008), Some(Kind::Stick)),
        ];
        for (port_type, kind) in table {
            let port = SerialPortInfo { port_name: "/dev/nothing".into(), port_type };
            assert_eq!(candidate(&port).map(|candidate| candidate.kind), kind, "{port:?}");
        }
    }
}
