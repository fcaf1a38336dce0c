//! The partition keys that rules give to race messages.

use std::fmt;
use std::str::FromStr;

use alleycat_rules::{PartitionKey, PartitionKeyError};
use alleycat_shared::RacerId;
use alleycat_stream::plan::Arrival;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Serialize, Serializer};
use uuid::Builder;

use super::options::{ClassShare, PlanError, PlanOptions};

/// Where a record's partition key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Another one for each record: `${newuuid()}`.
    Random,
    /// The millisecond in which the rule sees it: `${timestamp()}`.
    Time,
    /// The rider: `${racerId}`.
    Racer,
    /// The class: `${classId}`.
    Class,
    /// The race: `${raceId}`, of all classes that ride it.
    Race,
    /// Anything else.
    Template(String),
}

impl FromStr for Strategy {
    type Err = PartitionKeyError;

    fn from_str(text: &str) -> Result<Self, PartitionKeyError> {
        // Refused here as a rule's would be.
        let template = text.parse::<PartitionKey>()?.template().to_string();
        let named = [Self::Random, Self::Time, Self::Racer, Self::Class, Self::Race];
        Ok(named.into_iter().find(|named| named.template() == template).unwrap_or(Self::Template(template)))
    }
}

impl Strategy {
    /// What a rule makes of it.
    fn template(&self) -> String {
        let key: PartitionKey = self.to_string().parse().expect("a strategy is a rule's");
        key.template().to_string()
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "random",
            Self::Time => "time",
            Self::Racer => "racer",
            Self::Class => "class",
            Self::Race => "race",
            Self::Template(template) => template,
        })
    }
}

impl Serialize for Strategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Gives records their keys.
pub(crate) struct Keys {
    template: String,
    distinct: Option<u32>,
    classes: Classes,
    race_ms: u64,
    chance: ChaCha8Rng,
}

impl Keys {
    /// For what is asked.
    pub(crate) fn of(options: &PlanOptions) -> Result<Self, PlanError> {
        let template = options.keys.template();
        let mut keys = Self {
            template: template.clone(),
            distinct: options.distinct,
            classes: Classes::of(&options.classes, options.riders),
            race_ms: u64::from(options.race_seconds) * 1_000,
            chance: ChaCha8Rng::seed_from_u64(options.seed),
        };
        let first = keys.key(&Arrival { producer: 0, at_ms: 0 });
        if first.contains("${") { Err(PlanError::Template(template)) } else { Ok(keys) }
    }

    /// The key of a record.
    pub(crate) fn key(&mut self, arrival: &Arrival) -> String {
        if let Some(distinct) = self.distinct {
            return format!("{}-{}", self.template, arrival.producer % distinct).replace("${", "{");
        }
        let known: [(&str, &mut dyn FnMut() -> String); 5] = [
            ("${newuuid()}", &mut || {
                let mut bytes = [0; 16];
                self.chance.fill_bytes(&mut bytes);
                Builder::from_random_bytes(bytes).into_uuid().to_string()
            }),
            ("${timestamp()}", &mut || arrival.at_ms.to_string()),
            // The first racer ids, as a simulator has them.
            ("${racerId}", &mut || (u64::from(arrival.producer) + RacerId::MIN).to_string()),
            ("${classId}", &mut || self.classes.of_rider(arrival.producer).to_string()),
            ("${raceId}", &mut || (arrival.at_ms / self.race_ms).to_string()),
        ];
        let mut key = self.template.clone();
        for (name, value) in known {
            if key.contains(name) {
                key = key.replace(name, &value());
            }
        }
        key
    }
}

/// Which class a rider is in: each class has a run of riders, as long as its part says.
struct Classes {
    /// Up to which rider, and the class.
    ends: Vec<(u64, u64)>,
}

impl Classes {
    fn of(classes: &[ClassShare], riders: u32) -> Self {
        let parts: u64 = classes.iter().map(|class| u64::from(class.part)).sum();
        let mut sum = 0;
        let end = |class: &ClassShare| {
            sum += u64::from(class.part);
            (sum * u64::from(riders) / parts.max(1), u64::from(class.class.get()))
        };
        Self { ends: classes.iter().map(end).collect() }
    }

    fn of_rider(&self, rider: u32) -> u64 {
        self.ends.iter().find(|(end, _)| u64::from(rider) < *end).map_or(0, |(_, class)| *class)
    }
}
