//! The page's state: one machine for the whole race flow. Plain Rust, no clock, no IO, no web.
//!
//! [`Page::handle`] takes an [`Input`] with the time and answers with [`Effect`]s; [`Page::next_deadline`]
//! says when it wants to be woken. What is on the screen is read from it (`screen`). The driver is in
//! [`crate::net`], and tests are drivers too.

mod advice;
mod asked;
mod charts;
mod cue;
mod entry;
mod event;
mod finish;
mod flow;
pub mod format;
mod idle;
mod link;
mod listing;
mod lookup;
mod news;
mod outcome;
mod page;
mod pairing;
mod racer;
mod ready;
pub mod retry;
mod ride;
pub mod rooms;
mod screen;
mod sensor;
pub mod service;
mod settings;
mod source;
mod spark;
mod standings;

pub use charts::{Kind, Plot, PlotLine, PlotTable, ScoreBars};
pub use cue::Cue;
pub use entry::{Entry, Key, Preset, Recent, Rider, Way};
pub use event::{Effect, Failure, Input};
pub use finish::{Finish, Outcome};
pub use flow::Flow;
pub use link::Link;
pub use listing::{Line, Listing, RideFiles};
pub use page::Page;
pub use pairing::{HandStep, PairSign};
pub use racer::RecordLine;
pub use ready::{Check, Checked, Light};
pub use ride::Ride;
pub use screen::{BoardKey, View};
pub use sensor::{Sensor, Shown};
pub use settings::{Setting, Settings, Theme};
pub use source::{Source, Sources};
pub use spark::Spark;
pub use standings::{Slot, Standings};
