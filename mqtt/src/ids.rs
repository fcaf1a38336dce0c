//! Packet identifiers: one allocator for PUBLISH, SUBSCRIBE and UNSUBSCRIBE.

use std::num::NonZeroU16;

/// A packet identifier; never 0.
pub type PacketId = NonZeroU16;

/// Hands out identifiers that are not in use, in rising order, so that a late answer to an old one
/// is unlikely to meet a new one.
#[derive(Debug, Default)]
pub(crate) struct PacketIds {
    /// A bit for each identifier, as far as they were ever used.
    used: Vec<u64>,
    last: u16,
}

impl PacketIds {
    /// An identifier that is not in use, or `None` when all 65,535 are.
    pub(crate) fn take(&mut self) -> Option<PacketId> {
        for _ in 0..=u16::MAX {
            self.last = self.last.wrapping_add(1);
            if let Some(id) = PacketId::new(self.last)
                && self.set(id, true) == Some(false)
            {
                return Some(id);
            }
        }
        None
    }

    /// Sets one aside that the broker may know from an earlier run.
    pub(crate) fn reserve(&mut self, id: PacketId) {
        self.set(id, true);
    }

    /// Takes back an identifier. Returns whether it was in use.
    pub(crate) fn release(&mut self, id: PacketId) -> bool {
        self.set(id, false) == Some(true)
    }

    /// Takes back all of them, for a session that is lost.
    pub(crate) fn clear(&mut self) {
        self.used.clear();
    }

    /// Returns what it was before.
    fn set(&mut self, id: PacketId, to: bool) -> Option<bool> {
        let (word, bit) = (usize::from(id.get() / 64), 1 << (id.get() % 64));
        if self.used.len() <= word {
            self.used.resize(word + 1, 0);
        }
        let word = self.used.get_mut(word)?;
        let before = *word & bit != 0;
        *word = if to { *word | bit } else { *word & !bit };
        Some(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_wrap_and_are_never_used_twice() {
        let mut ids = PacketIds::default();
        let first = ids.take().unwrap();
        let all: std::collections::HashSet<_> = std::iter::from_fn(|| ids.take()).chain([first]).collect();
        assert_eq!(all.len(), 65_535);
        assert!(ids.release(first) && !ids.release(first));
        assert_eq!(ids.take(), Some(first));
        assert_eq!(ids.take(), None);
    }
}
