//! How the bike is connected, in place of the bridge's hint: the page knows from it and the state what a rider is to
//! do, and says it in the rider's language.

/// How the bike is connected, and what went wrong with that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A serial port.
    Usb,
    /// A Bluetooth sensor.
    Bluetooth,
    /// Nothing was chosen, or the browser has forgotten it.
    Unchosen,
    /// A Bluetooth device that tells nothing that a race needs.
    Strange,
}

impl Way {
    /// Its name, as the page knows it (`app/src/state/advice.rs`).
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Usb => "usb",
            Self::Bluetooth => "bluetooth",
            Self::Unchosen => "unchosen",
            Self::Strange => "strange",
        }
    }
}
