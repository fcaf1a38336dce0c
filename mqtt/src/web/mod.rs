//! The session in a browser: over its WebSocket, by its clock and its events, with a store in IndexedDB.
//!
//! The browser's events drive everything; whoever owns the [`Client`] hears of it by a callback. Dropping
//! the last handle ends the connection and all listeners with it.

mod client;
mod lock;
mod socket;
mod store;
mod timer;
mod wake;

pub use client::{Client, Setup};
pub use lock::Lock;
pub use socket::{Heard, Socket};
pub use store::{Store, StoreError};
pub use wake::Wakeups;
