//! The race page: choose a racer and a class, ride, see the place.
//!
//! `state` is the machine, `net` drives it, `platform` is the browser, `views` and `components` are what is
//! seen, `words` what is read. The binary mounts it and does nothing else.

mod apart;
pub mod app;
pub mod components;
mod ctx;
pub mod net;
pub mod platform;
pub mod state;
pub mod views;
pub mod words;

pub use ctx::Ctx;

/// Puts the page into the document.
pub fn run() {
    platform::crash::set_hook();
    leptos::mount::mount_to_body(app::App);
}
