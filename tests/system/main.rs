//! The whole system: real processes, a real pty, the real broker, a real Chromium.

mod browser_sensor;
mod flow;
mod full_field;
mod host;
mod https;
mod kiosk;
mod language;
mod offline;
mod page_life;
mod parts;
mod pedal_to_board;
mod processes;
mod rooms;
mod states;
mod words;
