//! The screens by name, each with how it comes about.

use alleycat_app::state::rooms::{Answer, Question, Room};
use alleycat_app::state::service::{Delivery, Sheet, Word};
use alleycat_app::state::{Failure, Input, Preset, Settings, Way};
use alleycat_shared::api::{History, Leaderboard, PairOffer, RaceState, Races};
use alleycat_shared::message::{SensorMessage, SensorState};

use crate::data::{self, Form, OWN, RACE, START, number};
use crate::stage::Stage;

/// A screen in one of its states.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// Its name in the address: the view, a dash, the state.
    pub name: &'static str,
    /// What is to be seen.
    pub what: &'static str,
    /// Whether it stands for its view: kept in every size, theme and language. The others in one.
    pub main: bool,
    /// Brings it about.
    pub stage: fn(Settings) -> Stage,
}

/// All of them.
pub const SCREENS: &[Screen] = &[
    main("loading", "the first moment", |like| Stage::begun(like, START, None)),
    more("loading-failed", "no hub", |like| {
        Stage::begun(like, START, None).tell(Input::Config(Err(Failure::default())))
    }),
    main("idle", "a kiosk at rest", |like| kiosk(like).board_only(133, 118)),
    more("idle-pedalling", "somebody pedals and has touched nothing", |like| {
        kiosk(like).bike(SensorState::Live).pedals(61.0, 30.0)
    }),
    main("pair", "a phone that brings its rider", phone),
    more("pair-done", "the tablet has the rider", |like| phone(like).tell(Input::HandedOver(Ok(())))),
    main("setup", "riders are on the road", |like| Stage::ready(like, 133).board_only(133, 118)),
    main("setup-settings", "the settings", |like| {
        Stage::ready(like, 133).board_only(133, 118).tell(Input::Settings(true))
    }),
    more("setup-recent", "who rode before", |like| {
        [4_102, 31, 977, 40_000, 12, 7, 365, 2_048]
            .into_iter()
            .fold(Stage::ready(like, 133), Stage::rode_before)
            .tell(Input::Way(Way::Recent))
    }),
    more("setup-phone", "a code for the own phone", |like| coded(like, 133)),
    more("setup-phone-ended", "the code has ended", |like| coded(like, 133).after(180_000)),
    more("setup-new", "a new device and an empty road", |like| {
        Stage::linked_for(like, 133, None).bike(SensorState::Waiting)
    }),
    more("setup-trouble", "the racer id is taken", |like| {
        let failure = Failure { status: Some(409), detail: String::new() };
        Stage::ready(like, 133).tell(Input::Start).tell(Input::Joined(Err(failure)))
    }),
    more("setup-joining", "the hub is asked", |like| Stage::ready(like, 133).tell(Input::Start)),
    more("setup-no-bridge", "bike: no bridge", |like| {
        Stage::linked(like, 133).tell(Input::BridgeClosed).tell(Input::BridgeClosed)
    }),
    more("setup-no-port", "bike: no port", |like| {
        let state = SensorMessage::State {
            state: SensorState::NoPort,
            driver: "line".into(),
            port: "/dev/ttyUSB0".into(),
            hint: "There is no /dev/ttyUSB0. Plug in the bike sensor.".into(),
        };
        Stage::linked(like, 133).tell(Input::BridgeOpened).state(state)
    }),
    more("setup-refused", "bike: not allowed", |like| Stage::linked(like, 133).bike(SensorState::Refused)),
    more("setup-busy", "bike: another program has it", |like| {
        Stage::linked(like, 133).bike(SensorState::Busy)
    }),
    more("setup-stale", "bike: quiet for two seconds", |like| Stage::ready(like, 133).after(3_000)),
    more("setup-lost", "bike: quiet for five seconds", |like| Stage::ready(like, 133).after(6_000)),
    more("setup-garbage", "bike: nonsense", |like| Stage::linked(like, 133).bike(SensorState::Garbage)),
    more("setup-offline", "no link to the hub", |like| {
        Stage::ready(like, 133).tell(Input::LinkDown { retry_at: Some(START + 140_000) })
    }),
    main("choosing", "a race is on", |like| Stage::ready(like, 82).tell(Input::Start).joins()),
    main("countdown", "forty seconds", |like| waiting(like).at(START + 260_000).pedals(88.4, 52.3)),
    main("countdown-last", "three", |like| waiting(like).at(START + 297_000).pedals(88.4, 52.3)),
    more("countdown-lost", "the bike is gone", |like| waiting(like).at(START + 260_000).tell(Input::Woke)),
    main("racing", "in the midst of the field", |like| Stage::in_field(like, 133, 118, Form::Middling)),
    more("racing-first-second", "before the hub's first word", |like| Stage::racing(like, 1, Form::Middling)),
    main("racing-front", "near the front, ahead of the own record", |like| {
        let record = data::record_trace(Form::Strong);
        let ridden = Stage::racing(like, 133, Form::Strong).hub_says(133, 118, Form::Strong, Some(&record));
        ridden.answered()
    }),
    more("racing-all-time", "against everybody's record rides", |like| {
        let record = data::record_trace(Form::Middling);
        let ridden =
            Stage::racing(like, 133, Form::Middling).hub_says(133, 118, Form::Middling, Some(&record));
        ridden.answered().tell(Input::AllTime(true))
    }),
    more("racing-two", "a field of two", |like| Stage::in_field(like, 133, 2, Form::Middling)),
    more("racing-left", "some have left, some are silent", |like| {
        Stage::racing(like, 133, Form::Middling).hub_says_who_left(133, 118, Form::Middling)
    }),
    more("racing-last-seconds", "seven seconds left", |like| Stage::in_field(like, 293, 118, Form::Middling)),
    more("racing-stale", "the bike is quiet for two seconds", |like| {
        let (seconds, form) = (133, Form::Middling);
        Stage::racing(like, seconds, form)
            .at(START + 135_000)
            .hub_says(seconds, 118, form, None)
            .tell(Input::Woke)
    }),
    more("racing-lost", "the bike is quiet for five seconds", |like| {
        let (seconds, form) = (133, Form::Middling);
        Stage::racing(like, seconds, form)
            .at(START + 139_000)
            .hub_says(seconds, 118, form, None)
            .tell(Input::Woke)
    }),
    main("racing-offline", "the hub is out of reach, standings are old", |like| {
        let ridden = Stage::in_field(like, 133, 118, Form::Middling);
        let cut = ridden.tell(Input::LinkDown { retry_at: Some(START + 150_000) });
        (134..=145).fold(cut, ridden_on).tell(Input::Unsent(12))
    }),
    more("racing-both", "neither bike nor hub", |like| {
        let ridden = Stage::in_field(like, 133, 118, Form::Middling);
        ridden.tell(Input::LinkDown { retry_at: None }).tell(Input::BridgeClosed).after(8_000)
    }),
    more("finished-fetching", "the race is just over", |like| Stage::at_the_end(like, 118, Form::Middling)),
    more("finished-failed", "the result can't be had", |like| {
        let failed = Input::Result { race: number(RACE), answer: Err(Failure::default()) };
        Stage::at_the_end(like, 118, Form::Middling).after(1_200).tell(failed)
    }),
    more("finished-provisional", "late seconds still count", |like| {
        Stage::at_the_end(like, 118, Form::Middling).result(118, Form::Middling, RaceState::Grace)
    }),
    main("finished", "in the midst of the field", |like| {
        Stage::at_the_end(like, 118, Form::Middling).result(118, Form::Middling, RaceState::Official)
    }),
    main("finished-first", "won", |like| {
        Stage::at_the_end(like, 118, Form::Winning).result(118, Form::Winning, RaceState::Official)
    }),
    more("finished-two", "a field of two", |like| {
        Stage::at_the_end(like, 2, Form::Middling).result(2, Form::Middling, RaceState::Official)
    }),
    main("races", "the races of a class", |like| room(like, Room::Races(data::class())).answered()),
    more("races-loading", "being fetched", |like| room(like, Room::Races(data::class()))),
    more("races-empty", "no race yet", |like| room(like, Room::Races(data::class())).answered_with(nothing)),
    more("races-failed", "can't be had", |like| room(like, Room::Races(data::class())).unanswered()),
    more("races-stale", "old, for the hub does not answer", |like| {
        room(like, Room::Races(data::class())).answered().after(31_000).unanswered().after(14_000)
    }),
    main("race", "a result", |like| room(like, Room::Race(number(RACE - 1), data::class())).answered()),
    main("ride", "a ride, second by second", |like| {
        room(like, Room::Ride(number(RACE - 1), data::class(), number(OWN))).answered()
    }),
    main("leaders", "the best rides of a class", |like| room(like, Room::Leaders(data::class())).answered()),
    main("racer", "a racer's rides", |like| room(like, Room::Racer(number(OWN))).answered()),
    main("field", "a thousand riders", everybody),
    main("service", "the service menu in a race: what became of each second", |like| {
        use Delivery::{Acknowledged, Failed, Queued, Refused, Sent};
        let ridden = Stage::in_field(like, 133, 118, Form::Middling);
        let latest = [Queued, Sent, Acknowledged, Acknowledged, Refused, Acknowledged, Failed];
        ridden.delivered(&latest).tell(Input::Service(Word::Open))
    }),
    more("service-empty", "before a race", |like| Stage::ready(like, 133).tell(Input::Service(Word::Open))),
    more("service-diagnostics", "bike and link in numbers", |like| {
        let open = Stage::ready(like, 133).tell(Input::Service(Word::Open));
        open.tell(Input::Service(Word::Show(Sheet::Diagnostics)))
    }),
    more("field-search", "three of them", |like| everybody(like).tell(Input::Search("zad".into()))),
    more("field-empty", "nobody is found", |like| {
        everybody(like).tell(Input::Search("nobody at all".into()))
    }),
];

