//! The serial ports of this machine, told to a person.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use serialport::{SerialPortInfo, SerialPortType};

/// A line or two a port, or a sentence on what to do when there is none.
///
/// # Errors
/// When the system does not tell its ports.
pub fn list() -> Result<String, serialport::Error> {
    Ok(told(&serialport::available_ports()?, Path::new(BY_ID)))
}

fn told(ports: &[SerialPortInfo], by_id: &Path) -> String {
    if ports.is_empty() {
        return "No serial port. Plug in the bike's adapter; if it is plugged in, look at `sudo dmesg | tail`.\n".into();
    }
    ports.iter().fold(String::new(), |mut text, port| {
        _ = writeln!(text, "{}  {}", port.port_name, kind(&port.port_type));
        if let Some(stable) = stable_path_in(&port.port_name, by_id) {
            _ = writeln!(text, "    always at {}", stable.display());
        }
        text
    })
}

/// What is plugged into a port.
pub(super) fn kind(port: &SerialPortType) -> String {
    match port {
        SerialPortType::UsbPort(usb) => {
            let words = [usb.manufacturer.as_deref(), usb.product.as_deref()];
            let name = words.into_iter().flatten().collect::<Vec<_>>().join(" ");
            format!("USB {:04x}:{:04x} {} {name}", usb.vid, usb.pid, chip(usb.vid, usb.pid))
                .trim_end()
                .to_owned()
        }
        SerialPortType::PciPort => "built in".to_owned(),
        SerialPortType::BluetoothPort => "Bluetooth".to_owned(),
        SerialPortType::Unknown => "of unknown kind".to_owned(),
    }
}

/// The adapter's chip by its USB ids: it does not say which bike is behind it.
const fn chip(vid: u16, pid: u16) -> &'static str {
    match (vid, pid) {
        (0x0403, _) => "(FTDI adapter)",
        (0x10c4, _) => "(Silicon Labs CP210x adapter)",
        (0x1a86, 0x7523 | 0x5523) => "(CH340 adapter)",
        (0x1a86, _) => "(WCH adapter)",
        (0x067b, _) => "(Prolific PL2303 adapter)",
        (0x2341 | 0x2a03, _) => "(Arduino)",
        (0x239a, _) => "(Adafruit board)",
        (0x2e8a, _) => "(RP2040 board)",
        (0x303a, _) => "(Espressif board)",
        (0x16c0, 0x0483) => "(Teensy)",
        (0x0483, 0x5740) => "(ST virtual port)",
        (0x0fcf, _) => "(ANT+ stick)",
        (0x317e, 0xa005) => "(Peloton Bike+: its protocol is not public)",
        _ => "",
    }
}

/// The name that stays when cables change places.
pub(super) fn stable_path(port: &str) -> Option<PathBuf> {
    stable_path_in(port, Path::new(BY_ID))
}

fn stable_path_in(port: &str, by_id: &Path) -> Option<PathBuf> {
    let device = fs::canonicalize(port).ok()?;
    let links = fs::read_dir(by_id).ok()?.flatten().map(|link| link.path());
    links.into_iter().find(|link| fs::canonicalize(link).is_ok_and(|target| target == device))
}

const BY_ID: &str = "/dev/serial/by-id";

#[cfg(test)]
mod tests {
    use serialport::UsbPortInfo;

    use super::*;

    #[test]
    fn ports_are_told_with_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let device = folder.path().join("ttyUSB0");
        fs::write(&device, "").unwrap();
        let by_id = folder.path().join("by-id");
        fs::create_dir(&by_id).unwrap();
        std::os::unix::fs::symlink(&device, by_id.join("usb-FTDI_A1-if00")).unwrap();
        let usb = UsbPortInfo {
            vid: 0x0403,
            pid: 0x6001,
            serial_number: None,
            manufacturer: Some("FTDI".into()),
            product: Some("FT232R".into()),
        };
        let port = SerialPortInfo {
            port_name: device.display().to_string(),
            port_type: SerialPortType::UsbPort(usb),
        };
        let text = told(&[port], &by_id);
        assert!(text.contains("USB 0403:6001 (FTDI adapter) FTDI FT232R"), "{text}");
        assert!(text.contains("always at") && text.contains("usb-FTDI_A1-if00"), "{text}");
    }

    #[test]
    fn no_port_is_a_sentence() {
        assert!(told(&[], Path::new("/nowhere")).starts_with("No serial port."));
    }
}
