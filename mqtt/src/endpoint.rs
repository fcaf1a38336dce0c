//! Where to connect, and as whom: asked before every attempt, for a signed address is good for minutes and
//! a token for hours.

use thiserror::Error;

use crate::session::Login;

/// Where to connect, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoint {
    /// `ws://` or `wss://`; natively also `mqtt://` and `mqtts://`.
    pub url: String,
    /// Who connects, if not the login of the options.
    pub login: Option<Login>,
}

impl<T: Into<String>> From<T> for Endpoint {
    fn from(url: T) -> Self {
        Self { url: url.into(), login: None }
    }
}

/// Why there is no endpoint now. The attempt counts as failed and the next one asks again.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("no endpoint: {0}")]
pub struct EndpointError(pub String);
