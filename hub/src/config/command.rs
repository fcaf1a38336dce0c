//! The commands.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use super::Config;
use crate::plan::PlanOptions;
use crate::route::RulesCommand;

/// Runs the races: MQTT broker, boards, API and page on one port.
#[derive(Debug, Parser)]
#[command(name = "alleycat-hub", version, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the hub can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs until Ctrl-C or SIGTERM.
    #[command(after_help = EXAMPLES)]
    Serve(Config),
    /// Looks whether `serve` with the same options would work well here, and says what to do if not.
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(Config),
    /// How many shards a stream for so many riders takes, what it refuses, how late it is and what it costs.
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(Box<PlanOptions>),
    /// Looks at a file of rules, or shows what its rules would do about a message.
    #[command(subcommand, after_help = RULES_EXAMPLES)]
    Rules(RulesCommand),
    /// Copies the store into one file, also while the hub runs. The signing key is not in it.
    #[command(after_help = BACKUP_EXAMPLES)]
    Backup {
        /// The folder of the store.
        #[arg(long, value_name = "DIR", env = "ALLEYCAT_HUB_DATA")]
        data: PathBuf,
        /// The file to write; it must not be there yet.
        file: PathBuf,
    },
    /// Puts a backup into a folder without a store.
    #[command(after_help = RESTORE_EXAMPLES)]
    Restore {
        /// The folder to restore into.
        #[arg(long, value_name = "DIR", env = "ALLEYCAT_HUB_DATA")]
        data: PathBuf,
        /// The file of the backup.
        file: PathBuf,
    },
    /// Forgets all races, results, records and tokens of a folder.
    #[command(after_help = WIPE_EXAMPLES)]
    Wipe {
        /// The folder of the store.
        #[arg(long, value_name = "DIR", env = "ALLEYCAT_HUB_DATA")]
        data: PathBuf,
        /// Yes, all of them.
        #[arg(long, required = true)]
        yes: bool,
    },
    /// Checks every page and every message, and works out all results again that the journal still holds.
    #[command(after_help = VERIFY_EXAMPLES)]
    Verify {
        /// The folder of the store.
        #[arg(long, value_name = "DIR", env = "ALLEYCAT_HUB_DATA")]
        data: PathBuf,
    },
}

const DOCTOR_EXAMPLES: &str = "Examples:
  alleycat-hub doctor --data races             before `serve --data races` is started for the first time
  alleycat-hub doctor --config hub.toml        with the options that are in a file
  alleycat-hub doctor --data races --listen 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem
                                               whether the certificate is one, and until when";
const PLAN_EXAMPLES: &str = "Examples:
  alleycat-hub plan                            1,000 riders who send 170 bytes each second
  alleycat-hub plan --riders 6000 --classes 1,2,3,4,5,6 --keys class
                                               whether so few different keys fit into any number of shards
  alleycat-hub plan --prices my-prices.toml --format html --out plan.html
                                               with what a month costs, as one page with pictures";
const BACKUP_EXAMPLES: &str = "Examples:
  alleycat-hub backup --data races races.backup
                                               the hub may run meanwhile";
const RESTORE_EXAMPLES: &str = "Examples:
  alleycat-hub restore --data races races.backup
                                               then start the hub with `serve --data races`";
const WIPE_EXAMPLES: &str = "Examples:
  alleycat-hub wipe --data races --yes         nothing brings it back but a backup";
const VERIFY_EXAMPLES: &str = "Examples:
  alleycat-hub verify --data races             after a crash, or on a copy that was restored";
const RULES_EXAMPLES: &str = "Examples:
  alleycat-hub rules check rules.toml          whether the file is right, and what its rules are
  alleycat-hub rules try rules.toml --topic alleycat-publish/7 '{\"racerId\":7,\"classId\":1}'
                                               what would be done about this message";
const EXAMPLES: &str = "Examples:
  alleycat-hub serve --data races              everything on port 8080, races kept in the folder `races`
  alleycat-hub serve --listen 127.0.0.1:9000 --race-seconds 60
                                               one-minute races, this machine only
  alleycat-hub serve --open --mqtt-tcp 127.0.0.1:1883
                                               a demonstration that old clients can join
  alleycat-hub serve --listen 0.0.0.0:443 --tls-cert fullchain.pem --tls-key privkey.pem --data races
                                               the same over https
  alleycat-hub serve --broker mqtts://hub:password@broker:8883 --broker-url-for-pages wss://broker/mqtt
                                               messages and boards by a broker of your own";
