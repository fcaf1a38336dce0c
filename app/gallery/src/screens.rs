//! The screens by name, each with how it comes about.

use alleycat_app::state::rooms::{Answer, Question, Room};
use alleycat_app::state::{Failure, Input, Preset, Way};
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
    pub stage: fn() -> Stage,
}

/// All of them.
pub const SCREENS: &[Screen] = &[
    main("loading", "the first moment", || Stage::begun(START, None)),
    more("loading-failed", "no hub", || {
        Stage::begun(START, None).tell(Input::Config(Err(Failure::default())))
    }),
    main("idle", "a kiosk at rest", || kiosk().board_only(133, 118)),
    more("idle-pedalling", "somebody pedals and has touched nothing", || {
        kiosk().bike(SensorState::Live).pedals(61.0, 30.0)
    }),
    main("pair", "a phone that brings its rider", phone),
    more("pair-done", "the tablet has the rider", || phone().tell(Input::HandedOver(Ok(())))),
    main("setup", "riders are on the road", || Stage::ready(133).board_only(133, 118)),
    main("setup-settings", "the settings", || Stage::ready(133).tell(Input::Settings(true))),
    more("setup-recent", "who rode before", || {
        [4_102, 31, 977, 40_000, 12, 7, 365, 2_048]
            .into_iter()
            .fold(Stage::ready(133), Stage::rode_before)
            .tell(Input::Way(Way::Recent))
    }),
    more("setup-phone", "a code for the own phone", || coded(133)),
    more("setup-phone-ended", "the code has ended", || coded(133).after(180_000)),
    more("setup-new", "a new device and an empty road", || {
        Stage::linked_for(133, None).bike(SensorState::Waiting)
    }),
    more("setup-trouble", "the racer id is taken", || {
        let failure = Failure { status: Some(409), detail: String::new() };
        Stage::ready(133).tell(Input::Start).tell(Input::Joined(Err(failure)))
    }),
    more("setup-joining", "the hub is asked", || Stage::ready(133).tell(Input::Start)),
    more("setup-no-bridge", "bike: no bridge", || {
        Stage::linked(133).tell(Input::BridgeClosed).tell(Input::BridgeClosed)
    }),
    more("setup-no-port", "bike: no port", || {
        let state = SensorMessage::State {
            state: SensorState::NoPort,
            driver: "line".into(),
            port: "/dev/ttyUSB0".into(),
            hint: "There is no /dev/ttyUSB0. Plug in the bike sensor.".into(),
        };
        Stage::linked(133).tell(Input::BridgeOpened).state(state)
    }),
    more("setup-refused", "bike: not allowed", || Stage::linked(133).bike(SensorState::Refused)),
    more("setup-busy", "bike: another program has it", || Stage::linked(133).bike(SensorState::Busy)),
    more("setup-stale", "bike: quiet for two seconds", || Stage::ready(133).after(3_000)),
    more("setup-lost", "bike: quiet for five seconds", || Stage::ready(133).after(6_000)),
    more("setup-garbage", "bike: nonsense", || Stage::linked(133).bike(SensorState::Garbage)),
    more("setup-offline", "no link to the hub", || {
        Stage::ready(133).tell(Input::LinkDown { retry_at: Some(START + 140_000) })
    }),
    main("choosing", "a race is on", || Stage::ready(82).tell(Input::Start).joins()),
    main("countdown", "forty seconds", || waiting().at(START + 260_000).pedals(88.4, 52.3)),
    main("countdown-last", "three", || waiting().at(START + 297_000).pedals(88.4, 52.3)),
    more("countdown-lost", "the bike is gone", || waiting().at(START + 260_000).tell(Input::Woke)),
    main("racing", "in the midst of the field", || Stage::in_field(133, 118, Form::Middling)),
    more("racing-first-second", "before the hub's first word", || Stage::racing(1, Form::Middling)),
    main("racing-front", "near the front, ahead of the own record", || {
        let record = data::record_trace();
        let ridden = Stage::racing(133, Form::Strong).hub_says(133, 118, Form::Strong, Some(&record));
        ridden.answered()
    }),
    more("racing-all-time", "against everybody's record rides", || {
        let record = data::record_trace();
        let ridden = Stage::racing(133, Form::Middling).hub_says(133, 118, Form::Middling, Some(&record));
        ridden.answered().tell(Input::AllTime(true))
    }),
    more("racing-two", "a field of two", || Stage::in_field(133, 2, Form::Middling)),
    more("racing-last-seconds", "seven seconds left", || Stage::in_field(293, 118, Form::Middling)),
    more("racing-stale", "the bike is quiet for two seconds", || {
        let (seconds, form) = (133, Form::Middling);
        Stage::racing(seconds, form).at(START + 135_000).hub_says(seconds, 118, form, None).tell(Input::Woke)
    }),
    more("racing-lost", "the bike is quiet for five seconds", || {
        let (seconds, form) = (133, Form::Middling);
        Stage::racing(seconds, form).at(START + 139_000).hub_says(seconds, 118, form, None).tell(Input::Woke)
    }),
    main("racing-offline", "the hub is out of reach, standings are old", || {
        let ridden = Stage::in_field(133, 118, Form::Middling);
        let cut = ridden.tell(Input::LinkDown { retry_at: Some(START + 150_000) });
        (134..=145).fold(cut, ridden_on).tell(Input::Unsent(12))
    }),
    more("racing-both", "neither bike nor hub", || {
        let ridden = Stage::in_field(133, 118, Form::Middling);
        ridden.tell(Input::LinkDown { retry_at: None }).tell(Input::BridgeClosed).after(8_000)
    }),
    more("finished-fetching", "the race is just over", || Stage::at_the_end(118, Form::Middling)),
    more("finished-failed", "the result can't be had", || {
        let failed = Input::Result { race: number(RACE), answer: Err(Failure::default()) };
        Stage::at_the_end(118, Form::Middling).after(1_200).tell(failed)
    }),
    more("finished-provisional", "late seconds still count", || {
        Stage::at_the_end(118, Form::Middling).result(118, Form::Middling, RaceState::Grace)
    }),
    main("finished", "in the midst of the field", || {
        Stage::at_the_end(118, Form::Middling).result(118, Form::Middling, RaceState::Official)
    }),
    main("finished-first", "won", || {
        Stage::at_the_end(118, Form::Winning).result(118, Form::Winning, RaceState::Official)
    }),
    more("finished-two", "a field of two", || {
        Stage::at_the_end(2, Form::Middling).result(2, Form::Middling, RaceState::Official)
    }),
    main("races", "the races of a class", || room(Room::Races(data::class())).answered()),
    more("races-loading", "being fetched", || room(Room::Races(data::class()))),
    more("races-empty", "no race yet", || room(Room::Races(data::class())).answered_with(nothing)),
    more("races-failed", "can't be had", || room(Room::Races(data::class())).unanswered()),
    more("races-stale", "old, for the hub does not answer", || {
        room(Room::Races(data::class())).answered().after(31_000).unanswered().after(14_000)
    }),
    main("race", "a result", || room(Room::Race(number(RACE - 1), data::class())).answered()),
    main("ride", "a ride, second by second", || {
        room(Room::Ride(number(RACE - 1), data::class(), number(OWN))).answered()
    }),
    main("leaders", "the best rides of a class", || room(Room::Leaders(data::class())).answered()),
    main("racer", "a racer's rides", || room(Room::Racer(number(OWN))).answered()),
    main("field", "a thousand riders", || everybody()),
    more("field-search", "three of them", || everybody().tell(Input::Search("zad".into()))),
    more("field-empty", "nobody is found", || everybody().tell(Input::Search("nobody at all".into()))),
];

