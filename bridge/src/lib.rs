//! The bridge: reads the bike's sensor and tells the page on the same machine.
//!
//! [`run`] takes a listener that is already bound and a future that ends it, so that tests run whole
//! bridges in one process; `main.rs` only parses, logs and waits for the signal to end.
#![forbid(unsafe_code)]

pub mod config;
mod hint;
mod http;
pub mod install;
pub mod kiosk;
pub mod sensor;
mod server;

use std::future::Future;
use std::io;

use tokio::net::TcpListener;

pub use config::{Serve, Source};

/// Runs a bridge until `shutdown` is done.
///
/// # Errors
/// When the listener fails, or no HTTP client can be made on this machine.
pub async fn run(
    source: Source,
    serve: Serve,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let board = sensor::Board::new(&source);
    let state = serve.state.clone();
    tokio::select! {
        served = server::serve(serve, board.clone(), listener, shutdown) => served,
        () = sensor::run(source, state.as_deref(), board) => Ok(()),
    }
}
