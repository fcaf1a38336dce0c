//! The board as ten slots: the first ten, or the first three and seven around the rider.
//!
//! A slot is a place on the screen. Riders move through slots; slots never move.

use alleycat_shared::message::{AllTimeRow, BoardMessage, BoardRow, Neighbour, RiderMessage};
use alleycat_shared::race::{NEIGHBOURS, TOP};
use alleycat_shared::{ClassId, Millis, RaceId, RacerId, Score};

/// What the hub said last of the class and of the rider, and the slots made of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standings {
    board: Option<BoardMessage>,
    rider: Option<RiderMessage>,
    /// When a message that is not an old one came last, on the page's clock.
    heard_at: Option<Millis>,
    slots: Vec<Option<Slot>>,
    split: bool,
    /// Grows with every change, so that lines are worked out only then.
    changes: u32,
}

/// One line of the board on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Slot {
    /// Place of the field.
    pub rank: u32,
    /// The rider.
    pub racer: RacerId,
    /// The rider's name.
    pub name: String,
    /// The score.
    pub score: Score,
    /// Whether it is the rider at this page.
    pub own: bool,
    /// This score minus the own one; `None` on the own line and without an own one.
    pub gap: Option<f64>,
    /// The gap in seconds, where the hub knows it.
    pub gap_seconds: Option<f64>,
    /// Nothing heard for a while.
    pub dim: bool,
    /// Nothing heard for long.
    pub gone: bool,
}

impl Standings {
    /// A board from the hub. `retained`: the broker kept it, it may be old.
    pub fn heard_board(&mut self, now: Millis, board: BoardMessage, retained: bool) {
        if !retained {
            self.heard_at = Some(now);
        }
        self.board = Some(board);
        self.changed();
    }

    /// The rider's own view from the hub.
    pub fn heard_rider(&mut self, now: Millis, rider: RiderMessage) {
        self.heard_at = Some(now);
        self.rider = Some(rider);
        self.changed();
    }

    /// Forgets what belongs to another class or racer.
    pub fn keep_only(&mut self, class: ClassId, racer: Option<RacerId>) {
        let board = self.board.take_if(|board| board.class_id != class);
        let rider = self.rider.take_if(|rider| rider.class_id != class || Some(rider.own.racer_id) != racer);
        if board.is_some() || rider.is_some() {
            self.changed();
        }
    }

    /// Makes the slots of `race` anew. Rows of other races are not shown.
    pub fn arrange(&mut self, race: Option<RaceId>) {
        let board = self.board.as_ref().filter(|board| Some(board.race_id) == race);
        let rider = self.rider.as_ref().filter(|rider| Some(rider.race_id) == race);
        self.split = rider.is_some_and(|rider| rider.own.rank as usize > TOP - NEIGHBOURS);
        let mut slots = vec![None; TOP];
        let mut put = |slot: Slot| {
            if let Some(index) = index_of(slot.rank, rider, self.split)
                && let Some(place) = slots.get_mut(index)
            {
                *place = Some(slot);
            }
        };
        let own = rider.map(|rider| &rider.own);
        let near: Vec<Slot> = rider.map(near).unwrap_or_default();
        let is_near = |row: &BoardRow| near.iter().any(|slot| slot.racer == row.racer_id);
        let top = board.map(|board| board.top.as_slice()).unwrap_or_default();
        top.iter().filter(|row| !is_near(row)).map(|row| far(row, own)).for_each(&mut put);
        near.into_iter().for_each(&mut put);
        if self.slots != slots {
            self.slots = slots;
            self.changed();
        }
    }

    /// Changes whenever a line may have.
    pub fn changes(&self) -> u32 {
        self.changes
    }

    fn changed(&mut self) {
        self.changes = self.changes.wrapping_add(1);
    }

