//! What the people at this device like: the language, the colours, sounds.

use serde::{Deserialize, Serialize};

use super::{Effect, Page};
use crate::words::Lang;

/// What is kept from day to day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The language; `None` for the one that the browser wishes.
    pub lang: Option<Lang>,
    /// The colours.
    pub theme: Theme,
    /// Whether there are sounds. What they tell is on the screen as well.
    pub sound: bool,
}

/// Which colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the device has it.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
    /// Dark, with the greatest differences.
    Contrast,
}

/// One of the settings, changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The language.
    Lang(Lang),
    /// The colours.
    Theme(Theme),
    /// Sounds.
    Sound(bool),
}

impl Theme {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::System, Self::Dark, Self::Light, Self::Contrast];

    /// The name in `data-theme` and in the page's address.
    pub const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Contrast => "contrast",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }
}

impl Page {
    /// The language, to say words in.
    pub fn words(&self) -> Lang {
        self.settings.lang.unwrap_or(self.browser)
    }

    /// What the people here like.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// Whether the settings are open.
    pub fn is_settings_open(&self) -> bool {
        self.settings_open
    }

    pub(super) fn set(&mut self, setting: Setting, effects: &mut Vec<Effect>) {
        match setting {
            Setting::Lang(lang) => {
                self.settings.lang = Some(lang);
                // It was said in the other one.
                self.trouble.clear();
            }
            Setting::Theme(theme) => self.settings.theme = theme,
            Setting::Sound(sound) => self.settings.sound = sound,
        }
        effects.push(Effect::KeepSettings(self.settings));
    }
}
