//! What the session does with each packet from the broker.

use super::inbox::Arrival;
use super::liveness::{Liveness, Patience};
use super::{Event, Reason, Session, State};
use crate::Millis;
use crate::adapter::{self, Ack, Packet, Violation};
use crate::flow::Credit;
use crate::ids::PacketId;

impl Session {
    pub(super) fn handle(&mut self, now: Millis, packet: Packet) -> Result<(), Violation> {
        match (&self.state, packet) {
            (State::Connecting { connect_sent: true, .. }, Packet::ConnAck { session_present, refusal }) => {
                match refusal {
                    None => self.connected(now, session_present),
                    Some(refusal) => self.fail(now, Reason::Refused(refusal)),
                }
                Ok(())
            }
            (State::Connected { .. }, packet) => self.handle_connected(packet),
            (_, packet) => Err(Violation::OutOfOrder(packet.packet_type())),
        }
    }

    fn handle_connected(&mut self, packet: Packet) -> Result<(), Violation> {
        match packet {
            // A second CONNACK.
            Packet::ConnAck { .. } => return Err(Violation::OutOfOrder(packet.packet_type())),
            Packet::Publish { topic, payload, qos, retain, dup, id } => match self.inbox.arrived(qos, id) {
                Arrival::New(receipt) => {
                    self.events.push_back(Event::Message { topic, payload, qos, retain, dup, receipt });
                }
                Arrival::Known => self.acknowledge(),
            },
            Packet::Ack(Ack::Release, id) => {
                self.inbox.released(id);
                self.write(|out| adapter::write_ack(Ack::Complete, id, out));
            }
            Packet::Ack(ack, id) => self.answered(ack, id)?,
            Packet::SubAck(id, granted) => {
                for (filter, granted) in self.subscriptions.suback(id, &granted)? {
                    self.events.push_back(match granted {
                        Some(qos) => Event::Subscribed { filter, qos },
                        None => Event::SubscribeFailed { filter },
                    });
                }
                self.ids.release(id);
            }
            Packet::UnsubAck(id) => {
                self.subscriptions.unsuback(id)?;
                self.ids.release(id);
            }
            Packet::PingResp => {
                if let State::Connected { credit, .. } = &mut self.state {
                    credit.answered();
                }
            }
        }
        Ok(())
    }

    /// PUBACK, PUBREC or PUBCOMP.
    fn answered(&mut self, ack: Ack, id: PacketId) -> Result<(), Violation> {
        if let Some(ticket) = self.outbox.answered(ack, id)? {
            self.ids.release(id);
            self.events.push_back(Event::Acknowledged { ticket });
        }
        if ack == Ack::Received {
            // [MQTT-4.3.3-1]; also for one that we don't know, or the broker would wait for it for ever.
            self.write(|out| adapter::write_ack(Ack::Release, id, out));
            self.ask();
        }
        Ok(())
    }

    /// The one place where a session is taken up again or found lost.
    fn connected(&mut self, now: Millis, session_present: bool) {
        // A broker that still knows what it was told to forget is not believed [MQTT-3.2.2-1].
        let session_present = session_present && !self.options.clean_session;
        for id in self.subscriptions.reconnected(session_present) {
            self.ids.release(id);
        }
        if !session_present {
            self.ids.clear();
        }
        self.outbox.rewind(session_present);
        self.inbox.reconnected(session_present);
        let liveness = Liveness::new(now, Patience::of(&self.options));
        let credit = Credit::new(self.options.unproven_bytes);
        self.state = State::Connected { since: now, liveness, credit };
        self.events.push_back(Event::Connected { session_present });
        self.flush();
    }
}