const fn main(name: &'static str, what: &'static str, stage: fn(Settings) -> Stage) -> Screen {
    Screen { name, what, main: true, stage }
}

const fn more(name: &'static str, what: &'static str, stage: fn(Settings) -> Stage) -> Screen {
    Screen { name, what, main: false, stage }
}

/// A rider who waits for the next race.
fn waiting(like: Settings) -> Stage {
    Stage::ready(like, 200).tell(Input::Start).joins().tell(Input::NextRace).tell(Input::LinkUp)
}

/// A tablet for whoever comes.
fn kiosk(like: Settings) -> Stage {
    let preset = Preset { kiosk: true, class: Some(data::class().to_string()), ..Preset::default() };
    Stage::opened(like, START + 133_000, preset).connected()
}

/// A phone that has read a tablet's code.
fn phone(like: Settings) -> Stage {
    let preset = Preset {
        pair: Some("code".into()),
        racer: Some(OWN.to_string()),
        name: Some(data::name(OWN).to_string()),
        ..Preset::default()
    };
    Stage::opened(like, START + 133_000, preset).connected()
}

/// A tablet that shows a code.
fn coded(like: Settings, second: u64) -> Stage {
    let until = START + second * 1_000 + 161_000;
    let qr = include_str!("qr.svg").to_owned();
    let (code, secret, url) = ("code".to_owned(), "secret".to_owned(), "http://hub/?pair=code".to_owned());
    let offer = PairOffer { code, secret, until, url, qr };
    Stage::ready(like, second).tell(Input::Way(Way::Phone)).tell(Input::PairOffered(Ok(offer)))
}

