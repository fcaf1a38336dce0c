//! The rules at the broker's door: who may connect, read and publish; and the taking-in of messages.
//!
//! A message that is refused for what it says is acknowledged all the same, for sending it again would not
//! mend it; it is counted under its reason.

use std::sync::Arc;

use alleycat_mqtt::ConnectRefusal;
use alleycat_mqtt::server::Connect;
use alleycat_shared::message::{RaceMessage, Refusal};
use alleycat_shared::race::Taken;
use alleycat_shared::topic::{SUBSCRIBE_ROOT, Topic};
use alleycat_shared::{Millis, RacerId};

use super::refusals::Refusals;
use crate::identity::{Identity, Proof};
use crate::journal::Journal;
use crate::races::Races;
use crate::route::Route;
use crate::{metrics, time};

/// The rules.
pub(crate) struct Gate {
    pub(crate) races: Arc<Races>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) refusals: Refusals,
    /// Anybody may ride as anybody.
    pub(crate) open: bool,
    /// What else is done about messages, if there are rules.
    pub(crate) route: Option<Arc<Route>>,
    /// The races are fed by a stream: what comes in here goes to the rules alone.
    pub(crate) by_stream: bool,
}

/// A message that comes in.
pub(super) struct Incoming<'a> {
    pub(super) client: &'a str,
    /// The racer that the client has proved to be.
    pub(super) owner: Option<Proof>,
    pub(super) topic: &'a str,
    pub(super) payload: &'a [u8],
    pub(super) retain: bool,
}

/// The journal takes nothing more: nothing may be acknowledged.
pub(super) struct Full;

impl Gate {
    /// Without a user name: a reader. With one: the racer, if the password is the racer's token. An open hub asks for
    /// no proof.
    pub(super) fn admit(&self, connect: &Connect<'_>) -> Result<Option<Proof>, ConnectRefusal> {
        // Published by the broker, a will would pass the rules for publishing.
        if connect.has_will {
            metrics::turned_away("will");
            return Err(ConnectRefusal::NotAuthorized);
        }
        let Some(username) = connect.username.filter(|_| !self.open) else { return Ok(None) };
        let token = connect.password.unwrap_or_default();
        let racer = username.parse::<RacerId>().ok();
        let proof = racer.and_then(|racer| self.identity.prove(racer, token, time::now()));
        if proof.is_none() {
            metrics::turned_away("credentials");
        }
        proof.map(Some).ok_or(ConnectRefusal::BadCredentials)
    }

    /// Takes a message in, or counts why not. Either way it may be acknowledged once the journal is on the
    /// disk up to what is appended by then.
    ///
    /// # Errors
    /// [`Full`] if it may not: the connection is to end, and the message is sent again on the next one.
    pub(super) fn publish(&self, message: &Incoming<'_>) -> Result<(), Full> {
        if let Some(full) = self.journal.full() {
            full.count();
            return Err(Full);
        }
        let now = time::now();
        let outcome = self.take(message, now);
        if let Err(refusal) = self.count(outcome) {
            self.refusals.note(message.client, &refusal, now);
        }
        Ok(())
    }

    /// Counts what became of a message.
    pub(super) fn count(&self, outcome: Result<Option<Taken>, Refusal>) -> Result<(), Refusal> {
        match outcome {
            Ok(None) => metrics::left_to_stream(),
            Ok(Some(taken)) => metrics::message(&Ok(taken)),
            Err(refusal) => {
                metrics::message(&Err(refusal.clone()));
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Reads a payload that came on the topic of `racer`, and is to be that racer's. On the way it goes into
    /// the outbox, if a rule means it: `origin` is its client and topic, or none if another hub's rules have
    /// seen it. Rules see payloads as they come, valid or not, but for those in another racer's name: nothing
    /// in a stream would tell whose they are.
    pub(super) fn read(
        &self,
        racer: Option<RacerId>,
        payload: &[u8],
        origin: Option<(&str, &str)>,
        now: Millis,
    ) -> Result<RaceMessage, Refusal> {
        let message = RaceMessage::parse(payload);
        if let (Some(topic), Ok(message)) = (racer, &message)
            && topic != message.racer_id
        {
            return Err(Refusal::ForeignRacer { topic, payload: message.racer_id });
        }
        if let (Some(route), Some((client, topic))) = (&self.route, origin) {
            route.note(&self.journal, client, topic, payload, now, 0);
        }
        message
    }

    /// Takes a checked message into its race, unless the races are fed by a stream.
    pub(super) fn race(&self, message: &RaceMessage, now: Millis) -> Result<Option<Taken>, Refusal> {
        if self.by_stream { Ok(None) } else { self.races.take(message, now).map(Some) }
    }

    /// Boards are for everybody; what riders send is for the hub alone.
    pub(super) fn may_read(filter: &str) -> bool {
        let may = filter.strip_prefix(SUBSCRIBE_ROOT).is_some_and(|rest| rest.starts_with('/'));
        if !may {
            metrics::turned_away("subscription");
        }
        may
    }

    /// The topic's racer is trusted, for only its owner may publish there; the payload's is compared.
    fn take(&self, incoming: &Incoming<'_>, now: Millis) -> Result<Option<Taken>, Refusal> {
        let racer = match incoming.topic.parse() {
            Ok(Topic::Publish(Some(racer))) if self.open => Some(racer),
            Ok(Topic::Publish(Some(racer))) if incoming.owner.is_some_and(|owner| owner.racer == racer) => {
                Some(racer)
            }
            Ok(Topic::Publish(None)) if self.open => None,
            _ => return Err(Refusal::WrongTopic),
        };
        if incoming.retain {
            return Err(Refusal::WrongTopic);
        }
        // Before any rule sees it: the connection may have outlived its rider's seat, which may be another's by now.
        let joined_as = match incoming.owner {
            Some(owner) => Some(self.identity.seen_by(owner, now).ok_or(Refusal::NotJoined(owner.racer))?),
            None => None,
        };
        let origin = Some((incoming.client, incoming.topic));
        let mut message = self.read(racer, incoming.payload, origin, now)?;
        if let Some(name) = joined_as.or_else(|| self.identity.seen(message.racer_id, now)) {
            message.name = name;
        }
        self.race(&message, now)
    }
}
