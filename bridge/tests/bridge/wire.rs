//! Every vector of every protocol through a real pseudo-terminal and the real serialport crate.

use std::cell::RefCell;
use std::io::Read;
use std::time::Duration;

use alleycat_sensors::regime;

use crate::rig::Device;

#[test]
fn every_vector_of_every_protocol_is_read_from_a_serial_port() {
    let device = RefCell::new(Device::plugged());
    let path = device.borrow().path();
    let port = serialport::new(path.to_str().unwrap(), 9_600).timeout(Duration::from_secs(10));
    let port = RefCell::new(port.open_native().unwrap());
    let carried = RefCell::new(0);
    regime::all(&|bytes| {
        device.borrow_mut().say(bytes);
        let (mut pieces, mut chunk) = (Vec::new(), [0; 256]);
        let mut missing = bytes.len();
        while missing > 0 {
            let count = port.borrow_mut().read(&mut chunk[..missing.min(256)]).unwrap();
            missing -= count;
            pieces.push(chunk[..count].to_vec());
        }
        *carried.borrow_mut() += bytes.len();
        pieces
    });
    println!("{} bytes", carried.borrow());
    assert!(*carried.borrow() > 10_000, "{carried:?}");
}
