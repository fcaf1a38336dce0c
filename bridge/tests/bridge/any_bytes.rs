//! Files of options, changed in places.

use std::ffi::OsString;
use std::fs;

use alleycat_bridge::config::{Cli, Command};
use alleycat_noise::read;
use alleycat_shared::program::parse;

#[test]
fn a_file_of_options_is_read_or_refused_with_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bridge.toml");
    read("bridge's options", &[OPTIONS], |bytes| {
        fs::write(&file, bytes).unwrap();
        let args = ["alleycat-bridge", "run", "--config"].map(OsString::from);
        match parse(args.into_iter().chain([file.clone().into()])) {
            Ok(Cli { command: Command::Run { serve, .. } }) => {
                let done = serve.check();
                done.is_ok() || !done.unwrap_err().to_string().is_empty()
            }
            Ok(_) => false,
            Err(error) => {
                assert!(!error.to_string().is_empty());
                false
            }
        }
    });
}

/// One of each kind of value.
const OPTIONS: &str = r#"
listen = "127.0.0.1:8765"
allow-lan = true
hub = "https://hub.example:8080"
hub-ca = "authority.pem"
state = "/var/lib/alleycat-bridge"
allow-origin = ["http://localhost:8081", "https://race.example"]
port = "/dev/ttyUSB0"
driver = "line"
fixed-resistance = 35.5
max-torque = 40
load = 100
ant-key = "0123456789abcdef"
ant-device = 7
columns = ["skip", "cadence", "resistance"]
flywheel = 4
ask = "c"
start = "ff70"
potentiometer = "15,450"
pulse-window = 330
experimental = true
"#;
