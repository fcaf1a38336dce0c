//! The broker's side of the wire, written from the standard and from nothing else: what a client may
//! send, read strictly, and what a broker says.
//!
//! Source: MQTT Version 3.1.1, OASIS Standard, 29 October 2014, chapters 2 and 3.

/// What a client said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// CONNECT.
    Connect(Connect),
    /// PUBLISH.
    Publish {
        /// DUP.
        dup: bool,
        /// 0 to 2.
        qos: u8,
        /// RETAIN.
        retain: bool,
        /// The topic.
        topic: String,
        /// 0 with QoS 0.
        id: u16,
        /// The payload.
        payload: Vec<u8>,
    },
    /// PUBACK (4), PUBREC (5), PUBREL (6) or PUBCOMP (7).
    Ack(u8, u16),
    /// SUBSCRIBE.
    Subscribe(u16, Vec<(String, u8)>),
    /// UNSUBSCRIBE.
    Unsubscribe(u16, Vec<String>),
    /// PINGREQ.
    Ping,
    /// DISCONNECT.
    Disconnect,
}

/// What CONNECT says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connect {
    /// The client id.
    pub client_id: String,
    /// Clean session.
    pub clean: bool,
    /// In seconds.
    pub keep_alive: u16,
    /// Topic, payload, QoS and retain of the will.
    pub will: Option<(String, Vec<u8>, u8, bool)>,
    /// User name.
    pub username: Option<String>,
    /// Password.
    pub password: Option<Vec<u8>>,
}

/// Takes the first whole frame from the front of a stream: its first byte and its body.
///
/// # Errors
/// For a remaining length that is malformed [MQTT-1.5.3, 2.2.3].
pub fn cut(stream: &mut Vec<u8>) -> Result<Option<(u8, Vec<u8>)>, String> {
    let mut length = 0;
    for at in 0..4 {
        let Some(byte) = stream.get(1 + at) else { return Ok(None) };
        length += usize::from(byte & 127) << (7 * at);
        if byte & 128 == 0 {
            let end = 2 + at + length;
            if stream.len() < end {
                return Ok(None);
            }
            let frame: Vec<u8> = stream.drain(..end).collect();
            return Ok(Some((frame[0], frame[2 + at..].to_vec())));
        }
    }
    Err("remaining length of five bytes".to_owned())
}

/// Reads a frame of a client.
///
/// # Errors
/// Which rule it breaks.
pub fn read(first: u8, body: &[u8]) -> Result<Said, String> {
    let mut fields = Fields(body);
    let flags = first & 15;
    let kind = first >> 4;
    let expected = if matches!(kind, 6 | 8 | 10) { 2 } else { 0 };
    if kind != 3 && flags != expected {
        return Err(format!("[MQTT-2.2.2-1] flags {flags:#x} in type {kind}"));
    }
    let said = match kind {
        1 => Said::Connect(connect(&mut fields)?),
        3 => {
            let (dup, qos, retain) = (flags & 8 != 0, flags >> 1 & 3, flags & 1 != 0);
            if qos == 3 || (qos == 0 && dup) {
                return Err(format!("[MQTT-3.3.1-2], [MQTT-3.3.1-4] flags {flags:#x} in PUBLISH"));
            }
            let topic = fields.text()?;
            if topic.is_empty() || topic.contains(['+', '#']) {
                return Err("[MQTT-3.3.2-2], [MQTT-4.7.3-1] topic".to_owned());
            }
            let id = if qos > 0 { fields.id()? } else { 0 };
            Said::Publish { dup, qos, retain, topic, id, payload: std::mem::take(&mut fields.0).to_vec() }
        }
        4..=7 => Said::Ack(kind, fields.id()?),
        8 => {
            let (id, mut filters) = (fields.id()?, Vec::new());
            while !fields.0.is_empty() {
                filters.push((fields.text()?, fields.byte()?));
            }
            if filters.is_empty() || filters.iter().any(|(filter, qos)| filter.is_empty() || *qos > 2) {
                return Err("[MQTT-3.8.3-3], [MQTT-3-8.3-4] SUBSCRIBE".to_owned());
            }
            Said::Subscribe(id, filters)
        }
        10 => {
            let (id, mut filters) = (fields.id()?, Vec::new());
            while !fields.0.is_empty() {
                filters.push(fields.text()?);
            }
            if filters.is_empty() || filters.iter().any(String::is_empty) {
                return Err("[MQTT-3.10.3-2] UNSUBSCRIBE".to_owned());
            }
            Said::Unsubscribe(id, filters)
        }
        12 => Said::Ping,
        14 => Said::Disconnect,
        other => return Err(format!("type {other} from a client")),
    };
    if fields.0.is_empty() { Ok(said) } else { Err(format!("{} bytes too many", fields.0.len())) }
}

