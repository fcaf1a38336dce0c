//! The gallery: every screen of the page in every state, brought about through the page's own state machine
//! with fixed inputs, and a sheet of all parts.
//!
//! `?screen=racing-offline&theme=light&lang=de` is one screen with nothing around it; without a screen there
//! is a list of all. It is a page of its own: nothing of it is in the product.

mod data;
pub mod gallery;
mod screens;
pub mod sheet;
mod stage;

pub use gallery::Gallery;
pub use screens::{SCREENS, Screen};
pub use stage::Stage;
