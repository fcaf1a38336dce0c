//! Every word of the page. They are in `app/words.lrc`, each in all languages; [`Lang`] has a method for each,
//! made from that file when the page is compiled: a word that is not there does not compile.
#![expect(
    missing_docs,
    reason = "each method is named after the word that it says, and the file has the text"
)]

use serde::{Deserialize, Serialize};
use typed_i18n::TypedI18N;

/// A language of the page, and with it what every word is in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TypedI18N)]
#[typed_i18n(filename = "words.lrc")]
#[typed_i18n(builder = "mixed_str")]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// English: what everybody gets whose language is not here.
    #[default]
    En,
    /// German.
    De,
}

/// Which form of a word stands beside a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `1 rider`.
    One,
    /// `2 riders`, and `0 riders`.
    Other,
}

impl Lang {
    /// All languages.
    pub const ALL: [Self; 2] = [Self::En, Self::De];

    /// The name by BCP 47, for `lang` and for dates.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// The first of these wishes that can be met: `de-AT` is met by `de`.
    pub fn wished<'a>(wishes: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let met = |wish: &str| {
            let wish = wish.split(['-', '_']).next().unwrap_or_default();
            Self::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(wish))
        };
        wishes.into_iter().find_map(met)
    }

    /// Which form stands beside a count (CLDR's plural rules, as far as our languages have them).
    pub const fn form(self, count: u64) -> Form {
        match (self, count) {
            (Self::En | Self::De, 1) => Form::One,
            (Self::En | Self::De, _) => Form::Other,
        }
    }
}

/// A name inside a sentence: whichever way it is written, the sentence stays in order (Unicode's isolates, for
/// where no `<bdi>` can be).
pub fn isolated(name: &str) -> String {
    ["\u{2068}", name, "\u{2069}"].concat()
}

#[cfg(test)]
mod literals;
#[cfg(test)]
mod tests;
