//! What feeds the races.

use std::str::FromStr;

use clap::ValueEnum;

/// What feeds the races.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StreamChoice {
    /// What riders publish to this hub.
    #[default]
    None,
    /// A Kinesis stream of this name.
    Kinesis(String),
}

impl FromStr for StreamChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        match text.strip_prefix("kinesis:") {
            _ if text == NO_STREAM => Ok(Self::None),
            Some(name) if (1..=128).contains(&name.len()) && name.chars().all(is_name) => {
                Ok(Self::Kinesis(name.to_owned()))
            }
            _ => {
                Err("it is `none` or kinesis:NAME, and a name has 1 to 128 letters, digits and _ . -"
                    .to_owned())
            }
        }
    }
}

/// Where a stream is begun that was never read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum StreamFrom {
    /// With the oldest race that is not over yet: its grace may still run.
    #[default]
    Race,
    /// At the oldest record that the stream still has: all races of a day are worked out again.
    Oldest,
    /// At what comes from now on.
    Newest,
}

/// The stream that means: none.
pub(super) const NO_STREAM: &str = "none";
