//! The race messages of this page, and what became of each: told only when it is known.

use std::collections::VecDeque;

use alleycat_shared::api::{RaceState, RideTrace};
use alleycat_shared::message::RaceMessage;
use alleycat_shared::{Cadence, ClassId, Millis, RaceId, RaceSecond, RacerId, Resistance};
use uuid::Uuid;

/// What is known of a message's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Kept on this device until there is a connection, or room on it.
    Queued,
    /// Written to a connection; the broker has not answered yet.
    Sent,
    /// The broker has answered that it is there.
    Acknowledged,
    /// Acknowledged, and yet not among the seconds that the hub counts.
    Refused,
    /// Given up before it left: the queue is full, or it can't be written.
    Failed,
}

/// A message and its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Logged {
    /// Its own id.
    pub id: Uuid,
    /// The race.
    pub race: RaceId,
    /// The class.
    pub class: ClassId,
    /// Whose it is.
    pub racer: RacerId,
    /// The second of the race.
    pub second: RaceSecond,
    /// The device's time in it.
    pub device_timestamp: Millis,
    /// What was ridden.
    pub resistance: Resistance,
    /// What was ridden.
    pub cadence: Cadence,
    /// What became of it.
    pub delivery: Delivery,
    /// When that was known, on the page's clock.
    pub at: Millis,
    /// From leaving, as far as that was seen, until the acknowledgement, in ms.
    pub took: Option<Millis>,
    /// Whether the hub's own list of what counts has been looked at for it.
    counted: bool,
}

/// The latest messages, oldest first, and never more than [`MOST`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Messages {
    rows: VecDeque<Logged>,
    /// Grows with every change, so that what is shown is worked out only then.
    changes: u32,
}

impl Messages {
    /// A message that was just handed to the link.
    pub fn published(&mut self, now: Millis, message: &RaceMessage, delivery: Delivery) {
        if self.rows.len() >= MOST {
            self.rows.pop_front();
        }
        self.changes = self.changes.wrapping_add(1);
        self.rows.push_back(Logged {
            id: message.uuid,
            race: message.race_id,
            class: message.class_id,
            racer: message.racer_id,
            second: message.second,
            device_timestamp: message.device_timestamp,
            resistance: message.resistance,
            cadence: message.cadence,
            delivery,
            at: now,
            took: None,
            counted: false,
        });
    }

    /// News of one. An answer that comes late does not undo a later one.
    pub fn delivered(&mut self, now: Millis, id: Uuid, delivery: Delivery) {
        // News is mostly of the youngest.
        let Some(row) = self.rows.iter_mut().rev().find(|row| row.id == id) else { return };
        if row.delivery == delivery || !matches!(row.delivery, Delivery::Queued | Delivery::Sent) {
            return;
        }
        if delivery == Delivery::Acknowledged {
            row.took = Some(now.saturating_sub(row.at));
        }
        (row.delivery, row.at) = (delivery, now);
        self.changes = self.changes.wrapping_add(1);
    }

    /// What the hub counts of a ride: an acknowledged second that is missing between others was refused.
    pub fn compare(&mut self, trace: &RideTrace) {
        let last = trace.seconds.last().map_or(0, |second| second.second);
        let over = trace.state == RaceState::Official;
        for row in &mut self.rows {
            let ours = (row.race, row.class, row.racer) == (trace.race_id, trace.class_id, trace.racer_id);
            if !ours || !matches!(row.delivery, Delivery::Acknowledged | Delivery::Refused) {
                continue;
            }
            let second = row.second.get();
            let counts = trace.seconds.binary_search_by_key(&second, |second| second.second).is_ok();
            // The hub may be told by a stream, which takes its time: only what others have overtaken is judged.
            let delivery = match counts {
                true => Delivery::Acknowledged,
                false if over || second + OVERTAKEN < last => Delivery::Refused,
                false => continue,
            };
            if (row.delivery, row.counted) != (delivery, true) {
                (row.delivery, row.counted) = (delivery, true);
                self.changes = self.changes.wrapping_add(1);
            }
        }
    }

    /// The ride that the hub should be asked about: the latest one with an acknowledged second of which
    /// nothing is known.
    pub fn unknown(&self) -> Option<(RaceId, ClassId, RacerId)> {
        let open = |row: &&Logged| row.delivery == Delivery::Acknowledged && !row.counted;
        self.rows.iter().rev().find(open).map(|row| (row.race, row.class, row.racer))
    }

    /// A message, the latest first.
    pub fn nth(&self, index: usize) -> Option<&Logged> {
        self.rows.len().checked_sub(index + 1).and_then(|index| self.rows.get(index))
    }

    /// All messages, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Logged> {
        self.rows.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many have come to this.
    pub fn count(&self, delivery: Delivery) -> usize {
        self.rows.iter().filter(|row| row.delivery == delivery).count()
    }

