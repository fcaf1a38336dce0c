//! What comes into the page's state and what it wants done: the whole surface of the state machine.

use alleycat_shared::api::{Join, Joined, PairOffer, RaceResult};
use alleycat_shared::config::PageConfig;
use alleycat_shared::message::{BoardMessage, FieldMessage, RaceMessage, RiderMessage, SensorMessage};
use alleycat_shared::time::ClockOffset;
use alleycat_shared::{ClassId, Millis, RaceId, RacerId};

use super::rooms::{Answer, Question, Room, Wish};
use super::service::Word;
use super::{Cue, Key, Preset, Recent, Ride, Rider, Setting, Settings, Source, Way};
use crate::words::Lang;

/// Something happened: outside, or under the rider's hands.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// What the people at this device like, before anything is said.
    Liked {
        /// What was kept, or what the address says.
        settings: Settings,
        /// The language that the browser wishes.
        browser: Lang,
    },
    /// The page begins.
    Began {
        /// Who rode here before.
        recent: Recent,
        /// What the address says.
        preset: Preset,
        /// The ride that a reload cut short.
        kept: Option<Ride>,
        /// Any random number.
        seed: u64,
    },
    /// A deadline has come.
    Woke,
    /// The page is visible or online again after it may have slept.
    Resumed,
    /// The answer to [`Effect::FetchConfig`].
    Config(Result<PageConfig, Failure>),
    /// The answer to [`Effect::MeasureClock`]; `None` if the hub could not be asked.
    Clock(Option<ClockOffset>),

    /// Which sources this browser has, and which one was in use the last time.
    Sources {
        /// The one of the last time.
        kept: Source,
        /// Whether the browser opens serial ports.
        usb: bool,
        /// Whether the browser connects to Bluetooth sensors.
        bluetooth: bool,
    },
    /// The rider looks for a way to connect a bike.
    SourcesOpened,
    /// The answer to [`Effect::LoadReader`]: protocols, and the bikes that speak them.
    Drivers(Vec<(String, String)>),
    /// The rider wants this source, and is to choose the device if it is one of the browser's.
    SourceChosen(Source),
    /// The bridge is there, or what reads the bike in its stead.
    BridgeOpened,
    /// The bridge is gone or did not answer, or what reads the bike in its stead can't be loaded.
    BridgeClosed,
    /// The source said something.
    Sensor(SensorMessage),
    /// The source said something that is not in the protocol.
    SensorNonsense,

    /// The broker accepted the link.
    LinkUp,
    /// The link is down; the next attempt begins at `retry_at`.
    LinkDown {
        /// On the page's clock.
        retry_at: Option<Millis>,
    },
    /// The broker does not accept the login.
    LinkRefused,
    /// So many messages are not yet acknowledged.
    Unsent(usize),
    /// The class's board.
    Board {
        /// The message.
        board: BoardMessage,
        /// Whether the broker kept it: it may be old.
        retained: bool,
    },
    /// The rider's own view.
    RiderView(RiderMessage),
    /// The full field, or what has changed in it.
    Field(FieldMessage),
    /// A message on a topic of ours that can't be read.
    LinkNonsense,

    /// A kiosk at rest is touched.
    Wake,
    /// Another way to say who rides.
    Way(Way),
    /// One of those who rode here before.
    Recent(RacerId),
    /// This device is to forget a racer.
    Unremember(RacerId),
    /// A key of the keypad.
    Pressed(Key),
    /// The racer id from a keyboard.
    RacerTyped(String),
    /// The name from a keyboard.
    NameTyped(String),
    /// A class tile.
    ClassChosen(ClassId),
    /// Start Race, or Race again.
    Start,
    /// Join the running race.
    JoinNow,
    /// Wait for the next race.
    NextRace,
    /// Back to the set-up, before, in or after a race.
    Leave,

    /// Into a room.
    Enter(Room),
    /// Back to where the rider came from.
    Back,
    /// The same room for another class.
    RoomClass(ClassId),
    /// One more page of the room's list.
    More,
    /// Ask again now for what could not be had.
    Retry,
    /// Search the full field.
    Search(String),
    /// Something that the rider wants of the hub for the own rides.
    Wish(Wish),
    /// "Here now", or "All time"?
    AllTime(bool),

    /// The settings are opened, or closed.
    Settings(bool),
    /// A setting is changed.
    Set(Setting),
    /// How does it sound?
    TrySound,

    /// What concerns the service menu.
    Service(Word),

    /// The answer to [`Effect::Ask`].
    Answered {
        /// What was asked.
        question: Question,
        /// The answer.
        answer: Result<Box<Answer>, Failure>,
    },
    /// The answer to [`Effect::OfferPair`].
    PairOffered(Result<PairOffer, Failure>),
    /// The answer to [`Effect::ClaimPair`]: the rider, or nobody yet.
    PairClaimed {
        /// The code that was asked about.
        code: String,
        /// The answer.
        answer: Result<Option<Joined>, Failure>,
    },
    /// The answer to [`Effect::HandOver`].
    HandedOver(Result<(), Failure>),
    /// The phone has done its part.
    HandDone,
    /// The answer to [`Effect::Wish`].
    Granted {
        /// What was wanted.
        wish: Wish,
        /// Whether it is so.
        answer: Result<(), Failure>,
    },
    /// The answer to [`Effect::Join`].
    Joined(Result<Joined, Failure>),
    /// The answer to [`Effect::FetchResult`].
    Result {
        /// The race that was asked for.
        race: RaceId,
        /// The answer.
        answer: Result<RaceResult, Failure>,
    },
}

