//! A kiosk at rest: when it falls asleep and wakes, what it forgets, and which class's board it shows meanwhile.

use alleycat_shared::message::BoardMessage;
use alleycat_shared::{ClassId, Millis, RaceId};

use super::pairing::Pairing;
use super::service::Word;
use super::{Effect, Flow, Input, Link, Page};

/// The boards of a kiosk at rest, one after the other.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Idle {
    /// The class whose board is up.
    shown: Option<ClassId>,
    since: Millis,
    /// The latest board of each class.
    boards: Vec<BoardMessage>,
}

impl Idle {
    /// Notes the board of a class.
    pub(super) fn heard(&mut self, board: &BoardMessage) {
        self.boards.retain(|known| known.class_id != board.class_id);
        self.boards.push(board.clone());
    }

    /// The class whose board is up.
    pub(super) fn shown(&self) -> Option<ClassId> {
        self.shown
    }

    /// Whether anybody rides in `race` of this class, as far as is known.
    fn has_riders(&self, class: ClassId, race: Option<RaceId>) -> bool {
        let rides = |board: &&BoardMessage| board.class_id == class && Some(board.race_id) == race;
        self.boards.iter().find(rides).is_some_and(|board| board.riders > 0)
    }

    /// Goes on to the next class that has riders, when the one that is up has been seen long enough or has nobody.
    /// Returns its board if it is another one.
    fn turn(&mut self, now: Millis, usual: ClassId, race: Option<RaceId>) -> Option<BoardMessage> {
        let here = self.shown.unwrap_or(usual);
        let seen = now >= self.since + TURN_MS;
        if self.shown.is_some() && !seen && self.has_riders(here, race) {
            return None;
        }
        let after = ClassId::all().filter(|class| *class > here).chain(ClassId::all());
        let next = after.take(ClassId::all().count()).find(|class| self.has_riders(*class, race));
        let next = next.unwrap_or(here);
        if self.shown == Some(next) {
            if seen {
                self.since = now;
            }
            return None;
        }
        (self.shown, self.since) = (Some(next), now);
        self.boards.iter().find(|board| board.class_id == next).cloned()
    }
}

impl Page {
    /// Whether this page stands in a room for whoever comes.
    pub fn is_kiosk(&self) -> bool {
        self.entry.preset().kiosk
    }

    /// Whether somebody turns the pedals.
    pub fn is_pedalling(&self) -> bool {
        self.sensor.live(self.now).is_some_and(|reading| reading.cadence.get() > 0.0)
    }

    /// The class whose board is up in idle, where they take turns.
    pub(super) fn idle_class(&self) -> Option<ClassId> {
        let is_set = self.entry.preset().class.is_some();
        if is_set { None } else { self.idle.shown() }
    }

    /// The other classes whose boards are listened to in idle.
    pub(super) fn idle_classes(&self) -> impl Iterator<Item = ClassId> + use<> {
        let here = self.class();
        let turns = self.flow == Flow::Idle && self.entry.preset().class.is_none();
        ClassId::all().filter(move |class| turns && *class != here)
    }

    /// Seconds until the page forgets who rode, once that is near.
    pub fn forgets_in(&self) -> Option<u64> {
        let rests = self.is_kiosk() && matches!(self.flow, Flow::Finished(_)) && self.rooms.here().is_none();
        let left = (self.touched + UNTOUCHED_MS).saturating_sub(self.now);
        (rests && left <= WARNED_MS).then(|| left.div_ceil(1_000))
    }

    /// When the kiosk is to be looked at next, for it may fall asleep.
    pub(super) fn rests_at(&self) -> Option<Millis> {
        let at = self.touched + UNTOUCHED_MS;
        (self.is_kiosk() && self.can_rest() && at > self.now).then_some(at)
    }

    pub(super) fn wake(&mut self) {
        if self.flow == Flow::Idle {
            self.flow = Flow::Setup;
            self.idle = Idle::default();
        }
    }

    /// Falls asleep when nobody has touched a kiosk for a while, turns to the next class in idle, and says whether the
    /// screen is to stay on.
    pub(super) fn rest(&mut self, effects: &mut Vec<Effect>) {
        // Who warms up is here, and so is who takes out a phone.
        let is_paired = self.pairing.as_ref().is_some_and(Pairing::is_offered);
        if self.flow == Flow::Setup && (self.is_pedalling() || is_paired) {
            self.touched = self.now;
        }
        let untouched = self.now >= self.touched + UNTOUCHED_MS;
        if self.is_kiosk() && self.can_rest() && untouched {
            self.flow = Flow::Idle;
            self.settings_open = false;
            self.forget(effects);
        }
        if self.flow == Flow::Idle {
            let (now, usual, race) = (self.now, self.entry.class(), self.race_on_board());
            if self.entry.preset().class.is_none()
                && let Some(board) = self.idle.turn(now, usual, race)
            {
                self.standings.heard_board(now, board, true);
            }
        }
        let awake = match &self.flow {
            Flow::Countdown(_) | Flow::Racing(_) => true,
            Flow::Joining | Flow::Joined(..) | Flow::Choosing(_) => self.awake,
            Flow::Finished(_) => !untouched,
            Flow::Idle | Flow::Setup => false,
        };
        if awake != self.awake {
            self.awake = awake;
            effects.push(Effect::StayAwake(awake));
        }
    }

    fn can_rest(&self) -> bool {
        matches!(self.flow, Flow::Setup | Flow::Choosing(_) | Flow::Finished(_))
            && self.rooms.here().is_none()
            && self.service.sheet().is_none()
    }

    /// Forgets who rode here. A rider who came with a phone gets the racer id back for it at once.
    fn forget(&mut self, effects: &mut Vec<Effect>) {
        // Seconds that are still on their way need the token.
        if let Some(guest) = self.entry.forget()
            && self.unsent == 0
        {
            effects.push(Effect::GiveBack(guest));
        }
        (self.left, self.record, self.pairing) = (None, None, None);
        self.all_time = false;
        self.trouble.clear();
        self.rejoin = super::asked::Asked::default();
        self.news.clear();
        if self.link_of.is_some() {
            self.linked(Link::Connecting);
            self.connect(None, effects);
        }
    }
}

/// Whether a rider's hands are behind it.
pub(super) fn is_by_hand(input: &Input) -> bool {
    matches!(
        input,
        Input::Wake
            | Input::Pressed(_)
            | Input::RacerTyped(_)
            | Input::NameTyped(_)
            | Input::ClassChosen(_)
            | Input::Way(_)
            | Input::Recent(_)
            | Input::Unremember(_)
            | Input::Start
            | Input::JoinNow
            | Input::NextRace
            | Input::Leave
            | Input::Enter(_)
            | Input::Back
            | Input::RoomClass(_)
            | Input::More
            | Input::Retry
            | Input::Search(_)
            | Input::Wish(_)
            | Input::Service(Word::Touched)
            | Input::AllTime(_)
    )
}

/// How long a kiosk waits for a touch before it forgets the rider.
pub(super) const UNTOUCHED_MS: Millis = 60_000;
/// From here on it says so.
pub(super) const WARNED_MS: Millis = 30_000;
/// How long each class's board is up.
const TURN_MS: Millis = 10_000;
