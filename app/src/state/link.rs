//! The link to the hub's broker as riders see it.

use alleycat_shared::Millis;

use crate::words::Lang;

/// The state of the link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// The first attempt is under way.
    #[default]
    Connecting,
    /// Up.
    Connected,
    /// Down; the next attempt begins at the time, if one is planned.
    Offline {
        /// On the page's clock.
        retry_at: Option<Millis>,
    },
}

impl Link {
    /// The name in `data-state` and for style.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Offline { .. } => "offline",
        }
    }

    /// The word on the chip.
    pub fn word(&self, words: Lang) -> &'static str {
        match self {
            Self::Connecting => words.hub_connecting(),
            Self::Connected => words.hub_connected(),
            Self::Offline { .. } => words.hub_offline(),
        }
    }
}
