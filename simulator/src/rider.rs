//! One simulated rider: joins, connects, sends a message each second, reads the boards.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use alleycat_mqtt::client::Client;
use alleycat_mqtt::{ConnectRefusal, Event as MqttEvent, Login, Options, Publish, Qos, Reason, Ticket};
use alleycat_shared::config::Auth;
use alleycat_shared::race::RaceClock;
use alleycat_shared::time::ClockOffset;
use alleycat_shared::topic::Topic;
use alleycat_shared::{ClassId, Millis, RaceId, RaceSecond, RacerId};
use tokio::sync::watch;
use tokio::time::Instant;
use uuid::Uuid;

use crate::hub::{Hub, own_time};
use crate::receipts::Receipts;
use crate::report::Counters;
use crate::ride::{Habits, Ride, Send};

/// What all riders of a run have in common.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) hub: Hub,
    pub(crate) target: String,
    pub(crate) auth: Auth,
    pub(crate) clock: RaceClock,
    pub(crate) offset: watch::Receiver<ClockOffset>,
    pub(crate) seed: u64,
    pub(crate) habits: Habits,
    pub(crate) first: RaceId,
    /// The race after the last one, or `None` to ride for ever.
    pub(crate) end: Option<RaceId>,
    pub(crate) counters: Counters,
    /// Where acknowledged seconds are written down, if somebody wants to know.
    pub(crate) receipts: Option<Receipts>,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Course {
    /// The hub's time now.
    pub(crate) fn now(&self) -> Millis {
        self.offset.borrow().hub_time(own_time())
    }
}

/// When a message was sent, and which second of which race it is.
type InFlight = HashMap<Ticket, (Instant, RaceId, RaceSecond)>;

pub(crate) struct Rider {
    pub(crate) racer_id: RacerId,
    pub(crate) class_id: ClassId,
    pub(crate) course: Arc<Course>,
    pub(crate) token: Option<String>,
    /// When in each second this rider sends, in ms: as the second begins, by a clock that is a little off.
    pub(crate) phase: Millis,
}

impl Rider {
    /// Rides until the course's last race is over or the run is stopped.
    pub(crate) async fn ride(mut self) {
        let mut client = self.client();
        let mut in_flight = InFlight::new();
        let mut stop = self.course.stop.clone();
        let mut race = self.race_now().max(self.course.first);
        let mut ride = self.in_race(race);
        // Of a race that runs already, the seconds that are still to come.
        let into = self.course.now().saturating_sub(self.course.clock.start(race));
        let mut place = ride.sends().partition_point(|send| send.at < into);
        loop {
            while place >= ride.sends().len() {
                race = self.course.clock.next(race);
                if self.course.end.is_some_and(|end| race >= end) {
                    break;
                }
                ride = self.in_race(race);
                place = 0;
            }
            let Some(send) = ride.sends().get(place).copied() else { break };
            let due = self.course.clock.start(race) + send.at;
            let wait = Duration::from_millis(due.saturating_sub(self.course.now()));
            tokio::select! {
                event = client.event() => self.heard(event, &mut client, &mut in_flight).await,
                () = tokio::time::sleep(wait) => {
                    // The clock may have been set back meanwhile.
                    if self.course.now() >= due {
                        self.send(&ride, send, &mut client, &mut in_flight);
                        place += 1;
                    }
                }
                () = async { _ = stop.wait_for(|stop| *stop).await } => break,
            }
        }
        let acknowledged = async {
            while client.queued() > 0 {
                let event = client.event().await;
                self.heard(event, &mut client, &mut in_flight).await;
            }
        };
        _ = tokio::time::timeout(LAST_WORDS, acknowledged).await;
        let lost = client.finish(Duration::ZERO).await as u64;
        self.course.counters.lost.fetch_add(lost, Ordering::Relaxed);
    }

    fn client(&self) -> Client {
        let id = format!("sim-{}-{}", self.racer_id, Uuid::new_v4().simple());
        let options = Options { login: self.login(), ..Options::new(id) };
        let seed = self.course.seed ^ u64::from(self.racer_id.get());
        let mut client =
            Client::new(self.course.target.as_str(), options, seed).expect("ids and tokens are plain text");
        for topic in [Topic::Board(self.class_id), Topic::Rider(self.class_id, self.racer_id)] {
            client.subscribe(&topic.to_string(), Qos::AtMostOnce).expect("our topics are valid filters");
        }
        client
    }

    async fn heard(&mut self, event: MqttEvent, client: &mut Client, in_flight: &mut InFlight) {
        let counters = &self.course.counters;
        match event {
            MqttEvent::Acknowledged { ticket } => {
                if let Some((sent, race, second)) = in_flight.remove(&ticket) {
                    counters.acknowledge(sent.elapsed());
                    if let Some(receipts) = &self.course.receipts {
                        receipts.note(race, self.racer_id, second, own_time());
                    }
                }
            }
            MqttEvent::Message { .. } => _ = counters.received.fetch_add(1, Ordering::Relaxed),
            MqttEvent::Disconnected { reason, .. } => {
                counters.disconnects.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(racer_id = %self.racer_id, %reason, "link down");
                if matches!(
                    reason,
                    Reason::Refused(ConnectRefusal::BadCredentials | ConnectRefusal::NotAuthorized)
                ) {
                    // The hub does not know the token any more: join again, and go on with the new one.
                    self.rejoin(client).await;
                }
            }
            MqttEvent::SubscribeFailed { filter } => tracing::warn!(filter, "subscription refused"),
            MqttEvent::Connected { .. } | MqttEvent::Subscribed { .. } | MqttEvent::Superseded { .. } => {}
        }
    }

    async fn rejoin(&mut self, client: &mut Client) {
        if self.course.auth == Auth::Open {
            return;
        }
        match self.course.hub.join(self.racer_id, self.token.take()).await {
            Ok(joined) => {
                self.token = Some(joined.token);
                client.set_login(self.login()).expect("tokens are plain text");
            }
            Err(error) => {
                self.course.counters.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(racer_id = %self.racer_id, %error, "could not join again");
            }
        }
    }

    fn login(&self) -> Login {
        Login {
            username: self.token.as_ref().map(|_| self.racer_id.to_string()),
            password: self.token.clone(),
        }
    }

    fn send(&self, ride: &Ride, send: Send, client: &mut Client, in_flight: &mut InFlight) {
        let counters = &self.course.counters;
        let message = ride.message(send.second);
        let topic = Topic::Publish(Some(self.racer_id)).to_string();
        match client.publish(Publish::new(topic, message.to_json(), Qos::AtLeastOnce)) {
            Ok(ticket) => {
                counters.sent.fetch_add(1, Ordering::Relaxed);
                counters.duplicates.fetch_add(u64::from(send.again), Ordering::Relaxed);
                in_flight.insert(ticket, (Instant::now(), message.race_id, send.second));
            }
            Err(error) => {
                counters.refused.fetch_add(1, Ordering::Relaxed);
                tracing::warn!(racer_id = %self.racer_id, %error, "message not queued");
            }
        }
    }

    fn race_now(&self) -> RaceId {
        self.course.clock.at(self.course.now()).race_id
    }

    fn in_race(&self, race: RaceId) -> Ride {
        let Course { clock, seed, habits, .. } = &*self.course;
        Ride::new(*clock, race, self.class_id, self.racer_id, self.phase, *seed, habits)
    }
}

/// How long a rider waits for the last acknowledgements.
const LAST_WORDS: Duration = Duration::from_secs(10);
