//! Where our reader and another's disagree, and why that is right. Anything not in the table fails.

use alleycat_mqtt::adapter::{Decoder, Packet, Violation};

use crate::peers::Outcome;

/// Whom ours is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The crate mqttrs.
    Mqttrs,
    /// The crate mqtt-protocol-core.
    ProtocolCore,
    /// The package mqtt-packet of npm.
    MqttPacket,
}

/// A reason to disagree.
pub struct Class {
    /// Who is lenient, and what decides.
    pub why: &'static str,
    /// Whom it is about.
    pub peers: &'static [Peer],
    /// Whether it explains a case: the first byte, what ours says, what theirs says.
    pub holds: fn(u8, &Outcome, &Outcome) -> bool,
}

use Outcome::{Other, Packet as Read, Panicked, Refused, Wait};
use Peer::{MqttPacket, Mqttrs, ProtocolCore};

/// Every reason. Each of them is met in every run, or the test fails: a dead one is to be taken out.
pub const CLASSES: [Class; 11] = [
    Class {
        why: "ours refuses as soon as the bytes show it, theirs waits for the end of the frame [MQTT-4.8.0-1]",
        peers: &[Mqttrs, ProtocolCore, MqttPacket],
        holds: |_, ours, theirs| matches!(ours, Refused(_)) && *theirs == Wait,
    },
    Class {
        why: "theirs refuses a CONNACK of code 6 and more; ours reads it as a refusal, for AWS IoT Core sends 7 (table 3.1)",
        peers: &[Mqttrs, ProtocolCore],
        holds: |_, ours, theirs| {
            matches!(ours, Read(Packet::ConnAck { refusal: Some(_), .. })) && matches!(theirs, Refused(_))
        },
    },
    Class {
        why: "theirs takes DUP with QoS 0 [MQTT-3.3.1-2]",
        peers: &[Mqttrs, ProtocolCore, MqttPacket],
        holds: |first, ours, theirs| {
            first >> 4 == 3 && is(ours, |v| matches!(v, Violation::Flags(_))) && took(theirs)
        },
    },
    Class {
        why: "their readers of bodies leave the flags to the connection around them [MQTT-2.2.2-2]",
        peers: &[ProtocolCore],
        holds: |first, ours, theirs| {
            first >> 4 != 3 && is(ours, |v| matches!(v, Violation::Flags(_))) && !waits(theirs)
        },
    },
    Class {
        why: "theirs takes a remaining length that is longer than needed; 3.1.1 defines one encoding (2.2.3), 5.0 forbids others [MQTT-1.5.5-1]",
        peers: &[Mqttrs, ProtocolCore, MqttPacket],
        holds: |_, ours, theirs| is(ours, |v| *v == Violation::RemainingLength) && !waits(theirs),
    },
    Class {
        why: "ours has a limit on the frame, theirs has none",
        peers: &[Mqttrs, ProtocolCore, MqttPacket],
        holds: |_, ours, theirs| is(ours, |v| matches!(v, Violation::TooLarge { .. })) && !waits(theirs),
    },
    Class {
        why: "theirs takes a body longer or shorter than its type has, reserved CONNACK bits, a session with a refusal, or no codes [MQTT-3.2.2-4], 3.4 to 3.13",
        peers: &[Mqttrs, ProtocolCore, MqttPacket],
        holds: |_, ours, theirs| is(ours, |v| matches!(v, Violation::Body(_))) && took(theirs),
    },
    Class {
        why: "theirs takes identifier 0 [MQTT-2.3.1-1]",
        peers: &[ProtocolCore, MqttPacket],
        holds: |_, ours, theirs| is(ours, |v| *v == Violation::ZeroId) && took(theirs),
    },
    Class {
        why: "theirs takes a topic that is empty or has a wildcard or NUL [MQTT-3.3.2-2], [MQTT-4.7.3-1], [MQTT-1.5.3-2]",
        peers: &[Mqttrs, ProtocolCore, MqttPacket],
        holds: |_, ours, theirs| is(ours, |v| *v == Violation::Topic) && took(theirs),
    },
    Class {
        why: "theirs reads for brokers too, or for MQTT 5: a type that no server of 3.1.1 sends",
        peers: &[Mqttrs, ProtocolCore, MqttPacket],
        holds: |_, ours, theirs| is(ours, |v| matches!(v, Violation::UnexpectedPacket(_))) && !waits(theirs),
    },
    Class {
        why: "theirs reads beyond the end of a body that is too short, and panics",
        peers: &[Mqttrs],
        holds: |_, ours, theirs| matches!(ours, Refused(_)) && *theirs == Panicked,
    },
];

/// What our decoder says of a stream, packet by packet.
pub fn ours(stream: &[u8], limit: usize) -> Vec<Outcome> {
    let mut decoder = Decoder::new(limit);
    decoder.push(stream);
    let mut outcomes = Vec::new();
    loop {
        match decoder.next() {
            Ok(Some(packet)) => outcomes.push(Read(packet)),
            Ok(None) => outcomes.push(Wait),
            Err(violation) => outcomes.push(Refused(Some(violation))),
        }
        if !matches!(outcomes.last(), Some(Read(_))) {
            return outcomes;
        }
    }
}

/// Compares what two readers say of a stream. Returns the class of the first disagreement, if there is one.
///
/// # Errors
/// The disagreement, if no class explains it.
pub fn compare(
    peer: Peer,
    stream: &[u8],
    ours: &[Outcome],
    theirs: &[Outcome],
) -> Result<Option<usize>, String> {
    let mut rest = stream;
    for (at, ours) in ours.iter().enumerate() {
        let first = rest.first().copied().unwrap_or_default();
        rest = crate::peers::frame(rest).map_or(&[], |(_, _, rest)| rest);
        let theirs = theirs.get(at).unwrap_or(&Wait);
        if ours == theirs || matches!((ours, theirs), (Refused(_), Refused(_))) {
            continue;
        }
        let class = CLASSES
            .iter()
            .position(|class| class.peers.contains(&peer) && (class.holds)(first, ours, theirs));
        let hex: String = stream.iter().map(|byte| format!("{byte:02x}")).collect();
        return class
            .map(Some)
            .ok_or_else(|| format!("{peer:?} on {hex}, packet {at}: ours {ours:?}, theirs {theirs:?}"));
    }
    Ok(None)
}

fn is(ours: &Outcome, violation: impl Fn(&Violation) -> bool) -> bool {
    matches!(ours, Refused(Some(found)) if violation(found))
}

fn took(theirs: &Outcome) -> bool {
    matches!(theirs, Read(_) | Other(_))
}

fn waits(theirs: &Outcome) -> bool {
    *theirs == Wait
}