const fn main(name: &'static str, what: &'static str, stage: fn() -> Stage) -> Screen {
    Screen { name, what, main: true, stage }
}

const fn more(name: &'static str, what: &'static str, stage: fn() -> Stage) -> Screen {
    Screen { name, what, main: false, stage }
}

/// A rider who waits for the next race.
fn waiting() -> Stage {
    Stage::ready(200).tell(Input::Start).joins().tell(Input::NextRace).tell(Input::LinkUp)
}

/// A tablet for whoever comes.
fn kiosk() -> Stage {
    let preset = Preset { kiosk: true, class: Some(data::class().to_string()), ..Preset::default() };
    Stage::opened(START + 133_000, preset).connected()
}

/// A phone that has read a tablet's code.
fn phone() -> Stage {
    let preset = Preset {
        pair: Some("code".into()),
        racer: Some(OWN.to_string()),
        name: Some(data::name(OWN).to_string()),
        ..Preset::default()
    };
    Stage::opened(START + 133_000, preset).connected()
}

/// A tablet that shows a code.
fn coded(second: u64) -> Stage {
    let until = START + second * 1_000 + 161_000;
    let qr = include_str!("qr.svg").to_owned();
    let (code, secret, url) = ("code".to_owned(), "secret".to_owned(), "http://hub/?pair=code".to_owned());
    let offer = PairOffer { code, secret, until, url, qr };
    Stage::ready(second).tell(Input::Way(Way::Phone)).tell(Input::PairOffered(Ok(offer)))
}

/// One more second on the bike.
fn ridden_on(stage: Stage, second: u16) -> Stage {
    let (cadence, resistance) = data::effort(OWN, Form::Middling, second);
    let begins = START + u64::from(second - 1) * 1_000;
    stage.at(begins + 400).pedals(cadence, resistance).at(begins + 500).tell(Input::Woke)
}

fn room(room: Room) -> Stage {
    Stage::ready(133).enters(room)
}

fn everybody() -> Stage {
    let ridden = Stage::in_field(133, 118, Form::Middling);
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
            let (page, _) = (screen.stage)().shown();
            let named = screen.name.split('-').next();
            assert_eq!(named, Some(name_of(page.view())), "{}", screen.name);
        }
    }

    #[test]
    fn every_view_is_there_and_no_name_twice() {
        let names: HashSet<_> = SCREENS.iter().map(|screen| screen.name).collect();
        assert_eq!(names.len(), SCREENS.len());
        let views: HashSet<_> = names.iter().filter_map(|name| name.split('-').next()).collect();
        assert_eq!(views.len(), 14, "{views:?}");
    }

    #[test]
    fn a_screen_is_the_same_each_time() {
        let shown = |screen: &Screen| format!("{:?}", (screen.stage)().shown());
        for screen in SCREENS.iter().filter(|screen| screen.main) {
            assert_eq!(shown(screen), shown(screen), "{}", screen.name);
        }
    }
}
