//! The command line, and what it must be to make sense.

use std::path::PathBuf;
use std::str::FromStr;

use alleycat_rules::PartitionKey;
use alleycat_shared::race::DEFAULT_RACE_SECONDS;
use alleycat_shared::{ClassId, RaceId, RacerId};
use clap::{Parser, ValueEnum};
use thiserror::Error;
use url::Url;

use crate::ride::{Habits, Pattern};

/// Rides for up to 40,000: joins, races and acknowledges like a page, one MQTT session a rider; or puts the
/// riders' messages straight into a stream.
///
/// Riders take consecutive racer ids; how strong a rider is depends on the id alone, how the day goes on
/// the id, the race and --seed. The same seed sends the same messages, to a broker or into a stream.
#[derive(Clone, Debug, Parser)]
#[command(name = "alleycat-sim", version, after_help = EXAMPLES, args_override_self = true)]
pub struct Config {
    /// How many riders.
    #[arg(long, default_value_t = 10, env = "ALLEYCAT_SIM_RIDERS", value_parser = clap::value_parser!(u32).range(1..=40_000))]
    pub riders: u32,

    /// Classes to ride in, spread evenly.
    #[arg(long, value_delimiter = ',', default_value = "1", env = "ALLEYCAT_SIM_CLASSES")]
    pub classes: Vec<ClassId>,

    /// The broker's WebSocket address, where the hub's API is expected on the same host; or kinesis:NAME for a
    /// stream.
    #[arg(long, default_value = "ws://127.0.0.1:8080/mqtt", env = "ALLEYCAT_SIM_TARGET")]
    pub target: Target,

    /// The hub's address, if it is not the broker's.
    #[arg(long, env = "ALLEYCAT_SIM_HUB")]
    pub hub: Option<Url>,

    /// The first rider's racer id.
    #[arg(long, default_value = "101", env = "ALLEYCAT_SIM_FIRST_ID")]
    pub first_id: RacerId,

    /// How many races to ride, the running one included; 0 is for ever.
    #[arg(long, default_value_t = 1, env = "ALLEYCAT_SIM_RACES")]
    pub races: u64,

    /// Wait for the start of the next race instead of joining the running one.
    #[arg(long)]
    pub wait: bool,

    /// Any number; the same one gives the same rides in the same races.
    #[arg(long, default_value_t = 1, env = "ALLEYCAT_SIM_SEED")]
    pub seed: u64,

    /// A TOML file with these options by their names, for example `riders = 100`. What is given here on the
    /// command line comes before it, and so does the environment.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// The part of the riders, 0 to 1, who drop out: half of them for good, half for a while, who then send
    /// what they rode meanwhile.
    #[arg(long, value_name = "PART", default_value_t = 0.0, env = "ALLEYCAT_SIM_DROPOUTS", value_parser = part)]
    pub dropouts: f64,

    /// The part of the riders who join after the start.
    #[arg(long, value_name = "PART", default_value_t = 0.0, env = "ALLEYCAT_SIM_LATE", value_parser = part)]
    pub late: f64,

    /// The part of the messages that are sent twice.
    #[arg(long, value_name = "PART", default_value_t = 0.0, env = "ALLEYCAT_SIM_DUPLICATES", value_parser = part)]
    pub duplicates: f64,

    /// The part of the messages that are sent up to three seconds late, behind later ones.
    #[arg(long, value_name = "PART", default_value_t = 0.0, env = "ALLEYCAT_SIM_REORDER", value_parser = part)]
    pub reorder: f64,

    /// How riders send: each second, or buffered for five.
    #[arg(long, default_value = "each", env = "ALLEYCAT_SIM_PATTERN")]
    pub pattern: Pattern,

    /// How many processes share the riders; unless given, as many as their open files need.
    #[arg(long, value_name = "N", env = "ALLEYCAT_SIM_PROCESSES", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub processes: Option<u32>,

    /// Also write the closing report into this file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// At a broker: also append each acknowledged second to this file, a line of race id, racer id, second and
    /// when that was, so that somebody can ask the hub for it afterwards.
    #[arg(long, value_name = "FILE")]
    pub acknowledged: Option<PathBuf>,

    /// Into a stream: how many times faster than time a race that is over is put.
    #[arg(long, value_name = "TIMES", default_value_t = 1.0, env = "ALLEYCAT_SIM_SPEED", value_parser = speed)]
    pub speed: f64,

    /// Into a stream: which race is ridden first, `running`, `last` or its id. Unless given, the running one, and
    /// with --speed the last one: it still counts while its grace lasts.
    #[arg(long, value_name = "RACE", env = "ALLEYCAT_SIM_RACE")]
    pub race: Option<RaceChoice>,

