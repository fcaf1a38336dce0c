//! Protocols with open points: they are read as far as their sources go, and no bike of their kind has been
//! tried. A capture of one is welcome.

pub mod cateye;
pub mod ergofit;
pub mod proform;
pub mod tacx;
