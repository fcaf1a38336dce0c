//! What the browser keeps for us. All of it may be missing or forbidden, and the page works without.

use serde::Serialize;
use serde::de::DeserializeOwned;
use web_sys::{Storage, window};

/// Where a value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shelf {
    /// From day to day, for all pages of this host.
    Device,
    /// For this tab: survives a reload, and no other tab sees it.
    Tab,
}

/// Reads a value; `None` if it is not there or is of an older page that wrote it differently.
pub fn read<T: DeserializeOwned>(shelf: Shelf, key: &str) -> Option<T> {
    serde_json::from_str(&open(shelf)?.get_item(key).ok()??).ok()
}

/// Keeps a value.
pub fn write<T: Serialize>(shelf: Shelf, key: &str, value: &T) {
    if let (Some(storage), Ok(text)) = (open(shelf), serde_json::to_string(value)) {
        let _ = storage.set_item(key, &text);
    }
}

/// Forgets a value.
pub fn remove(shelf: Shelf, key: &str) {
    if let Some(storage) = open(shelf) {
        let _ = storage.remove_item(key);
    }
}

fn open(shelf: Shelf) -> Option<Storage> {
    let window = window()?;
    match shelf {
        Shelf::Device => window.local_storage(),
        Shelf::Tab => window.session_storage(),
    }
    .ok()?
}
