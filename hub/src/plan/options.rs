//! What may be asked.

use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use alleycat_shared::ClassId;
use alleycat_shared::race::DEFAULT_RACE_SECONDS;
use alleycat_stream::plan::{Boards, Ingest, Load, LoadError, Payload, PriceError, Reading, Ticks};
use clap::{Args, ValueEnum};
use serde::Serialize;
use thiserror::Error;

use super::keys::Strategy;

/// What may be asked of the planner.
#[derive(Clone, Debug, Args)]
#[command(args_override_self = true)]
pub struct PlanOptions {
    /// A TOML file with these options by their names, for example `riders = 1000`.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// How many riders send.
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub riders: u32,

    /// The classes they are in, each with its part of the riders: `1` or `1:3,2:1`.
    #[arg(long, value_name = "CLASS[:PART]", value_delimiter = ',', default_value = "1")]
    pub classes: Vec<ClassShare>,

    /// The bytes of a message, or several sizes, each with its part of the messages: `170` or `170:9,4096:1`.
    #[arg(long, value_name = "BYTES[:PART]", value_delimiter = ',', default_value = "170")]
    pub payload: Vec<Size>,

    /// How many seconds a message holds: 1 sends each second, 5 holds back for five and sends them together.
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub buffer: u16,

    /// When riders send: each at a moment of its own, or all at the same tick.
    #[arg(long, value_enum, default_value_t = TicksChoice::Spread)]
    pub ticks: TicksChoice,

    /// By how many milliseconds a message comes late, at most.
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub jitter: u32,

    /// The partition key: random, time, racer, class, race, or a template as in a rule, for example
    /// '${raceId}-${classId}'.
    #[arg(long, value_name = "STRATEGY", default_value = "racer")]
    pub keys: Strategy,

    /// For a template of which the planner can't know what it says: how many different keys it gives. Riders are
    /// spread over them.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub distinct: Option<u32>,

    /// How many shards the stream has; unless given, as many as are needed.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub shards: Option<u32>,

    /// What of the shards is to stay free, in per cent.
    #[arg(long, value_name = "PERCENT", default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=90))]
    pub headroom: u8,

    /// The largest record that the stream takes, key included.
    #[arg(long, value_name = "BYTES", default_value_t = Load::default().record_limit_bytes)]
    pub record_limit: u32,

    /// How messages get into the stream: by a rule of AWS IoT Core, by the rule's own topic (Basic Ingest), or
    /// put by a hub or a simulator.
    #[arg(long, value_enum, default_value_t = IngestChoice::Rule)]
    pub ingest: IngestChoice,

    /// How long a sink that puts waits for more records.
    #[arg(long, value_name = "MS", default_value_t = Load::default().linger_ms, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub linger: u32,

    /// How long a record takes into the stream. Measure it for your region.
    #[arg(long, value_name = "MS", default_value_t = Load::default().put_ms, value_parser = clap::value_parser!(u32).range(0..=60_000))]
    pub put_time: u32,

    /// How many consumers read all of the stream.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub consumers: u32,

    /// Consumers have enhanced fan-out.
    #[arg(long)]
    pub fan_out: bool,

    /// How long the stream keeps records.
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u32).range(24..=8_760))]
    pub retention: u32,

    /// Length of a race.
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_RACE_SECONDS, value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub race_seconds: u16,

    /// How many hours of a month are raced; 730 is always. The stream is there all the time.
    #[arg(long, value_name = "HOURS", default_value_t = Load::default().hours_per_month)]
    pub hours: f64,

    /// The price list, without which no cost is worked out; deploy/aws/prices.example.toml shows what it holds.
    #[arg(long, value_name = "FILE", env = "ALLEYCAT_HUB_PRICES")]
    pub prices: Option<PathBuf>,

    /// Another number, another draw of moments, delays and random keys.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// How to tell: as text, as JSON, or as one page with pictures.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,

    /// Where to write it, instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// How to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// To be read in a terminal.
    Text,
    /// For programs; units are in the names.
    Json,
    /// One page with pictures, which loads nothing.
    Html,
}

/// When riders send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TicksChoice {
    /// Each at a moment of its own.
    Spread,
    /// All at the same one.
    Together,
}

/// How messages get into the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum IngestChoice {
    /// A topic of AWS IoT Core and a rule.
    Rule,
    /// A rule's own topic.
    Basic,
    /// `PutRecords`.
    Put,
}