    /// The line of a slot, counted from 0.
    pub fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)?.as_ref()
    }

    /// Whether the slots are the first three and seven around the rider.
    pub fn split(&self) -> bool {
        self.split
    }

    /// The lines of the record rides around the rider at this second of `race`, and the own one between.
    pub fn all_time(&self, race: RaceId) -> Vec<Slot> {
        let Some(rider) = self.rider(race) else { return Vec::new() };
        // Nobody has a record yet: the rider is alone.
        let Some(all_time) = &rider.all_time else {
            return vec![Slot { own: true, rank: 1, dim: false, gone: false, ..far(&rider.own, None) }];
        };
        let line = |row: &AllTimeRow| Slot {
            rank: row.rank,
            racer: row.racer_id,
            name: row.name.to_string(),
            score: row.score,
            own: false,
            gap: Some(row.score.ahead_of(rider.own.score)),
            gap_seconds: row.gap_seconds,
            dim: false,
            gone: false,
        };
        let own = Slot { own: true, rank: all_time.rank, dim: false, gone: false, ..far(&rider.own, None) };
        all_time.above.iter().map(line).chain([own]).chain(all_time.below.iter().map(line)).collect()
    }

    /// The rider's own view of `race`.
    pub fn rider(&self, race: RaceId) -> Option<&RiderMessage> {
        self.rider.as_ref().filter(|rider| rider.race_id == race)
    }

    /// How many riders `race` has.
    pub fn field(&self, race: RaceId) -> Option<u32> {
        let board = self.board.as_ref().filter(|board| board.race_id == race).map(|board| board.riders);
        self.rider(race).map(|rider| rider.riders).max(board)
    }

    /// The second of `race` that the latest news told of.
    pub fn as_of(&self, race: RaceId) -> Option<u16> {
        let board = self.board.as_ref().filter(|board| board.race_id == race).map(|board| board.second);
        self.rider(race).map(|rider| rider.second).max(board)
    }

    /// When news came last, on the page's clock.
    pub fn heard_at(&self) -> Option<Millis> {
        self.heard_at
    }
}

/// Which slot shows a rank.
fn index_of(rank: u32, rider: Option<&RiderMessage>, split: bool) -> Option<usize> {
    let rank = rank as usize;
    match rider {
        Some(rider) if split => {
            let (own, leaders) = (rider.own.rank as usize, TOP - 1 - 2 * NEIGHBOURS);
            if rank <= leaders {
                return rank.checked_sub(1);
            }
            (rank + leaders + NEIGHBOURS).checked_sub(own).filter(|index| *index >= leaders)
        }
        _ => rank.checked_sub(1),
    }
}

/// The rider and the neighbours.
fn near(rider: &RiderMessage) -> Vec<Slot> {
    let neighbour = |neighbour: &Neighbour| Slot {
        gap: Some(neighbour.gap),
        gap_seconds: neighbour.gap_seconds,
        ..far(&neighbour.row, None)
    };
    let own = Slot { own: true, ..far(&rider.own, None) };
    rider.above.iter().map(neighbour).chain([own]).chain(rider.below.iter().map(neighbour)).collect()
}