/// A question over HTTP that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// What the hub says about it, or empty.
    pub detail: String,
}

impl Failure {
    /// Whether the hub did answer, with something that can't be read.
    pub fn is_nonsense(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// What to tell the rider.
    pub fn told(&self, words: Lang) -> String {
        match self.status {
            Some(_) if !self.detail.is_empty() => self.detail.clone(),
            Some(_) if self.is_nonsense() => words.cant_read_answer().to_owned(),
            Some(status) => words.hub_did_not_accept(&status.to_string()),
            None => words.no_hub_try_again().to_owned(),
        }
    }
}

/// Something to do, by who has hands.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask for `/config.json`.
    FetchConfig,
    /// Ask `/api/clock` some times.
    MeasureClock,
    /// Open the source: the link to the bridge at the configured address, or the device of the last time.
    OpenSensor,
    /// Open the source, and let the rider choose the device.
    ChooseSensor,
    /// Load what reads bikes in the browser.
    LoadReader,
    /// Keep the source from day to day.
    KeepSource,
    /// Connect to the broker as the rider, or as a spectator. What is unsent stays to be sent.
    Connect(Option<Rider>),
    /// Ask the broker for a sign of life.
    Probe,
    /// Ask to join.
    Join(Join),
    /// Ask for a code to show to a phone.
    OfferPair,
    /// Ask whether a phone has come.
    ClaimPair {
        /// The public half of the code.
        code: String,
        /// The other half.
        secret: String,
    },
    /// Hand the rider over to the tablet that shows this code.
    HandOver {
        /// The public half of the code.
        code: String,
        /// Who.
        rider: Box<Rider>,
    },
    /// Give the racer id back to the hub.
    GiveBack(Rider),
    /// Publish this with a fresh uuid, at least once.
    Publish(Box<RaceMessage>),
    /// Ask for the result of a race.
    FetchResult(RaceId, ClassId),
    /// Ask this of the API, with the token if there is one.
    Ask(Question, Option<String>),
    /// Tell the hub what the rider wants, with the rider's token.
    Wish(Wish, String),
    /// Keep this from day to day.
    KeepRecent,
    /// Keep the ride across a reload.
    KeepRide(Box<Ride>),
    /// Forget the kept ride.
    ForgetRide,
    /// Keep these from day to day.
    KeepSettings(Settings),
    /// Let this be heard.
    Cue(Cue),
    /// Keep the screen on, or no longer.
    StayAwake(bool),
    /// Ask the browser, `/config.json` and the bridge for what the service menu shows.
    Inspect,
    /// Load the page again, the newest there is.
    Reload,
}