/// One more second on the bike.
fn ridden_on(stage: Stage, second: u16) -> Stage {
    let (cadence, resistance) = data::effort(OWN, Form::Middling, second);
    let begins = START + u64::from(second - 1) * 1_000;
    stage.at(begins + 400).pedals(cadence, resistance).at(begins + 500).tell(Input::Woke)
}

fn room(like: Settings, room: Room) -> Stage {
    Stage::ready(like, 133).enters(room)
}

fn everybody(like: Settings) -> Stage {
    let ridden = Stage::in_field(like, 133, 118, Form::Middling);
    ridden.enters(Room::Field).tell(Input::Field(data::everybody(1_000, 133)))
}

fn nothing(question: Question) -> Answer {
    match question {
        Question::Races(..) => Answer::Races(Races::default()),
        Question::Leaders(_) => Answer::Leaders(Leaderboard::default()),
        Question::Rides(..) => Answer::Rides(History::default()),
        other => data::answer(other),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use alleycat_app::state::View;

    use super::*;

    fn name_of(view: View) -> &'static str {
        match view {
            View::Loading => "loading",
            View::Service => "service",
            View::Pair => "pair",
            View::Idle => "idle",
            View::Setup => "setup",
            View::Choosing => "choosing",
            View::Countdown => "countdown",
            View::Racing => "racing",
            View::Finished => "finished",
            View::Room(Room::Field) => "field",
            View::Room(Room::Races(_)) => "races",
            View::Room(Room::Race(..)) => "race",
            View::Room(Room::Ride(..)) => "ride",
            View::Room(Room::Leaders(_)) => "leaders",
            View::Room(Room::Racer(_)) => "racer",
        }
    }

    #[test]
    fn every_screen_shows_the_view_that_its_name_says() {
        for screen in SCREENS {
            let (page, _) = (screen.stage)(Settings::default()).shown();
            let named = screen.name.split('-').next();
            assert_eq!(named, Some(name_of(page.view())), "{}", screen.name);
        }
    }

    #[test]
    fn every_view_is_there_and_no_name_twice() {
        let names: HashSet<_> = SCREENS.iter().map(|screen| screen.name).collect();
        assert_eq!(names.len(), SCREENS.len());
        let views: HashSet<_> = names.iter().filter_map(|name| name.split('-').next()).collect();
        assert_eq!(views.len(), 15, "{views:?}");
    }

    #[test]
    fn a_screen_is_the_same_each_time() {
        let shown = |screen: &Screen| format!("{:?}", (screen.stage)(Settings::default()).shown());
        for screen in SCREENS.iter().filter(|screen| screen.main) {
            assert_eq!(shown(screen), shown(screen), "{}", screen.name);
        }
    }
}
