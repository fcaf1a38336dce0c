//! The browser: thin wrappers, no rules of the race. Elsewhere a component touches the elements that it draws, and no
//! more of web-sys.

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
