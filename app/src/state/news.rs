//! The own news for those who listen instead of look: one line, at most every fifteen seconds.

use alleycat_shared::Millis;

use super::format::minutes;
use crate::words::Lang;

/// The line that a screen reader speaks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct News {
    line: String,
    told_at: Option<Millis>,
    place: Option<u32>,
}

impl News {
    /// Makes a new line if enough time has passed since the last one.
    pub(super) fn tell(&mut self, words: Lang, now: Millis, place: Option<(u32, u32)>, seconds_left: u64) {
        let Some((rank, field)) = place else { return };
        if self.told_at.is_some_and(|told| now < told + EVERY_MS) {
            return;
        }
        let moved = match self.place {
            Some(before) if before > rank => words.moved_up(&(before - rank).to_string()),
            Some(before) if before < rank => words.moved_down(&(rank - before).to_string()),
            _ => String::new(),
        };
        self.line = words.news(&rank.to_string(), &field.to_string(), &moved, &minutes(seconds_left));
        self.place = Some(rank);
        self.told_at = Some(now);
    }

    /// Begins anew, for another race.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// The line; empty while there is no news.
    pub(super) fn line(&self) -> &str {
        &self.line
    }
}

const EVERY_MS: Millis = 15_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_come_at_most_every_fifteen_seconds() {
        let mut news = News::default();
        news.tell(Lang::En, 0, None, 300);
        assert_eq!(news.line(), "");
        news.tell(Lang::En, 1_000, Some((15, 51)), 299);
        assert_eq!(news.line(), "Place 15 of 51. 4:59 left.");
        news.tell(Lang::En, 15_999, Some((12, 51)), 284);
        assert_eq!(news.line(), "Place 15 of 51. 4:59 left.");
        news.tell(Lang::En, 16_000, Some((12, 51)), 284);
        assert_eq!(news.line(), "Place 12 of 51, up 3. 4:44 left.");
    }
}
