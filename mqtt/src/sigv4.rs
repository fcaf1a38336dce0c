//! Addresses for AWS IoT Core, signed by Signature Version 4 in the query.
//!
//! A signed address is good for minutes: sign right before every attempt, from an endpoint provider. What
//! is secret in a page its user can read: a page asks a server of yours for the address, and signs by
//! itself only with temporary keys that it was given for this.
//!
//! General signers of Signature Version 4 do not fit: IoT Core wants the session token appended *after*
//! signing, and no lifetime in the query.
//!
//! Sources: AWS IoT Core Developer Guide, "Device communication protocols: MQTT over the WebSocket
//! protocol"; AWS General Reference, "Signature Version 4 signing process".

use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

/// Who signs.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: String,
    /// The session token of temporary keys.
    pub session_token: Option<String>,
}

/// Where the broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The account's endpoint, such as `abc-ats.iot.eu-west-1.amazonaws.com`.
    pub host: &'a str,
    /// 443, but for tests.
    pub port: u16,
    /// The region's name, such as `eu-west-1`.
    pub region: &'a str,
}

impl std::fmt::Debug for Credentials {
    /// Without the secrets: this ends up in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// A `wss://` address that IoT Core takes for a few minutes from `epoch_seconds` on.
///
/// ```
/// use alleycat_mqtt::sigv4::{Credentials, Target, presign};
///
/// let credentials = Credentials {
///     access_key_id: "AKIDEXAMPLE".into(),
///     secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
///     session_token: None,
/// };
/// let host = "example-ats.iot.us-east-1.amazonaws.com";
/// let url = presign(&credentials, Target { host, port: 443, region: "us-east-1" }, 1_767_323_045);
/// assert!(url.starts_with("wss://example-ats.iot.us-east-1.amazonaws.com/mqtt?X-Amz-Algorithm="));
/// ```
pub fn presign(credentials: &Credentials, target: Target<'_>, epoch_seconds: u64) -> String {
    let Target { port, region, .. } = target;
    let host = target.host.to_ascii_lowercase();
    let host = if port == 443 { host } else { format!("{host}:{port}") };
    let (day, time) = timestamp(epoch_seconds);
    let scope = format!("{day}/{region}/{SERVICE}/aws4_request");
    let credential = encode(&format!("{}/{scope}", credentials.access_key_id));
    let query = format!(
        "X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={time}&X-Amz-SignedHeaders=host"
    );
    let request = format!("GET\n{PATH}\n{query}\nhost:{host}\n\nhost\n{}", hex(&Sha256::digest(b"")));
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(request)));
    let key = signing_key(&credentials.secret_access_key, &day, region);
    let signature = hex(&hmac(&key, &to_sign));
    let mut url = format!("wss://{host}{PATH}?{query}&X-Amz-Signature={signature}");
    if let Some(token) = &credentials.session_token {
        url.push_str("&X-Amz-Security-Token=");
        url.push_str(&encode(token));
    }
    url
}

fn signing_key(secret: &str, day: &str, region: &str) -> [u8; 32] {
    let first = hmac(format!("AWS4{secret}").as_bytes(), day);
    [region, SERVICE, "aws4_request"].iter().fold(first, |key, part| hmac(&key, part))
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// The day, and the moment, as the signature has them.
fn timestamp(epoch_seconds: u64) -> (String, String) {
    let seconds = i64::try_from(epoch_seconds).unwrap_or(i64::MAX);
    let at = OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let day = format!("{:04}{:02}{:02}", at.year(), u8::from(at.month()), at.day());
    let time = format!("{day}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second());
    (day, time)
}

fn encode(text: &str) -> String {
    percent_encode(text.as_bytes(), RESERVED).to_string()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const SERVICE: &str = "iotdevicegateway";
const PATH: &str = "/mqtt";
/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-01-02 03:04:05 UTC.
    const AT: u64 = 1_767_323_045;

    /// Two vectors on which independent implementations agree; the keys are AWS's examples.
    #[test]
    fn the_signature_is_that_of_other_implementations() {
        let secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned();
        let plain =
            Credentials { access_key_id: "AKIDEXAMPLE".into(), secret_access_key, session_token: None };
        let host = "example-ats.iot.us-east-1.amazonaws.com";
        assert_eq!(
            presign(&plain, Target { host, port: 443, region: "us-east-1" }, AT),
            "wss://example-ats.iot.us-east-1.amazonaws.com/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=AKIDEXAMPLE%2F20260102%2Fus-east-1%2Fiotdevicegateway%2Faws4_request\
             &X-Amz-Date=20260102T030405Z&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=5abd14d77a40e050d6d2a4b10b2fabb1894179ab6116a419aa80605166e41245"
        );
        let token = "FwoGZXIvYXdzEXAMPLE//token+with/slash==and=pad".to_owned();
        let temporary =
            Credentials { access_key_id: "ASIAEXAMPLE".into(), session_token: Some(token), ..plain };
        let host = "Example-ats.iot.eu-west-1.amazonaws.com";
        assert_eq!(
            presign(&temporary, Target { host, port: 443, region: "eu-west-1" }, AT),
            "wss://example-ats.iot.eu-west-1.amazonaws.com/mqtt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
             &X-Amz-Credential=ASIAEXAMPLE%2F20260102%2Feu-west-1%2Fiotdevicegateway%2Faws4_request\
             &X-Amz-Date=20260102T030405Z&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=452ad83adec0c5fb74150e9477960cbb4810a4820757859d4f4b3d5625370705\
             &X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE%2F%2Ftoken%2Bwith%2Fslash%3D%3Dand%3Dpad"
        );
    }

    #[test]
    fn the_signing_key_is_that_of_other_implementations() {
        let key = signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20260102", "us-east-1");
        assert_eq!(hex(&key), "e7989580c732e1fbdfe60bda51faf6eeee909421f90541d41f81702f9b694a9d");
    }

    #[test]
    fn another_port_is_kept_and_signed() {
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".into(),
            secret_access_key: "secret".into(),
            session_token: None,
        };
        let at = |port| presign(&credentials, Target { host: "localhost", port, region: "r" }, AT);
        let signature = |url: &str| url.split("Signature=").nth(1).map(str::to_owned);
        assert!(at(8_443).starts_with("wss://localhost:8443/mqtt?"));
        assert_ne!(signature(&at(8_443)), signature(&at(443)));
        assert!(!format!("{credentials:?}").contains("secret\""));
    }
}
