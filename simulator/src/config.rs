//! The command line.

use alleycat_shared::{ClassId, RacerId};
use clap::Parser;
use url::Url;

/// Rides for up to 40,000: joins, races and acknowledges like a page, one MQTT session a rider.
///
/// Riders take consecutive racer ids; how strong a rider is depends on the id alone, how the day goes on
/// the id, the race and --seed. Each sends one message a second at QoS 1.
#[derive(Clone, Debug, Parser)]
#[command(name = "alleycat-sim", version, after_help = EXAMPLES)]
pub struct Config {
    /// How many riders.
    #[arg(long, default_value_t = 10, env = "ALLEYCAT_SIM_RIDERS", value_parser = clap::value_parser!(u32).range(1..=40_000))]
    pub riders: u32,

    /// Classes to ride in, spread evenly.
    #[arg(long, value_delimiter = ',', default_value = "1", env = "ALLEYCAT_SIM_CLASSES")]
    pub classes: Vec<ClassId>,

    /// The broker's WebSocket address. The hub's API is expected on the same host.
    #[arg(long, default_value = "ws://127.0.0.1:8080/mqtt", env = "ALLEYCAT_SIM_TARGET")]
    pub target: Url,

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
}

const EXAMPLES: &str = "Examples:
  alleycat-sim --riders 25                      25 riders in class 1 for the rest of this race
  alleycat-sim --riders 600 --classes 1,2,3,4,5,6 --races 0
                                                100 in each class, until Ctrl-C
  alleycat-sim --riders 50 --first-id 1000 --wait
                                                50 riders from the start of the next race";

impl Config {
    /// The hub's address: given, or the broker's host over HTTP.
    pub fn hub_url(&self) -> Url {
        self.hub.clone().unwrap_or_else(|| {
            let scheme = if self.target.scheme() == "wss" { "https" } else { "http" };
            let text = self.target.as_str();
            let rest = text.split_once(':').map_or(text, |(_, rest)| rest);
            let mut url = Url::parse(&format!("{scheme}:{rest}")).unwrap_or_else(|_| self.target.clone());
            url.set_path("/");
            url.set_query(None);
            url
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Config, clap::Error> {
        Config::try_parse_from([&["alleycat-sim"], args].concat())
    }

    #[test]
    fn the_hub_is_the_brokers_host_unless_given() {
        let hub = |args| parse(args).unwrap().hub_url().to_string();
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
        ] {
            let text = parse(args).unwrap_err().to_string();
            assert!(text.contains(reason), "{text}");
        }
    }
}
