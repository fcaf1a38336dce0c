//! Mosquitto, for tests in a browser, which can't start one themselves.

use std::net::TcpListener;
use std::process::{Child, Stdio};

use anyhow::Context;

use crate::setup;
use crate::shell::{command, root};

/// A broker on loopback; it ends with this value.
pub(crate) struct Broker {
    child: Child,
    port: u16,
}

impl Broker {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let port = || anyhow::Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port());
        let (tcp, web) = (port()?, port()?);
        let text = std::fs::read_to_string(root().join("tests/mosquitto.conf"))?;
        let text = text.replace("@TCP@", &tcp.to_string()).replace("@WEBSOCKET@", &web.to_string());
        let config = root().join("target/mosquitto.conf");
        std::fs::create_dir_all(root().join("target"))?;
        std::fs::write(&config, text)?;
        let mut mosquitto = command(setup::mosquitto()?);
        mosquitto.arg("-c").arg(config).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Self { child: mosquitto.spawn().context("Mosquitto can't be started")?, port: web })
    }

    /// Its address for a page.
    pub(crate) fn url(&self) -> String {
        format!("ws://127.0.0.1:{}/mqtt", self.port)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