/// A class and its part of the riders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ClassShare {
    /// The class.
    pub class: ClassId,
    /// Against the parts of others.
    pub part: u32,
}

/// A size of messages and its part of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    bytes: u32,
    part: u32,
}

/// What can't be planned.
#[derive(Debug, Error)]
pub enum PlanError {
    /// A load that can't be carried.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A message too large for the way.
    #[error(
        "a message of {0} bytes is over what AWS IoT Core takes, {1}: buffer fewer seconds, or --ingest put"
    )]
    Message(u64, usize),
    /// A template that asks for what race messages have not.
    #[error(
        "the planner can't know what `{0}` says: give --distinct with the number of different keys that it makes"
    )]
    Template(String),
    /// A price list that can't be read.
    #[error("the price list {0} can't be read: {1}")]
    Read(PathBuf, #[source] io::Error),
    /// A price list that is none.
    #[error("the price list {0} is of no use: {1}")]
    Prices(PathBuf, #[source] PriceError),
    /// Nothing could be written.
    #[error("{0} can't be written: {1}")]
    Write(PathBuf, #[source] io::Error),
    /// The report is no JSON.
    #[error("the report can't be written as JSON: {0}")]
    Json(#[source] serde_json::Error),
}

/// Messages that a rider gets in a second: the class's board and the own view.
const BOARDS_PER_RIDER: f64 = 2.0;
/// The moment from which races are played through, so that the same question has the same answer on any day.
const FROM_MS: u64 = 1_800_000_000_000;

impl PlanOptions {
    /// The load that is asked about, checked.
    pub(crate) fn load(&self) -> Result<Load, PlanError> {
        let parts: u32 = self.payload.iter().fold(0, |sum, size| sum.saturating_add(size.part));
        let share = |size: &Size| f64::from(size.part) / f64::from(parts.max(1));
        #[expect(clippy::cast_precision_loss, reason = "a handful of classes")]
        let classes = self.classes.len() as f64;
        let load = Load {
            producers: self.riders,
            payloads: self
                .payload
                .iter()
                .map(|size| Payload { bytes: size.bytes, share: share(size) })
                .collect(),
            buffer_seconds: self.buffer,
            ticks: match self.ticks {
                TicksChoice::Spread => Ticks::Spread,
                TicksChoice::Together => Ticks::Together,
            },
            jitter_ms: self.jitter,
            ingest: match self.ingest {
                IngestChoice::Rule => Ingest::Rule,
                IngestChoice::Basic => Ingest::BasicIngest,
                IngestChoice::Put => Ingest::Put,
            },
            linger_ms: self.linger,
            put_ms: self.put_time,
            shards: self.shards,
            headroom: f64::from(self.headroom) / 100.0,
            record_limit_bytes: self.record_limit,
            consumers: self.consumers,
            reading: if self.fan_out { Reading::FanOut } else { Reading::Shared },
            retention_hours: self.retention,
            window_seconds: self.race_seconds,
            boards: Boards {
                published_per_second: classes + f64::from(self.riders),
                delivered_per_producer_second: BOARDS_PER_RIDER,
            },
            hours_per_month: self.hours,
            from_ms: FROM_MS,
            seed: self.seed,
        };
        load.check()?;
        let largest = self.payload.iter().map(|size| size.bytes).max().unwrap_or(0);
        let message = u64::from(largest) * u64::from(self.buffer);
        let limit = alleycat_mqtt::Limits::AWS_IOT_CORE.payload;
        let fits = usize::try_from(message).is_ok_and(|message| message <= limit);
        if load.ingest == Ingest::Put || fits { Ok(load) } else { Err(PlanError::Message(message, limit)) }
    }
}

impl FromStr for ClassShare {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (class, part) = parted(text)?;
        let class = class.parse().map_err(|error| format!("{error}"))?;
        Ok(Self { class, part })
    }
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (bytes, part) = parted(text)?;
        let bytes = bytes.parse().map_err(|_| format!("`{bytes}` is no number of bytes"))?;
        Ok(Self { bytes, part })
    }
}

/// What stands before a colon, and the part behind it; 1 if there is none.
fn parted(text: &str) -> Result<(&str, u32), String> {
    let Some((what, part)) = text.split_once(':') else { return Ok((text, 1)) };
    match part.parse() {
        Ok(part) if part > 0 => Ok((what, part)),
        _ => Err(format!("the part `{part}` is no whole number from 1")),
    }
}
