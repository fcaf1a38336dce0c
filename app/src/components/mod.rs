//! The parts that views are made of.

pub mod avatar;
pub mod banners;
pub mod board;
pub mod charts;
pub mod chips;
pub mod class_tiles;
pub mod fact_list;
pub mod figure;
pub mod full_screen_choice;
pub mod hold_button;
pub mod icon;
pub mod keypad;
pub mod logo;
pub mod long_list;
pub mod message_table;
pub mod service_door;
pub mod source;
pub mod window;

pub use avatar::Avatar;
pub use banners::Banners;
pub use board::Board;
pub use charts::{OutputChart, ScoreBars, Sparkline};
pub use chips::Chips;
pub use class_tiles::ClassTiles;
pub use fact_list::FactList;
pub use figure::Figure;
pub use full_screen_choice::FullScreenChoice;
pub use hold_button::HoldButton;
pub use icon::Icon;
pub use keypad::Keypad;
pub use logo::Logo;
pub use long_list::LongList;
pub use message_table::MessageTable;
pub use service_door::ServiceDoor;
pub use source::SourceChooser;
pub use window::Window;