fn far(row: &BoardRow, own: Option<&BoardRow>) -> Slot {
    Slot {
        rank: row.rank,
        racer: row.racer_id,
        name: row.name.to_string(),
        score: row.score,
        own: false,
        gap: own.map(|own| row.score.ahead_of(own.score)),
        gap_seconds: None,
        dim: row.dim,
        gone: row.gone,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use alleycat_shared::message::RaceMessage;
    use alleycat_shared::race::{self, Race, RaceClock};

    use super::*;

    /// What the hub would say of a field in which racer n rides at an output of 200 - n.
    pub(crate) fn hub_says(
        race_id: u64,
        riders: u64,
        own: u64,
        seconds: u64,
    ) -> (BoardMessage, Option<RiderMessage>) {
        let clock = RaceClock::new(60).unwrap();
        let race_id = RaceId::try_from(race_id).unwrap();
        let class_id = ClassId::try_from(1).unwrap();
        let mut field = Race::new(class_id, race_id, clock);
        let now = clock.start(race_id) + seconds * 1_000 - 500;
        for (racer, second) in (0..riders).flat_map(|racer| (1..=seconds).map(move |second| (racer, second)))
        {
            let racer_id = RacerId::try_from(racer).unwrap();
            let message = RaceMessage {
                uuid: uuid::Uuid::nil(),
                event: alleycat_shared::message::Event::Update,
                device_timestamp: 0,
                second: second.try_into().unwrap(),
                race_id,
                name: alleycat_shared::names::default_name(racer_id),
                racer_id,
                class_id,
                cadence: (165.0 - racer as f64).try_into().unwrap(),
                resistance: 35.0.try_into().unwrap(),
            };
            field.take(&message, now).unwrap();
        }
        let standings = field.standings(now);
        let moment = clock.at(now);
        let index = standings.iter().position(|s| u64::from(s.racer_id.get()) == own);
        let rider = index.map(|index| race::rider(&field, &standings, index, None, moment, now));
        (race::board(&field, &standings, moment, now), rider)
    }

    fn ranks(riders: u64, own: u64) -> (Vec<u32>, Option<usize>, bool) {
        let (board, rider) = hub_says(10, riders, own, 3);
        let mut standings = Standings::default();
        standings.heard_board(0, board, false);
        rider.into_iter().for_each(|rider| standings.heard_rider(0, rider));
        standings.arrange(Some(RaceId::try_from(10).unwrap()));
        let slots: Vec<_> = (0..TOP).map(|index| standings.slot(index)).collect();
        let own = slots.iter().position(|slot| slot.is_some_and(|slot| slot.own));
        (slots.iter().map(|slot| slot.map_or(0, |slot| slot.rank)).collect(), own, standings.split())
    }

    #[test]
    fn a_rider_far_down_sees_the_first_three_and_the_neighbours() {
        assert_eq!(ranks(51, 29), (vec![1, 2, 3, 27, 28, 29, 30, 31, 32, 33], Some(6), true));
        assert_eq!(ranks(51, 7), (vec![1, 2, 3, 5, 6, 7, 8, 9, 10, 11], Some(6), true));
    }

    #[test]
    fn a_rider_in_front_sees_the_first_ten() {
        assert_eq!(ranks(51, 0), ((1..=10).collect(), Some(0), false));
        assert_eq!(ranks(51, 6), ((1..=10).collect(), Some(6), false));
    }

    #[test]
    fn the_last_rider_and_small_fields_leave_slots_empty() {
        assert_eq!(ranks(51, 50), (vec![1, 2, 3, 48, 49, 50, 51, 0, 0, 0], Some(6), true));
        assert_eq!(ranks(2, 1), (vec![1, 2, 0, 0, 0, 0, 0, 0, 0, 0], Some(1), false));
    }

    #[test]
    fn a_spectator_sees_the_first_ten() {
        assert_eq!(ranks(51, 99), ((1..=10).collect(), None, false));
    }

    #[test]
    fn gaps_are_signed_and_known_in_seconds_for_neighbours() {
        let (board, rider) = hub_says(10, 51, 29, 3);
        let mut standings = Standings::default();
        standings.heard_board(0, board, false);
        standings.heard_rider(0, rider.unwrap());
        standings.arrange(Some(RaceId::try_from(10).unwrap()));
        let gap = |index| standings.slot(index).and_then(|slot| slot.gap);
        assert_eq!([0, 5, 6, 7].map(gap), [Some(87.0), Some(3.0), None, Some(-3.0)]);
        assert!(standings.slot(5).unwrap().gap_seconds.is_some());
        assert!(standings.slot(0).unwrap().gap_seconds.is_none());
    }

    #[test]
    fn news_of_another_race_class_or_racer_is_not_shown() {
        let (board, rider) = hub_says(10, 51, 29, 3);
        let mut standings = Standings::default();
        standings.heard_board(0, board, false);
        standings.heard_rider(0, rider.unwrap());
        let race = RaceId::try_from(10).unwrap();
        standings.arrange(Some(RaceId::try_from(11).unwrap()));
        assert!((0..TOP).all(|index| standings.slot(index).is_none()));
        standings.keep_only(ClassId::try_from(1).unwrap(), RacerId::try_from(5).ok());
        standings.arrange(Some(race));
        assert!(standings.slot(0).is_some() && standings.rider(race).is_none());
        standings.keep_only(ClassId::try_from(2).unwrap(), None);
        standings.arrange(Some(race));
        assert!(standings.slot(0).is_none());
    }

    #[test]
    fn a_retained_board_is_no_news() {
        let (board, _) = hub_says(10, 51, 29, 3);
        let mut standings = Standings::default();
        standings.heard_board(5, board.clone(), true);
        assert_eq!(standings.heard_at(), None);
        standings.heard_board(6, board, false);
        assert_eq!(standings.heard_at(), Some(6));
    }

    #[test]
    fn only_news_of_lines_is_a_change() {
        let (board, rider) = hub_says(10, 51, 29, 3);
        let (race, class) = (RaceId::try_from(10).ok(), board.class_id);
        let racer = rider.as_ref().map(|rider| rider.own.racer_id);
        let mut standings = Standings::default();
        let mut known = standings.changes();
        let mut changed =
            |standings: &Standings| std::mem::replace(&mut known, standings.changes()) != standings.changes();
        standings.heard_board(0, board, false);
        standings.heard_rider(0, rider.unwrap());
        assert!(changed(&standings));
        standings.arrange(race);
        assert!(changed(&standings));
        standings.arrange(race);
        standings.keep_only(class, racer);
        assert!(!changed(&standings), "nothing is new");
        standings.arrange(RaceId::try_from(11).ok());
        assert!(changed(&standings), "another race is on");
        standings.keep_only(class, None);
        assert!(changed(&standings), "the rider's own view is gone");
    }
}
