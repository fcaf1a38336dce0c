//! A phone brings its rider to the tablet: the tablet shows a code and waits, the phone hands the rider over.

use alleycat_shared::Millis;
use alleycat_shared::api::{Joined, PairOffer};

use super::asked::Asked;
use super::format::{minutes, seconds_left};
use super::{Effect, Failure, Flow, Page, Rider, Way};

/// The tablet's side: a code, and when to ask whether a phone has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pairing {
    offer: Asked<PairOffer>,
    claim_at: Option<Millis>,
    ended: bool,
    trouble: String,
}

/// What the tablet shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PairSign {
    /// The code is on its way.
    Loading,
    /// The picture of the code, an SVG, and the address in it.
    Code {
        /// The picture.
        qr: String,
        /// The address.
        url: String,
    },
    /// The code is no longer good.
    Ended,
    /// There is no code, and why.
    Failed(String),
}

/// The phone's side.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hand {
    code: String,
    step: HandStep,
}

/// How far the phone is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandStep {
    /// The rider looks at what will be handed over.
    Asking,
    /// It is on its way.
    Handing,
    /// The tablet has it.
    Done,
}

impl Pairing {
    pub(super) fn wanted(now: Millis) -> Self {
        Self { offer: Asked { ask_at: Some(now), ..Asked::default() }, ..Self::default() }
    }

    /// Whether a code is shown that is good.
    pub(super) fn is_offered(&self) -> bool {
        self.offer.value.is_some() && !self.ended
    }

    /// When to ask next.
    pub(super) fn ask_at(&self) -> Option<Millis> {
        self.offer.ask_at.into_iter().chain(self.claim_at).min()
    }
}

impl Hand {
    pub(super) fn new(code: String) -> Self {
        Self { code, step: HandStep::Asking }
    }
}

impl Page {
    /// Another way to say who rides.
    pub(super) fn choose_way(&mut self, way: Way) {
        if self.flow == Flow::Setup {
            self.entry.choose_way(way);
            self.pairing = (way == Way::Phone).then(|| Pairing::wanted(self.now));
        }
    }

    /// What the tablet shows of the code.
    pub fn pair_sign(&self) -> PairSign {
        let Some(pairing) = &self.pairing else { return PairSign::Loading };
        match &pairing.offer.value {
            _ if pairing.ended => PairSign::Ended,
            Some(offer) => PairSign::Code { qr: offer.qr.clone(), url: offer.url.clone() },
            None if pairing.trouble.is_empty() => PairSign::Loading,
            None => PairSign::Failed(pairing.trouble.clone()),
        }
    }

    /// How long the code is good: `2:41`.
    pub fn pair_left(&self) -> String {
        let until =
            self.pairing.as_ref().and_then(|pairing| pairing.offer.value.as_ref()).map(|offer| offer.until);
        let left = until.zip(self.hub_now()).map(|(until, now)| until.saturating_sub(now));
        left.map_or_else(String::new, |left| minutes(seconds_left(left)))
    }

    /// How far the phone is with handing its rider over; `None` on every other page.
    pub fn hand_step(&self) -> Option<HandStep> {
        self.hand.as_ref().map(|hand| hand.step)
    }

    /// Asks for a code, and whether a phone has come.
    pub(super) fn pair(&mut self, effects: &mut Vec<Effect>) {
        if self.flow != Flow::Setup {
            self.pairing = None;
        }
        let (now, hub_now) = (self.now, self.hub_now());
        let Some(pairing) = &mut self.pairing else { return };
        if pairing.offer.asks(now) {
            effects.push(Effect::OfferPair);
        }
        let Some(offer) = &pairing.offer.value else { return };
        if hub_now.is_some_and(|now| now >= offer.until) {
            (pairing.ended, pairing.claim_at) = (true, None);
        }
        if pairing.claim_at.take_if(|at| *at <= now).is_some() {
            effects.push(Effect::ClaimPair { code: offer.code.clone(), secret: offer.secret.clone() });
        }
    }

    pub(super) fn pair_offered(&mut self, answer: Result<PairOffer, Failure>) {
        let (now, failures) = (self.now, self.pairing.as_ref().map_or(0, |pairing| pairing.offer.failures));
        let (wait, words) = (self.wait(failures.max(1)), self.words());
        let Some(pairing) = &mut self.pairing else { return };
        match answer {
            Ok(offer) => {
                pairing.offer.answered(offer);
                pairing.claim_at = Some(now + CLAIM_MS);
            }
            Err(failure) => {
                pairing.trouble = failure.told(words);
                pairing.offer.failed(now, wait);
            }
        }
    }

    pub(super) fn pair_claimed(&mut self, code: &str, answer: Result<Option<Joined>, Failure>) {
        let now = self.now;
        let is_same =
            |pairing: &&mut Pairing| pairing.offer.value.as_ref().is_some_and(|offer| offer.code == code);
        let Some(pairing) = self.pairing.as_mut().filter(is_same) else { return };
        match answer {
            Ok(Some(Joined { racer_id, name, token })) => {
                self.entry.welcome(Rider { racer: racer_id, name, token: Some(token) });
                self.trouble.clear();
                self.pairing = None;
                self.touched = now;
            }
            Err(Failure { status: Some(404), .. }) => pairing.ended = true,
            Ok(None) | Err(_) => pairing.claim_at = Some(now + CLAIM_MS),
        }
    }

    /// The phone's rider has joined: on to the tablet.
    pub(super) fn hand_over(&mut self, rider: Rider, effects: &mut Vec<Effect>) {
        if let Some(hand) = &mut self.hand {
            hand.step = HandStep::Handing;
            effects.push(Effect::HandOver { code: hand.code.clone(), rider: Box::new(rider) });
        }
    }

    pub(super) fn handed_over(&mut self, answer: Result<(), Failure>) {
        let words = self.words();
        let Some(hand) = &mut self.hand else { return };
        match answer {
            Ok(()) => hand.step = HandStep::Done,
            Err(failure) => {
                hand.step = HandStep::Asking;
                self.trouble = match failure.status {
                    Some(404 | 409) => words.code_ended().to_owned(),
                    _ => failure.told(words),
                };
            }
        }
    }
}

/// How often the hub is asked whether a phone has come.
const CLAIM_MS: Millis = 1_500;
