//! The race page.

pub mod net;
pub mod platform;
pub mod state;
