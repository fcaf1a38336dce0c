//! From set-up to the finish: what Start Race and its answers lead to.

use alleycat_shared::api::{Join, Joined, RaceResult};
use alleycat_shared::race::LATE_JOIN_MS;
use alleycat_shared::{Millis, RaceId};

use super::asked::Asked;
use super::{Effect, Failure, Finish, Link, Page, Ride, Rider};

/// Where the rider is.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Flow {
    /// A kiosk at rest: nobody is here.
    Idle,
    /// Choosing racer and class.
    #[default]
    Setup,
    /// The hub is being asked for the racer id.
    Joining,
    /// Joined, and the hub's clock is not known yet: waited for, until when.
    Joined(Rider, Millis),
    /// Joined while a race runs that began a while ago: now, or the next one?
    Choosing(Rider),
    /// Waiting for the race to begin.
    Countdown(Ride),
    /// Riding.
    Racing(Ride),
    /// The race is over.
    Finished(Finish),
}

impl Page {
    pub(super) fn start(&mut self, effects: &mut Vec<Effect>) {
        if !matches!(self.flow, Flow::Setup | Flow::Finished(_)) {
            return;
        }
        // Where a reason is seen, if it does not work.
        self.flow = Flow::Setup;
        self.trouble.clear();
        let Some(racer) = self.entry.racer() else {
            self.words().enter_racer_id().clone_into(&mut self.trouble);
            return;
        };
        let Some(name) = self.entry.name() else {
            self.words().name_cant_be_shown().clone_into(&mut self.trouble);
            return;
        };
        self.pairing = None;
        self.flow = Flow::Joining;
        effects.push(Effect::Join(Join { racer_id: racer, name, token: self.entry.token(racer) }));
    }

    pub(super) fn joined(&mut self, joined: Joined, effects: &mut Vec<Effect>) {
        let rider = Rider { racer: joined.racer_id, name: joined.name, token: Some(joined.token) };
        let expected = match &self.flow {
            Flow::Joining => true,
            _ => self.rider().is_some_and(|known| known.racer == rider.racer),
        };
        if !expected {
            return;
        }
        self.entry.remember(rider.clone());
        self.trouble.clear();
        if self.hand.is_some() {
            self.flow = Flow::Setup;
            effects.push(Effect::KeepRecent);
            self.hand_over(rider, effects);
            return;
        }
        // The link of a rider who is there already goes on, and says nothing new.
        if self.link_of != Some(rider.racer) {
            self.linked(Link::Connecting);
        }
        effects.push(Effect::KeepRecent);
        self.connect(Some(rider.clone()), effects);
        match &mut self.flow {
            Flow::Joining => {
                self.clock.hurry(self.now);
                self.flow = Flow::Joined(rider, self.now + CLOCK_PATIENCE_MS);
            }
            Flow::Joined(known, _) | Flow::Choosing(known) => *known = rider,
            Flow::Countdown(ride) | Flow::Racing(ride) => ride.rider = rider,
            Flow::Idle | Flow::Setup | Flow::Finished(_) => {}
        }
    }

    /// A rider who has joined goes into the race, or is asked which one, as soon as the clock is known.
    pub(super) fn go_in(&mut self, effects: &mut Vec<Effect>) {
        let Flow::Joined(rider, until) = &self.flow else { return };
        if let Some(moment) = self.moment() {
            self.flow = Flow::Choosing(rider.clone());
            if moment.elapsed_ms <= LATE_JOIN_MS {
                self.choose(true, effects);
            }
        } else if self.now >= *until {
            self.flow = Flow::Setup;
            self.words().clock_not_known().clone_into(&mut self.trouble);
        }
    }

    pub(super) fn not_joined(&mut self, failure: &Failure) {
        if self.flow != Flow::Joining {
            self.rejoin.failed(self.now, REJOIN_MS);
            if let (Some(IN_USE), Some(rider)) = (failure.status, self.rider()) {
                self.trouble = self.words().racer_in_use(&rider.racer.to_string());
            }
            return;
        }
        self.flow = Flow::Setup;
        self.trouble = match failure.status {
            Some(IN_USE) => self.words().racer_in_use(self.entry.digits()),
            _ => failure.told(self.words()),
        };
    }

    pub(super) fn choose(&mut self, now: bool, effects: &mut Vec<Effect>) {
        let (Some(clock), Some(moment)) = (self.race_clock(), self.moment()) else { return };
        let Flow::Choosing(rider) = &self.flow else { return };
        let race = if now { moment.race_id } else { clock.next(moment.race_id) };
        let missed = if now { u16::try_from(moment.elapsed_ms / 1_000).unwrap_or(u16::MAX) } else { 0 };
        let new = Ride { missed, ..Ride::new(race, self.entry.class(), rider.clone()) };
        let same =
            |left: &Ride| (left.race, left.class, left.rider.racer) == (race, new.class, new.rider.racer);
        let ride = match self.left.take().filter(same) {
            Some(left) => Ride { rider: new.rider, ..left },
            None => new,
        };
        let ride = Ride { clock: self.clock.value, guest: self.entry.is_guest(), ..ride };
        effects.push(Effect::KeepRide(Box::new(ride.clone())));
        self.flow = Flow::Countdown(ride);
    }

    pub(super) fn leave(&mut self, effects: &mut Vec<Effect>) {
        if matches!(self.flow, Flow::Countdown(_) | Flow::Racing(_)) {
            effects.push(Effect::ForgetRide);
        }
        self.trouble.clear();
        self.rejoin = Asked::default();
        if let Flow::Racing(ride) = std::mem::take(&mut self.flow) {
            self.left = Some(ride);
        }
    }

    pub(super) fn result(&mut self, race: RaceId, answer: Result<RaceResult, Failure>) {
        let grace = self.config().map_or(0, |config| u64::from(config.grace_seconds) * 1_000);
        let official_at = self.race_clock().map_or(0, |clock| clock.end(race) + grace + SECOND_MS);
        let official_in = official_at.saturating_sub(self.hub_now().unwrap_or(0));
        let (now, wait) = (self.now, self.wait(2));
        let Flow::Finished(finish) = &mut self.flow else { return };
        match answer {
            _ if finish.ride.race != race => {}
            Ok(result) => finish.answered(now, &result, official_in),
            Err(_) => finish.not_answered(now, wait),
        }
    }
}

const SECOND_MS: Millis = 1_000;
/// The hub's answer to who joins as a racer that rides on another device.
const IN_USE: u16 = 409;
/// How long a rider who has joined waits for the hub's clock.
pub(super) const CLOCK_PATIENCE_MS: Millis = 10_000;
/// How long to wait before joining again after the first time was of no use.
pub(super) const REJOIN_MS: Millis = 10_000;
