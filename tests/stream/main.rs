//! The stream whole: rules, sink, source and simulator against an emulator that is throttled as the service is.

mod ends;
mod hub;
mod lag;
mod limits;
mod operator;
mod paths;
mod plan;
mod rides;
mod rig;
mod trouble;
mod witness;
