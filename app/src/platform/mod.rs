//! The browser: the only code that calls web-sys. Thin wrappers, no rules of the race.

pub mod clock;
pub mod crash;
pub mod document;
pub mod fetch;
pub mod fullscreen;
pub mod hands;
pub mod inspect;
pub mod location;
pub mod reader;
pub mod share;
pub mod sound;
pub mod storage;
pub mod wake_lock;
pub mod worker;
