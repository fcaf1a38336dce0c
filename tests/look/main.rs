//! How the page looks, and whether everybody can use it: the gallery's screens in a real Chromium.

#![expect(clippy::unwrap_used, reason = "a test that can't go on stops")]

mod pictures;
mod rig;
mod tokens;
mod usable;
