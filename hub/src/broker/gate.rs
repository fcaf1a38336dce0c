//! The rules at the broker's door: who may connect, read and publish; and the taking-in of messages.
//!
//! rmqtt awaits these hooks before it answers: CONNACK, SUBACK and PUBACK are written after the hub decided;
//! the front then holds a PUBACK back until the message is on the disk. A message that is refused for what
//! it says is acknowledged all the same, for sending it again would not mend it; it is counted under its
//! reason.

use std::sync::{Arc, RwLock};

use alleycat_shared::message::{RaceMessage, Refusal};
use alleycat_shared::race::Taken;
use alleycat_shared::topic::{SUBSCRIBE_ROOT, Topic};
use alleycat_shared::{Millis, RacerId};
use async_trait::async_trait;
use rmqtt::codec::v5::SubscribeAckReason;
use rmqtt::context::ServerContext;
use rmqtt::hook::{Handler, HookResult, Parameter, ReturnType};
use rmqtt::session::Session;
use rmqtt::types::{AuthResult, ConnectInfo, Id, Publish, PublishAclResult, Subscribe, SubscribeAclResult};

use super::refusals::Refusals;
use crate::identity::Identity;
use crate::journal::Journal;
use crate::races::Races;
use crate::{metrics, time};

/// The rules; cloned for each hook.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) races: Arc<Races>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) refusals: Arc<Refusals>,
    pub(crate) sessions: Arc<Sessions>,
    /// Anybody may ride as anybody.
    pub(crate) open: bool,
}

#[expect(elided_lifetimes_in_paths, reason = "the trait leaves it out, and its macro counts lifetimes")]
#[async_trait]
impl Handler for Gate {
    async fn hook(&self, parameter: &Parameter, before: Option<HookResult>) -> ReturnType {
        let result = match parameter {
            Parameter::ClientAuthenticate(connect) => {
                let mut verdict = self.authenticate(connect);
                if matches!(verdict, AuthResult::Allow(..)) && self.sessions.is_anothers(connect.id()).await {
                    metrics::turned_away("client-id");
                    verdict = AuthResult::NotAuthorized;
                }
                HookResult::AuthResult(verdict)
            }
            Parameter::ClientSubscribeCheckAcl(_, subscribe) => {
                HookResult::SubscribeAclResult(subscribe_acl(subscribe))
            }
            Parameter::MessagePublishCheckAcl(session, publish) => {
                HookResult::PublishAclResult(self.publish(session, publish))
            }
            _ => return (true, before),
        };
        (false, Some(result))
    }
}

/// The broker's sessions, once it runs.
#[derive(Default)]
pub(crate) struct Sessions(RwLock<Option<ServerContext>>);

impl Sessions {
    /// Sets the broker, or forgets it: it owns its hooks, so who keeps it here keeps both for ever.
    pub(super) fn set(&self, context: Option<ServerContext>) {
        *self.0.write().expect("no holder of this lock panics") = context;
    }

    /// Whether somebody else has a session of this client id: MQTT would end it in favour of the newer one.
    async fn is_anothers(&self, id: &Id) -> bool {
        let context = self.0.read().expect("no holder of this lock panics").clone();
        let Some(context) = context else { return false };
        let session = context.extends.shared().await.entry(id.clone()).session();
        session.is_some_and(|session| session.id.username_ref() != id.username_ref())
    }
}

impl Gate {
    /// Without a user name: a reader. With one: the racer, if the password is the racer's token.
    fn authenticate(&self, connect: &ConnectInfo) -> AuthResult {
        // The broker would publish a will past the rules for publishing.
        if connect.last_will().is_some() {
            metrics::turned_away("will");
            return AuthResult::NotAuthorized;
        }
        let Some(username) = connect.username() else { return AuthResult::Allow(false, None) };
        if self.open {
            return AuthResult::Allow(false, None);
        }
        let token = connect.password().map(AsRef::as_ref).unwrap_or_default();
        let racer = username.parse::<RacerId>();
        if racer.is_ok_and(|racer| self.identity.verify(racer, token, time::now())) {
            AuthResult::Allow(false, None)
        } else {
            metrics::turned_away("credentials");
            AuthResult::BadUsernameOrPassword
        }
    }

    fn publish(&self, session: &Session, publish: &Publish) -> PublishAclResult {
        if !self.journal.has_room() {
            // Not acknowledged: the connection ends, and the message is sent again on the next one.
            metrics::turned_away("journal-full");
            return PublishAclResult::rejected(true, None);
        }
        let now = time::now();
        let outcome = self.take(session, publish, now);
        metrics::message(&outcome);
        match outcome {
            Ok(_) => PublishAclResult::allow(),
            Err(refusal) => {
                self.refusals.note(&session.id.client_id, &refusal, now);
                PublishAclResult::rejected(false, None)
            }
        }
    }

    /// The topic's racer is trusted, for only its owner may publish there; the payload's is compared.
    fn take(&self, session: &Session, publish: &Publish, now: Millis) -> Result<Taken, Refusal> {
        let owner = session.id.username_ref().parse::<RacerId>().ok();
        let racer = match publish.topic.parse() {
            Ok(Topic::Publish(Some(racer))) if self.open || owner == Some(racer) => Some(racer),
            Ok(Topic::Publish(None)) if self.open => None,
            _ => return Err(Refusal::WrongTopic),
        };
        if publish.retain {
            return Err(Refusal::WrongTopic);
        }
        let mut message = RaceMessage::parse(&publish.payload)?;
        match racer {
            Some(topic) if topic != message.racer_id => {
                return Err(Refusal::ForeignRacer { topic, payload: message.racer_id });
            }
            _ => {}
        }
        match self.identity.seen(message.racer_id, now) {
            Some(name) => message.name = name,
            None if self.open => {}
            // The connection has outlived the seat.
            None => return Err(Refusal::NotJoined(message.racer_id)),
        }
        self.races.take(&message, now)
    }
}

/// Boards are for everybody; what riders send is for the hub alone.
fn subscribe_acl(subscribe: &Subscribe) -> SubscribeAclResult {
    let filter: &str = &subscribe.topic_filter;
    if filter.strip_prefix(SUBSCRIBE_ROOT).is_some_and(|rest| rest.starts_with('/')) {
        SubscribeAclResult::new_success(subscribe.opts.qos(), None)
    } else {
        metrics::turned_away("subscription");
        SubscribeAclResult::new_failure(SubscribeAckReason::NotAuthorized)
    }
}
