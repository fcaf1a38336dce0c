//! The whole system on one machine, broken at random, and what must hold all the same.
//!
//! [`chaos::run`] draws a plan of faults from a seed, rides races through them and lets the referee compare
//! what was acknowledged, recorded and shown. [`soak::run`] rides many short races and looks whether anything
//! grows. Programs, broker and browser are those of `alleycat-tests`; `cargo xtask chaos` and `soak` build them.

mod actors;
mod boards;
pub mod chaos;
mod clock;
mod disk;
mod link;
mod log;
mod page;
mod plan;
mod referee;
mod report;
pub mod soak;
mod trend;
mod world;
