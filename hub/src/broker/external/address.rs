//! The option `--broker`.

use std::fmt;
use std::str::FromStr;

use alleycat_mqtt::{Endpoint, Login};
use axum::http::Uri;
use percent_encoding::percent_decode_str;
use thiserror::Error;

/// Which broker carries messages and boards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrokerChoice {
    /// The one in the hub.
    Embedded,
    /// One outside.
    External(BrokerAddress),
}

/// What an external broker does not stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum BrokerLimits {
    /// Nothing but what MQTT itself forbids.
    #[default]
    None,
    /// What AWS IoT Core allows by its default quotas: 100 publishes a second and connection, payloads of 128 KiB.
    AwsIotCore,
}

/// Where an external broker is, and as whom the hub goes there.
#[derive(Clone, PartialEq, Eq)]
pub struct BrokerAddress {
    url: String,
    login: Login,
}

/// Text that is no choice of a broker. It does not repeat the text, which may hold a password.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "a broker is `embedded`, or mqtt://, mqtts://, ws:// or wss:// with a host, for example \
     mqtts://alleycat-hub:password@broker.example:8883 (write @, : and / of a password as %40, %3A and %2F), or \
     aws-iot:// with an account's endpoint"
)]
pub struct NoBroker;

impl FromStr for BrokerChoice {
    type Err = NoBroker;

    fn from_str(text: &str) -> Result<Self, NoBroker> {
        if text == EMBEDDED { Ok(Self::Embedded) } else { text.parse().map(Self::External) }
    }
}

impl FromStr for BrokerAddress {
    type Err = NoBroker;

    fn from_str(text: &str) -> Result<Self, NoBroker> {
        let (scheme, rest) = text.split_once("://").ok_or(NoBroker)?;
        let end = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let url = format!("{scheme}://{host}{path}");
        let uri: Uri = url.parse().map_err(|_| NoBroker)?;
        let known = matches!(uri.scheme_str(), Some("mqtt" | "mqtts" | "ws" | "wss" | AWS_IOT));
        if !known || uri.host().is_none_or(str::is_empty) {
            return Err(NoBroker);
        }
        // AWS looks at the signature alone.
        if scheme == AWS_IOT && (user.is_some() || !path.is_empty() || host.contains(':')) {
            return Err(NoBroker);
        }
        let decoded = |text: &str| match percent_decode_str(text).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(NoBroker),
        };
        let login = match user.map(|user| user.split_once(':').unwrap_or((user, ""))) {
            None => Login::default(),
            Some(("", _)) => return Err(NoBroker),
            Some((name, "")) => Login { username: Some(decoded(name)?), password: None },
            Some((name, word)) => Login { username: Some(decoded(name)?), password: Some(decoded(word)?) },
        };
        Ok(Self { url, login })
    }
}

impl BrokerAddress {
    /// For the client.
    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint { url: self.url.clone(), login: Some(self.login.clone()) }
    }

    /// The endpoint of an AWS account, if it is one.
    pub(crate) fn aws_host(&self) -> Option<&str> {
        self.url.strip_prefix(AWS_IOT)?.strip_prefix("://")
    }

    /// Whether a page could use it: a WebSocket without credentials.
    pub(crate) fn is_for_pages(&self) -> bool {
        self.url.starts_with("ws") && self.login == Login::default()
    }
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

impl fmt::Debug for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// The scheme of an AWS account's endpoint, to which addresses are signed.
const AWS_IOT: &str = "aws-iot";
/// The choice that needs no other program.
pub(crate) const EMBEDDED: &str = "embedded";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_away_its_login_to_the_broker_alone() {
        let address: BrokerAddress = "mqtts://hub:p%40ss@broker:8883".parse().unwrap();
        let login = address.endpoint().login.unwrap();
        assert_eq!((login.username.as_deref(), login.password.as_deref()), (Some("hub"), Some("p@ss")));
        assert_eq!(format!("{address} {address:?}"), "mqtts://broker:8883 mqtts://broker:8883");
        assert!("wss://broker/mqtt".parse::<BrokerAddress>().unwrap().is_for_pages());
        let aws: BrokerAddress = "aws-iot://abc-ats.iot.eu-west-1.amazonaws.com".parse().unwrap();
        assert_eq!(aws.aws_host(), Some("abc-ats.iot.eu-west-1.amazonaws.com"));
        assert!(!aws.is_for_pages() && address.aws_host().is_none());
        assert!(!"wss://hub@broker/mqtt".parse::<BrokerAddress>().unwrap().is_for_pages());
    }

    #[test]
    fn what_is_no_broker_is_refused() {
        assert_eq!("embedded".parse(), Ok(BrokerChoice::Embedded));
        for text in [
            "",
            "broker",
            "http://broker",
            "mqtt://",
            "mqtt://:x@broker",
            "mqtt://a b",
            "mqtt://%ff@b",
            "aws-iot://x@a",
            "aws-iot://a/b",
        ] {
            assert_eq!(text.parse::<BrokerChoice>(), Err(NoBroker), "{text}");
        }
    }
}
