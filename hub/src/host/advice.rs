//! What each reason for a refusal means, and what a host does about it: one sentence each.

use serde::Serialize;
use utoipa::ToSchema;

/// The meaning of a reason, and what to do.
pub(crate) type Advice = (&'static str, &'static str);

/// What is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A rider's message.
    Message,
    /// A connection, a subscription or a request.
    Client,
}

/// What to say of a reason.
pub(crate) fn advice(kind: Kind, reason: &str) -> Advice {
    let sentences = match kind {
        Kind::Message => MESSAGES,
        Kind::Client => CLIENTS,
    };
    let found = sentences.iter().find(|(known, ..)| *known == reason);
    found.map_or(("Refused.", "See the hub's log."), |(_, meaning, action)| (meaning, action))
}

type Sentences = &'static [(&'static str, &'static str, &'static str)];

/// By `Refusal::reason`.
const MESSAGES: Sentences = &[
    (
        "too-large",
        "A message was far larger than a rider's.",
        "Not from our page: find the client in the log.",
    ),
    ("malformed", "A message was not JSON.", "Not from our page: find the client in the log."),
    (
        "wrong-fields",
        "A message lacked a field or had a wrong one.",
        "Update the client: old or foreign software.",
    ),
    ("racer-id", "A message named an impossible racer id.", "Ids are 0 to 40000: mend that client."),
    ("class-id", "A message named a class that does not exist.", "Classes are 1 to 6: mend that client."),
    ("second", "A message named an impossible second.", "Seconds count from 1: mend that client."),
    ("race-id", "A message named an impossible race.", "Mend that client: it does not use the hub's clock."),
    ("name", "A message carried a name that can't be one.", "Let that rider choose a shorter, plain name."),
    ("cadence", "A cadence was not from 0 to 250 rpm.", "Check that bike's sensor and its driver."),
    ("resistance", "A resistance was not from 0 to 100 %.", "Check that bike's sensor and its calibration."),
    (
        "foreign-racer",
        "Somebody sent for another racer.",
        "Let that rider leave and join again; if it goes on, it is no accident.",
    ),
    (
        "not-joined",
        "A rider's seat was freed or given away.",
        "Let that rider join again: a reload of the page does it.",
    ),
    (
        "wrong-topic",
        "Somebody published where riders may not.",
        "Not from our page: find the client in the log.",
    ),
    (
        "not-in-race",
        "A second was beyond the race's length.",
        "Reload that page: it knows another race length.",
    ),
    ("ahead-of-clock", "A second had not begun by the hub's clock.", "Reload that page: its clock is off."),
    (
        "too-late",
        "A second came after the race's grace.",
        "Check that tablet's network: it was away for long. It is kept, but not ranked.",
    ),
    (
        "deleted",
        "A second came of a race whose ride its rider has deleted.",
        "Nothing to do: the rider's next race counts again.",
    ),
    ("race-full", "The race holds as many riders as it may.", "Spread riders over more classes."),
];