fn connect(fields: &mut Fields<'_>) -> Result<Connect, String> {
    if fields.text()? != "MQTT" || fields.byte()? != 4 {
        return Err("[MQTT-3.1.2-1] protocol".to_owned());
    }
    let flags = fields.byte()?;
    let (will, qos, retain) = (flags & 4 != 0, flags >> 3 & 3, flags & 32 != 0);
    let (username, password) = (flags & 128 != 0, flags & 64 != 0);
    if flags & 1 != 0 || qos == 3 || (!will && (qos > 0 || retain)) || (password && !username) {
        return Err(format!("[MQTT-3.1.2-3], -11, -13 to -15, -22: flags {flags:#x}"));
    }
    let keep_alive = fields.number()?;
    let client_id = fields.text()?;
    let clean = flags & 2 != 0;
    if client_id.is_empty() && !clean {
        return Err("[MQTT-3.1.3-7] no client id and no clean session".to_owned());
    }
    let will = if will { Some((fields.text()?, fields.binary()?, qos, retain)) } else { None };
    let username = if username { Some(fields.text()?) } else { None };
    let password = if password { Some(fields.binary()?) } else { None };
    Ok(Connect { client_id, clean, keep_alive, will, username, password })
}

/// Any frame: its first byte and its body.
pub fn frame(first: u8, body: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (vec![first], body.len());
    loop {
        let low = u8::try_from(rest % 128).expect("below 128");
        rest /= 128;
        out.push(if rest > 0 { low | 128 } else { low });
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(body);
    out
}

/// PUBACK (4), PUBREC (5), PUBREL (6), PUBCOMP (7) or UNSUBACK (11).
pub fn ack(kind: u8, id: u16) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    vec![kind << 4 | if kind == 6 { 2 } else { 0 }, 2, high, low]
}

/// PUBLISH; the identifier is left out with QoS 0.
pub fn publish(flags: u8, topic: &[u8], id: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(topic.len()).expect("topics here are short");
    let mut body = length.to_be_bytes().to_vec();
    body.extend_from_slice(topic);
    if flags & 6 != 0 {
        body.extend_from_slice(&id.to_be_bytes());
    }
    body.extend_from_slice(payload);
    frame(0x30 | flags, &body)
}

/// SUBACK.
pub fn suback(id: u16, codes: &[u8]) -> Vec<u8> {
    frame(0x90, &[&id.to_be_bytes(), codes].concat())
}

struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("cut off")?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, String> {
        Ok(self.take(1)?[0])
    }

    fn number(&mut self) -> Result<u16, String> {
        let taken = self.take(2)?;
        Ok(u16::from_be_bytes([taken[0], taken[1]]))
    }

    fn id(&mut self) -> Result<u16, String> {
        match self.number()? {
            0 => Err("[MQTT-2.3.1-1] identifier 0".to_owned()),
            id => Ok(id),
        }
    }

    fn binary(&mut self) -> Result<Vec<u8>, String> {
        let length = self.number()?;
        Ok(self.take(usize::from(length))?.to_vec())
    }

    fn text(&mut self) -> Result<String, String> {
        let text = String::from_utf8(self.binary()?).map_err(|_| "[MQTT-1.5.3-1] UTF-8")?;
        if text.contains('\0') { Err("[MQTT-1.5.3-2] U+0000".to_owned()) } else { Ok(text) }
    }
}
