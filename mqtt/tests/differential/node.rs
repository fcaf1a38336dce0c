//! npm's mqtt-packet, in one long-lived process of Node.js.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use alleycat_mqtt::adapter::{Ack, Packet};
use alleycat_mqtt::{Bytes, PacketId};
use serde_json::Value;

use crate::peers::{Outcome, connack, granted, qos, with_id};
use crate::wire::{Connect, Said};

/// The process; it ends with this value.
pub struct Node {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

/// The variable that names the folder `node_modules` with mqtt-packet in it.
pub const MODULES: &str = "ALLEYCAT_NODE_MODULES";

impl Node {
    /// Starts it, if the environment says where its packages are.
    pub fn start() -> Option<Self> {
        let Some(modules) = std::env::var_os(MODULES) else {
            eprintln!("not compared with npm's mqtt-packet: {MODULES} is not set");
            return None;
        };
        assert!(
            Path::new(&modules).join("mqtt-packet").is_dir(),
            "no mqtt-packet in {MODULES}: copy package.json and package-lock.json of mqtt/tests/differential to a \
             folder, run `npm ci --ignore-scripts` there and set {MODULES} to its node_modules"
        );
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/differential/peer.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(modules)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is to be installed: apt-get install nodejs npm");
        let input = child.stdin.take().expect("it is piped");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Some(Self { child, input, output })
    }

    /// What it finds in each of these streams.
    pub fn read(&mut self, streams: &[Vec<u8>]) -> Vec<Value> {
        let Self { input, output, .. } = self;
        // Written from a thread of its own, or both sides might wait for each other to read.
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for stream in streams {
                    let hex: String = stream.iter().map(|byte| format!("{byte:02x}")).collect();
                    writeln!(input, "{hex}").expect("node reads");
                }
                input.flush().expect("node reads");
            });
            let mut line = String::new();
            let answers = streams.iter().map(|_| {
                line.clear();
                output.read_line(&mut line).expect("node answers");
                serde_json::from_str(&line).expect("node answers JSON")
            });
            answers.collect()
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Its answer in words that can be compared.
pub fn outcomes(answer: &Value) -> Vec<Outcome> {
    let packets = answer["packets"].as_array().expect("a list");
    let mut outcomes: Vec<_> = packets.iter().map(outcome).collect();
    outcomes.push(if answer["refused"] == true { Outcome::Refused(None) } else { Outcome::Wait });
    outcomes
}

fn outcome(packet: &Value) -> Outcome {
    let id = id(packet);
    match packet["cmd"].as_str().unwrap_or_default() {
        "connack" => match packet["returnCode"].as_u64() {
            Some(code) => connack(packet["sessionPresent"] == true, u8::try_from(code).expect("a byte")),
            None => Outcome::Other("CONNACK without a code".to_owned()),
        },
        "publish" => {
            let level = number(&packet["qos"]);
            if level > 0 && id == 0 {
                return Outcome::Other("identifier 0".to_owned());
            }
            Outcome::Packet(Packet::Publish {
                topic: text(&packet["topic"]),
                payload: Bytes::from(bytes(&packet["payload"])),
                qos: qos(level),
                retain: packet["retain"] == true,
                dup: packet["dup"] == true,
                id: PacketId::new(id),
            })
        }
        "puback" => with_id(id, |id| Packet::Ack(Ack::Publish, id)),
        "pubrec" => with_id(id, |id| Packet::Ack(Ack::Received, id)),
        "pubrel" => with_id(id, |id| Packet::Ack(Ack::Release, id)),
        "pubcomp" => with_id(id, |id| Packet::Ack(Ack::Complete, id)),
        "suback" => {
            let codes = packet["granted"].as_array().cloned().unwrap_or_default();
            with_id(id, |id| Packet::SubAck(id, codes.iter().map(|code| granted(number(code))).collect()))
        }
        "unsuback" => with_id(id, Packet::UnsubAck),
        "pingresp" => Outcome::Packet(Packet::PingResp),
        other => Outcome::Other(other.to_owned()),
    }
}

/// The one packet of a client in its answer.
pub fn said(answer: &Value) -> Option<Said> {
    let [packet] = &answer["packets"].as_array()?[..] else { return None };
    let id = id(packet);
    let list = |name: &str| packet[name].as_array().cloned().unwrap_or_default();
    Some(match packet["cmd"].as_str()? {
        "connect" => Said::Connect(Connect {
            client_id: text(&packet["clientId"]),
            clean: packet["clean"] == true,
            keep_alive: u16::try_from(packet["keepalive"].as_u64()?).ok()?,
            will: packet["will"].is_object().then(|| {
                let will = &packet["will"];
                (text(&will["topic"]), bytes(&will["payload"]), number(&will["qos"]), will["retain"] == true)
            }),
            username: packet["username"].is_string().then(|| text(&packet["username"])),
            password: packet["password"].is_string().then(|| bytes(&packet["password"])),
        }),
        "publish" => Said::Publish {
            dup: packet["dup"] == true,
            qos: number(&packet["qos"]),
            retain: packet["retain"] == true,
            topic: text(&packet["topic"]),
            id,
            payload: bytes(&packet["payload"]),
        },
        "puback" => Said::Ack(4, id),
        "pubrec" => Said::Ack(5, id),
        "pubrel" => Said::Ack(6, id),
        "pubcomp" => Said::Ack(7, id),
        "subscribe" => {
            let filters = list("subscriptions").into_iter();
            Said::Subscribe(id, filters.map(|entry| (text(&entry["topic"]), number(&entry["qos"]))).collect())
        }
        "unsubscribe" => Said::Unsubscribe(id, list("unsubscriptions").iter().map(text).collect()),
        "pingreq" => Said::Ping,
        "disconnect" => Said::Disconnect,
        _ => return None,
    })
}

fn id(packet: &Value) -> u16 {
    packet["messageId"].as_u64().map_or(0, |id| u16::try_from(id).expect("16 bits"))
}

fn number(value: &Value) -> u8 {
    value.as_u64().and_then(|number| u8::try_from(number).ok()).unwrap_or(u8::MAX)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn bytes(value: &Value) -> Vec<u8> {
    let hex = value.as_str().unwrap_or_default();
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal"))
        .collect()
}
