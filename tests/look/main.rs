//! How the page looks, and whether everybody can use it: the gallery's screens in a real Chromium.

mod pictures;
mod rig;
mod tokens;
mod usable;