    /// Into a stream: the length of a race. A broker's hub tells it.
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT_RACE_SECONDS, env = "ALLEYCAT_SIM_RACE_SECONDS", value_parser = clap::value_parser!(u16).range(1..=3_600))]
    pub race_seconds: u16,

    /// Into a stream: what makes a record's partition key: random, time, racer, class, race, or a template such
    /// as ${raceId}-${classId}.
    #[arg(long, value_name = "STRATEGY", default_value = "random", env = "ALLEYCAT_SIM_PARTITION_KEY")]
    pub partition_key: PartitionKey,

    /// Into a stream: keep the records of one partition key in order, or none.
    #[arg(long, default_value = "none", env = "ALLEYCAT_SIM_ORDER")]
    pub order: OrderChoice,

    /// Into a stream: the most records of one PutRecords.
    #[arg(long, value_name = "RECORDS", default_value_t = 500, env = "ALLEYCAT_SIM_BATCH", value_parser = clap::value_parser!(u16).range(1..=500))]
    pub batch: u16,

    /// Into a stream: how long a record waits for others.
    #[arg(long, value_name = "MS", default_value_t = 50, env = "ALLEYCAT_SIM_LINGER_MS", value_parser = clap::value_parser!(u16).range(..=60_000))]
    pub linger_ms: u16,

    /// Into a stream: the address of the Kinesis API, if it is not AWS's own.
    #[arg(long, value_name = "URL", env = "ALLEYCAT_SIM_KINESIS_ENDPOINT")]
    pub kinesis_endpoint: Option<String>,
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A broker, over WebSockets.
    Broker(Url),
    /// A Kinesis stream of this name.
    Kinesis(String),
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(stream) = text.strip_prefix("kinesis:") {
            return Ok(Self::Kinesis(stream.to_owned()));
        }
        let url: Url = text.parse().map_err(|error: url::ParseError| error.to_string())?;
        match url.scheme() {
            "ws" | "wss" => Ok(Self::Broker(url)),
            _ => Err("it is a ws:// or wss:// address, or kinesis:NAME".to_owned()),
        }
    }
}

/// Which race is ridden first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RaceChoice {
    /// The one that runs.
    Running,
    /// The one before.
    Last,
    /// This one.
    Id(RaceId),
}

impl FromStr for RaceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "running" => Ok(Self::Running),
            "last" => Ok(Self::Last),
            id => id.parse().map(Self::Id).map_err(|_| "it is `running`, `last` or a race id".to_owned()),
        }
    }
}

/// What of the order of records is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OrderChoice {
    /// That of each partition key.
    Key,
    /// None.
    None,
}

/// Options that make no sense together.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// Only a stream can be filled faster than time.
    #[error(
        "--{0} is for streams: a hub refuses seconds that are ahead of its clock. For quick races over MQTT run the hub \
         with --race-seconds 30"
    )]
    ForStreams(&'static str),
    /// There is no Kinesis in this program.
    #[error(
        "this simulator was built without Kinesis: build it with `cargo build --release -p alleycat-sim --features \
         kinesis`"
    )]
    NoKinesis,
}

fn part(text: &str) -> Result<f64, String> {
    let part = text.parse().map_err(|_| "it is a number from 0 to 1".to_owned())?;
    if (0.0..=1.0).contains(&part) { Ok(part) } else { Err("it is a number from 0 to 1".to_owned()) }
}

fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "it is a number".to_owned())?;
    let makes_sense = (0.01..=100_000.0).contains(&speed);
    if makes_sense { Ok(speed) } else { Err("it is between 0.01 and 100000".to_owned()) }
}

const EXAMPLES: &str = "Examples:
  alleycat-sim --riders 25                      25 riders in class 1 for the rest of this race
  alleycat-sim --riders 600 --classes 1,2,3,4,5,6 --races 0
                                                100 in each class, until Ctrl-C
  alleycat-sim --riders 50 --first-id 1000 --wait
                                                50 riders from the start of the next race
  alleycat-sim --riders 1000 --late 0.1 --dropouts 0.05 --duplicates 0.01 --reorder 0.05
                                                a field as it is on a bad day
  alleycat-sim --target kinesis:alleycat --riders 1000 --partition-key racer
                                                the rest of this race, straight into a stream
  alleycat-sim --target kinesis:alleycat --riders 1000 --speed 60
                                                the whole of the last race in five seconds";