/// By the name given to `metrics::turned_away`.
const CLIENTS: Sentences = &[
    (
        "full",
        "No more riders fit into this hub.",
        "Allow more open files: LimitNOFILE= in the unit file, or ulimit -n.",
    ),
    (
        "address-connections",
        "One address holds half of all connections.",
        "Behind a proxy: start with --client-rate 0. Else it is an attack or a broken client.",
    ),
    (
        "address-rate",
        "One address asks too often.",
        "Behind a proxy: start with --client-rate 0. Else it is an attack or a broken client.",
    ),
    (
        "flood",
        "A client sent too much for too long and was cut.",
        "Find it in the log; --client-rate sets the limit.",
    ),
    (
        "stalled",
        "A client took nothing in for 5 seconds.",
        "Check that tablet's network; its page comes back by itself.",
    ),
    (
        "slow-request",
        "A request began and did not come to its end.",
        "Check that tablet's network; many of them are an attack.",
    ),
    (
        "origin",
        "A page from elsewhere tried to connect.",
        "If it is yours, start the hub with --allow-origin; behind a proxy, let it pass on the Host header.",
    ),
    (
        "slow-reader",
        "A client reads more slowly than boards come, and misses some.",
        "Check that tablet's network; the next second's board makes up for it.",
    ),
    (
        "silent",
        "A connection fell silent and was ended.",
        "Check that tablet's network or battery; its page comes back by itself.",
    ),
    ("malformed", "A client sent something that is not MQTT.", "Not from our page: find it in the log."),
    ("protocol-level", "A client speaks another MQTT than 3.1.1.", "Set that client to MQTT 3.1.1."),
    (
        "no-connect",
        "A connection said nothing valid for 8 seconds.",
        "Nothing, unless they are many: a scanner or a broken client.",
    ),
    (
        "credentials",
        "A login without a valid token.",
        "Nothing: pages join again by themselves. If it goes on, reload that page.",
    ),
    (
        "client-id",
        "A client used the name of another one's connection.",
        "Reload that page; if it goes on, it is no accident.",
    ),
    (
        "will",
        "A client wanted to leave a last will.",
        "Not from our page: take the will out of that client's settings.",
    ),
    (
        "subscription",
        "A client wanted to read what it may not.",
        "Boards are under alleycat-subscribe/: mend that client.",
    ),
    (
        "broker-subscription",
        "The external broker refused one of the hub's subscriptions.",
        "Let the hub's user read alleycat-publish/# and alleycat-class/# in the broker's ACL, or leave --share out.",
    ),
    (
        "journal-full",
        "The disk could not be written for a quarter of an hour.",
        "Free room on the disk now: riders' pages keep their seconds meanwhile.",
    ),
    (
        "outbox-full",
        "The targets of rules have taken nothing for so long that no more messages fit in front of them.",
        "Look in the log which target it is, or let more wait with --outbox-mib.",
    ),
    (
        "broker-queue-full",
        "So much waits for the external broker that messages for other hubs do not fit.",
        "Nothing is lost, it is tried again: check the broker and the network to it.",
    ),
    ("no-websocket", "Somebody opened /mqtt in a browser.", "Nothing: it is for MQTT clients."),
    (
        "sub-protocol",
        "A client did not ask for the protocol mqtt.",
        "Set the WebSocket sub-protocol of that client to mqtt.",
    ),
    ("text-frame", "A client sent text in place of MQTT.", "Not from our page: mend that client."),
    (
        "websocket-error",
        "A WebSocket broke, or sent too much at once.",
        "Check that tablet's network; its page comes back by itself.",
    ),
    ("join-malformed", "A join had no valid racer id or name.", "Ids are 0 to 40000, names short and plain."),
    ("join-taken", "Somebody asked for an id that is in use.", "Another number, or free the seat below."),
    ("leave-token", "Somebody gave back a seat that was not theirs.", "Nothing: the seat stays."),
    (
        "pair-full",
        "Very many tablets show a code for a phone at once.",
        "Behind a proxy: start with --client-rate 0. Else it is an attack or a broken client.",
    ),
    (
        "pair-token",
        "A phone handed over a rider who was not its own.",
        "Let that rider load the phone's page again.",
    ),
    ("pair-used", "A code for a phone was used twice.", "Nothing: the first one counts."),
    (
        "pair-code",
        "A code for a phone had ended or was made up.",
        "Codes are good for three minutes: show a new one on the tablet.",
    ),
    (
        "ride-link",
        "A link to a ride had ended or was changed.",
        "Links are good for a quarter of an hour: make a new one.",
    ),
    (
        "ride-private",
        "Somebody asked for a ride without a link or a token.",
        "That is what --private-rides is for.",
    ),
    (
        "host-key",
        "Somebody showed a wrong host's key.",
        "If it was not you, change the key: host.key or --host-key, and a new start.",
    ),
    (
        "mqtt-url-token",
        "Somebody asked for an address without a valid token.",
        "Nothing: pages join again by themselves.",
    ),
    (
        "tls-handshake",
        "A connection did not shake hands.",
        "Tablets must trust the certificate; scanners are harmless.",
    ),
    (
        "tls-timeout",
        "A handshake took longer than 5 seconds.",
        "Check that tablet's network; scanners are harmless.",
    ),
    ("tls-missing", "Somebody spoke without TLS to a port with it.", "Use https:// and wss:// addresses."),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The text between two marks, wherever in a folder's sources they are.
    fn found(folder: &Path, before: &str, into: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                found(&path, before, into);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                into.extend(names(&text, before));
            }
        }
    }

    /// The names in a piece of source that stand between a mark and a quote.
    fn names(source: &str, before: &str) -> impl Iterator<Item = String> {
        source.split(before).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
    }

    fn check(sentences: Sentences, reasons: &BTreeSet<String>) {
        let known: BTreeSet<_> = sentences.iter().map(|(reason, ..)| (*reason).to_owned()).collect();
        assert_eq!(&known, reasons);
        assert_eq!(known.len(), sentences.len(), "none twice");
        for (reason, meaning, action) in sentences {
            assert!(meaning.ends_with('.') && action.ends_with('.'), "{reason}");
        }
    }

    #[test]
    fn every_reason_has_its_sentences_and_every_sentence_its_reason() {
        let message = include_str!("../../../shared/src/message/race.rs");
        let function = message.split("fn reason").nth(1).unwrap().split("\n    }").next().unwrap();
        check(MESSAGES, &names(function, "=> \"").collect());

        let mut reasons = BTreeSet::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        // In pieces, so that this line is not found itself.
        found(&sources, concat!("turned_away", "(\""), &mut reasons);
        // A choice between two.
        reasons.extend(names(include_str!("../broker/session.rs"), "=> (\""));
        for full in [crate::connections::Full::Hub, crate::connections::Full::Address] {
            reasons.insert(full.reason().to_owned());
        }
        check(CLIENTS, &reasons);
    }
}
