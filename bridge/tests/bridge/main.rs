//! Whole bridges in one process, on real pseudo-terminals, read over real WebSockets.

mod rig;
mod sensor;
mod server;