impl Config {
    /// The hub's address: given, or the broker's host over HTTP.
    pub(crate) fn hub_url(&self, broker: &Url) -> Url {
        self.hub.clone().unwrap_or_else(|| {
            let scheme = if broker.scheme() == "wss" { "https" } else { "http" };
            let text = broker.as_str();
            let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
            let mut url = Url::parse(&format!("{scheme}:{rest}")).unwrap_or_else(|_| broker.clone());
            url.set_path("/");
            url.set_query(None);
            url
        })
    }

    /// Checks what the command line alone can't.
    ///
    /// # Errors
    /// [`ConfigError`] with one sentence on what is wrong.
    pub fn check(&self) -> Result<(), ConfigError> {
        match &self.target {
            Target::Broker(_) if (self.speed - 1.0).abs() > f64::EPSILON => {
                Err(ConfigError::ForStreams("speed"))
            }
            Target::Broker(_) if self.race.is_some() => Err(ConfigError::ForStreams("race")),
            Target::Kinesis(_) if !cfg!(feature = "kinesis") => Err(ConfigError::NoKinesis),
            _ => Ok(()),
        }
    }

    /// The class that a rider rides in, however the field is shared between processes.
    pub(crate) fn class_of(&self, racer: RacerId) -> ClassId {
        self.classes[racer.get() as usize % self.classes.len()]
    }

    /// What goes wrong on the way.
    pub(crate) fn habits(&self) -> Habits {
        let Self { dropouts, late, duplicates, reorder, pattern, .. } = *self;
        Habits { dropouts, late, duplicates, reorder, pattern }
    }

    /// Which race is ridden first.
    #[cfg(feature = "kinesis")]
    pub(crate) fn race_choice(&self) -> RaceChoice {
        let usual = if self.speed > 1.0 { RaceChoice::Last } else { RaceChoice::Running };
        self.race.unwrap_or(usual)
    }
}

#[cfg(feature = "kinesis")]
impl From<OrderChoice> for alleycat_stream::sink::Order {
    fn from(choice: OrderChoice) -> Self {
        match choice {
            OrderChoice::Key => Self::Key,
            OrderChoice::None => Self::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from([&["alleycat-sim"], args].concat())
    }

    #[test]
    fn a_file_of_options_is_read_or_refused_with_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sim.toml");
        alleycat_noise::read("simulator's options", &[OPTIONS], |bytes| {
            std::fs::write(&file, bytes).unwrap();
            let args = ["alleycat-sim".into(), "--config".into(), file.clone().into()];
            match alleycat_shared::program::parse::<Config>(args) {
                Ok(config) => config.check().is_ok() || !config.check().unwrap_err().to_string().is_empty(),
                Err(error) => {
                    assert!(!error.to_string().is_empty());
                    false
                }
            }
        });
    }

    /// One of each kind of value.
    const OPTIONS: &str = r#"
riders = 100
classes = [1, 2, 3]
target = "wss://races.example:8443/mqtt"
hub = "https://races.example:8443"
first-id = 101
wait = true
dropouts = 0.05
pattern = "buffered"
speed = 2
race = "last"
partition-key = "${raceId}-${classId}"
order = "key"
"#;

    #[test]
    fn of_two_the_later_one_counts() {
        let twice =
            parse(&["--riders", "10", "--first-id", "101", "--riders", "5", "--first-id", "106"]).unwrap();
        assert_eq!((twice.riders, twice.first_id.get()), (5, 106));
    }

    #[test]
    fn the_hub_is_the_brokers_host_unless_given() {
        let hub = |args| {
            let config = parse(args).unwrap();
            let Target::Broker(broker) = &config.target else { panic!("a broker") };
            config.hub_url(broker).to_string()
        };
        assert_eq!(hub(&[]), "http://127.0.0.1:8080/");
        assert_eq!(hub(&["--target", "wss://races.example:8443/mqtt?x=1"]), "https://races.example:8443/");
        assert_eq!(hub(&["--hub", "http://hub.example/"]), "http://hub.example/");
    }

    #[test]
    fn impossible_fields_are_refused_with_a_reason() {
        for (args, reason) in [
            (&["--riders", "0"][..], "1..=40000"),
            (&["--classes", "1,7"], "class id 7"),
            (&["--first-id", "40001"], "racer id 40001"),
            (&["--target", "not a url"], "relative URL"),
            (&["--target", "http://hub/"], "kinesis:NAME"),
            (&["--late", "1.5"], "from 0 to 1"),
            (&["--partition-key", "rider"], "random, time, racer"),
        ] {
            let text = parse(args).unwrap_err().to_string();
            assert!(text.contains(reason), "{text}");
        }
        let refused = parse(&["--speed", "10"]).unwrap().check().unwrap_err().to_string();
        assert!(refused.contains("ahead of its clock"), "{refused}");
    }
}
