//! The parts that views are made of.

pub mod avatar;
pub mod banners;
pub mod board;
pub mod charts;
pub mod chips;
pub mod class_tiles;
pub mod figure;
pub mod hold_button;
pub mod icon;
pub mod keypad;
pub mod logo;
pub mod long_list;

pub use avatar::Avatar;
pub use banners::Banners;
pub use board::Board;
pub use charts::{OutputChart, ScoreBars, Sparkline};
pub use chips::Chips;
pub use class_tiles::ClassTiles;
pub use figure::Figure;
pub use hold_button::HoldButton;
pub use icon::Icon;
pub use keypad::Keypad;
pub use logo::Logo;
pub use long_list::LongList;