    /// How long the latest acknowledgements took, in ms: the median and the longest.
    pub fn took(&self) -> Option<(Millis, Millis)> {
        let mut took: Vec<_> = self.rows.iter().rev().filter_map(|row| row.took).take(LATEST).collect();
        took.sort_unstable();
        Some((*took.get(took.len() / 2)?, *took.last()?))
    }

    /// Changes whenever something in here has changed.
    pub fn changes(&self) -> u32 {
        self.changes
    }
}

impl Delivery {
    /// The name in `data-state` and for style.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }

    /// All of them, in the order of a message's life.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Sent, Self::Acknowledged, Self::Refused, Self::Failed];
}

/// Two races of five minutes.
pub const MOST: usize = 600;
/// Of so many the time until the acknowledgement is told.
const LATEST: usize = 60;
/// By so many seconds, whatever counts comes to be known.
const OVERTAKEN: u16 = 10;

#[cfg(test)]
mod tests {
    use alleycat_shared::api::TraceSecond;
    use alleycat_shared::{Output, Score};

    use super::super::tests::message;
    use super::*;

    fn trace(seconds: impl IntoIterator<Item = u16>) -> RideTrace {
        let message = message(1);
        let (output, score) = (Output::from_ten_thousandths(1), Score::ZERO);
        let second = |second| TraceSecond { second, cadence: 88.0, resistance: 50.0, output, score };
        RideTrace {
            race_id: message.race_id,
            class_id: message.class_id,
            racer_id: message.racer_id,
            name: message.name.clone(),
            state: RaceState::Running,
            score: Score::ZERO,
            seconds: seconds.into_iter().map(second).collect(),
        }
    }

    fn id(second: u128) -> Uuid {
        Uuid::from_u128(second)
    }

    #[test]
    fn a_message_goes_its_way_and_never_back() {
        let mut messages = Messages::default();
        messages.published(100, &message(1), Delivery::Queued);
        let told = |messages: &Messages| (messages.nth(0).unwrap().delivery, messages.nth(0).unwrap().took);
        for (now, news, known) in [
            (200, Delivery::Sent, (Delivery::Sent, None)),
            (260, Delivery::Acknowledged, (Delivery::Acknowledged, Some(60))),
            (300, Delivery::Sent, (Delivery::Acknowledged, Some(60))),
            (400, Delivery::Failed, (Delivery::Acknowledged, Some(60))),
        ] {
            messages.delivered(now, id(1), news);
            assert_eq!(told(&messages), known, "{news:?}");
        }
        let before = messages.changes();
        messages.delivered(500, id(9), Delivery::Sent);
        assert_eq!(messages.changes(), before, "nothing is known of others");
    }

    #[test]
    fn the_log_is_bounded_and_keeps_the_latest() {
        let mut messages = Messages::default();
        (0..700).for_each(|second| messages.published(0, &message(second % 299 + 1), Delivery::Queued));
        assert_eq!(messages.len(), MOST);
        assert_eq!(messages.nth(0).unwrap().second.get(), 699 % 299 + 1);
        assert_eq!(messages.nth(599).unwrap().second.get(), 101);
        assert_eq!(messages.nth(600), None);
        assert_eq!(messages.count(Delivery::Queued), MOST);
    }

    #[test]
    fn what_the_hub_does_not_count_was_refused_and_may_still_come() {
        let mut messages = Messages::default();
        for second in 1..=30 {
            messages.published(0, &message(second), Delivery::Queued);
            messages.delivered(1, id(second.into()), Delivery::Acknowledged);
        }
        messages.published(0, &message(31), Delivery::Queued);
        assert!(messages.unknown().is_some());
        messages.compare(&trace((1..=25).filter(|second| *second != 4)));
        let refused: Vec<_> = messages.iter().filter(|row| row.delivery == Delivery::Refused).collect();
        assert_eq!(refused.iter().map(|row| row.second.get()).collect::<Vec<_>>(), [4]);
        assert!(messages.unknown().is_some(), "26 to 30 may still be on their way");
        messages.compare(&trace(1..=45));
        assert_eq!((messages.count(Delivery::Refused), messages.count(Delivery::Acknowledged)), (0, 30));
        assert_eq!((messages.unknown(), messages.count(Delivery::Queued)), (None, 1));
    }

    #[test]
    fn another_ride_says_nothing() {
        let mut messages = Messages::default();
        messages.published(0, &message(1), Delivery::Queued);
        messages.delivered(5, id(1), Delivery::Acknowledged);
        let other = RideTrace { racer_id: RacerId::try_from(8).unwrap(), ..trace(2..=40) };
        messages.compare(&other);
        assert_eq!(messages.count(Delivery::Refused), 0);
        messages.compare(&trace(2..=9));
        assert_eq!(messages.count(Delivery::Refused), 0, "it may still come");
        messages.compare(&RideTrace { state: RaceState::Official, ..trace(2..=9) });
        assert_eq!(messages.count(Delivery::Refused), 1);
        assert_eq!(messages.took(), Some((5, 5)));
    }
}
