//! The world of the gallery: one race, its riders, and what the hub would tell of them. Nothing is random.

use alleycat_app::state::rooms::{Answer, Question};
use alleycat_shared::api::{
    History, HistoryEntry, Leaderboard, LeaderboardEntry, RaceEntry, RacePlaces, RaceResult, RaceState,
    Races, RecordEntry, Records, ResultRow, RideLink, RideTrace, TraceSecond,
};
use alleycat_shared::config::{Auth, MqttConfig, PageConfig, SensorConfig, classes};
use alleycat_shared::message::{AllTime, Event, FieldMessage, FieldRow, FieldSnapshot, RaceMessage};
use alleycat_shared::plausible::Flags;
use alleycat_shared::race::{AllTimeField, Race, RaceClock, RecordRide, Standing};
use alleycat_shared::{ClassId, Millis, Output, RaceId, RacerId, RacerName, Score, names};

/// The length of a race in seconds.
pub(crate) const SECONDS: u16 = 300;
/// The race of the gallery: on a summer evening in 2026.
pub(crate) const RACE: u64 = 5_960_402;
/// When it begins, by the clocks of hub and page, which agree.
pub(crate) const START: Millis = RACE * SECONDS as Millis * 1_000;
/// The racer at this page.
pub(crate) const OWN: u64 = 29;

/// How strong the rider at this page is among the others, from 0 to 1.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// In the middle of the field.
    Middling,
    /// Near the front.
    Strong,
    /// In front.
    Winning,
}

/// What the hub tells the page before anything else.
pub(crate) fn config() -> PageConfig {
    PageConfig {
        mqtt: MqttConfig::default(),
        sensor: SensorConfig { url: "/sensor".into() },
        classes: classes(),
        race_seconds: SECONDS,
        grace_seconds: 30,
        auth: Auth::Token,
    }
}

/// The class of the gallery.
pub(crate) fn class() -> ClassId {
    number(3)
}

/// An id.
pub(crate) fn number<T: TryFrom<u64>>(id: u64) -> T {
    T::try_from(id).ok().expect("an id of the gallery is valid")
}

/// What a racer is called: some have names as people have them, the others those that the hub gives.
pub(crate) fn name(racer: u64) -> RacerName {
    let own = match racer {
        OWN => "Ann",
        3 => "Maximiliane-Charlotte W.",
        5 => "Zoé Çelik",
        11 => "Þórunn",
        17 => "Jean-Baptiste d'Arcy",
        _ => return names::default_name(number(racer)),
    };
    RacerName::new(own).expect("a name of the gallery is valid")
}

/// Cadence and resistance of a racer in a second.
pub(crate) fn effort(racer: u64, form: Form, second: u16) -> (f64, f64) {
    // Knuth's multiplicative hash: neighbouring ids are of unlike strength.
    let mixed =
        f64::from(number::<RacerId>(racer).get().wrapping_mul(2_654_435_769) >> 8) / f64::from(1 << 24);
    let strength = match (racer, form) {
        (OWN, Form::Middling) => 0.62,
        (OWN, Form::Strong) => 0.96,
        (OWN, Form::Winning) => 1.1,
        _ => mixed,
    };
    let turn = f64::from(second) / 17.0 + mixed * 6.0;
    let tenths = |value: f64| (value * 10.0).round() / 10.0;
    (
        tenths(70.0 + 26.0 * strength + 4.0 * turn.sin()),
        tenths(41.0 + 17.0 * strength + 2.5 * (turn / 2.3).cos()),
    )
}

/// A field of so many riders after so many seconds. The rider at this page is one of them.
pub(crate) fn field(race: u64, riders: u64, form: Form, seconds: u16) -> (Race, RaceClock) {
    let clock = RaceClock::new(SECONDS).expect("a race has a length");
    let mut field = Race::new(class(), number(race), clock);
    let others = (0..).filter(|racer| *racer != OWN).take(usize::try_from(riders - 1).expect("few"));
    for racer in others.chain([OWN]) {
        for second in 1..=seconds {
            let (cadence, resistance) = effort(racer, form, second);
            let message = RaceMessage {
                uuid: uuid::Uuid::nil(),
                event: Event::Update,
                device_timestamp: 0,
                second: u64::from(second).try_into().expect("a second of the race"),
                race_id: number(race),
                name: name(racer),
                racer_id: number(racer),
                class_id: class(),
                cadence: cadence.try_into().expect("a cadence"),
                resistance: resistance.try_into().expect("a resistance"),
            };
            field.take(&message, clock.start(number(race)) + u64::from(seconds) * 1_000).expect("it counts");
        }
    }
    (field, clock)
}

/// The scores of the record ride of the rider at this page, second by second.
pub(crate) fn record_trace(form: Form) -> Vec<Score> {
    let mut sum = Score::ZERO;
    let after = |second| {
        sum += record_output(form, second);
        sum
    };
    (1..=SECONDS).map(after).collect()
}

/// The result of a race.
pub(crate) fn result(race: u64, riders: u64, form: Form, state: RaceState) -> RaceResult {
    let (field, clock) = field(race, riders, form, SECONDS);
    let row = |standing: &Standing<'_>| ResultRow {
        rank: standing.rank,
        racer_id: standing.racer_id,
        name: standing.ride.name.clone(),
        score: standing.ride.score(),
        best: standing.ride.best(),
        seconds: standing.ride.seconds(),
        flags: Flags::NONE,
        cleared: false,
    };
    let results = field.standings(clock.end(number(race))).iter().map(row).collect();
    RaceResult {
        race_id: field.race_id(),
        class_id: field.class_id(),
        state,
        results,
        disqualified: Vec::new(),
    }
}

/// A field of any size, as it is told to who looks at all of it.
pub(crate) fn everybody(riders: u64, second: u16) -> FieldMessage {
    let points = |racer: u64| {
        let (cadence, resistance) = effort(racer, Form::Middling, second);
        output(cadence, resistance).get() * f64::from(second)
    };
    let mut rows: Vec<_> = (0..riders).map(|racer| (points(racer), racer)).collect();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    #[expect(clippy::cast_possible_truncation, reason = "some thousands of points")]
    let row = |(points, racer): (f64, u64)| {
        // One in forty has stopped.
        FieldRow(number(racer), name(racer), points.round() as i64, u8::from(racer % 40 == 7) * 2)
    };
    FieldMessage::Snapshot(FieldSnapshot {
        race_id: number(RACE),
        second,
        rows: rows.into_iter().map(row).collect(),
    })
}

/// What the hub answers, with all its lists full.
pub(crate) fn answer(question: Question) -> Answer {
    match question {
        Question::Races(class, _) => Answer::Races(races(class, 50)),
        Question::Result(race, _) => {
            Answer::Result(result(race.get(), 41, Form::Strong, RaceState::Official))
        }
        Question::Trace(race, class, racer) => Answer::Trace(trace(race, class, racer)),
        Question::Leaders(_) => Answer::Leaders(leaders(200)),
        Question::Rides(racer, _) => Answer::Rides(history(racer, 14)),
        Question::Places(race_id, class_id, racer_id) => Answer::Places(places(race_id, class_id, racer_id)),
        Question::Records(racer) => Answer::Records(records(racer)),
        Question::Link(race, racer) => {
            let file = |kind: &str| format!("/api/rides/{race}/{racer}.{kind}?key=4fJq0c");
            Answer::Link(RideLink {
                until: START + 3_600_000,
                fit: file("fit"),
                tcx: file("tcx"),
                csv: file("csv"),
                qr: include_str!("qr.svg").to_owned(),
            })
        }
    }
}

/// A place that goes up and down, and ends near the front.
fn places(race_id: RaceId, class_id: ClassId, racer_id: RacerId) -> RacePlaces {
    let place = |second: u16| {
        let left = 1.0 - f64::from(second) / f64::from(SECONDS);
        let place = 2.0 + left * (24.0 + 6.0 * (f64::from(second) / 23.0).sin());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 1 to 41")]
        let place = place.round().clamp(1.0, 41.0) as u16;
        place
    };
    let places = (1..=SECONDS).map(place).collect();
    RacePlaces { race_id, class_id, racer_id, state: RaceState::Official, riders: 41, every: 1, places }
}

/// The record rides of a racer: in each class the best one of the history.
fn records(racer: RacerId) -> Records {
    let mut best: Vec<RecordEntry> = Vec::new();
    for ride in history(racer, 14).rides.into_iter().filter(|ride| !ride.disqualified) {
        let HistoryEntry { class_id, race_id, score, .. } = ride;
        let entry = RecordEntry { class_id, race_id, score, rank: 12, riders: 340 };
        match best.iter_mut().find(|known| known.class_id == class_id) {
            Some(known) if score > known.score => *known = entry,
            Some(_) => {}
            None => best.push(entry),
        }
    }
    best.sort_by_key(|entry| entry.class_id);
    Records { named: false, records: best }
}

/// The races of a class, newest first.
pub(crate) fn races(class_id: ClassId, count: u64) -> Races {
    let race = |back: u64| RaceEntry {
        race_id: number(RACE - back * 2 - back / 3),
        class_id,
        state: match back {
            0 => RaceState::Running,
            1 => RaceState::Grace,
            _ => RaceState::Official,
        },
        riders: u32::try_from(1 + back * 37 % 112).expect("few"),
    };
    Races { races: (0..count).map(race).collect() }
}

fn leaders(count: u32) -> Leaderboard {
    let entry = |rank: u32| LeaderboardEntry {
        rank,
        racer_id: number(if rank == 24 { OWN } else { u64::from(rank) * 131 % 977 }),
        name: name(if rank == 24 { OWN } else { u64::from(rank) * 131 % 977 }),
        score: (0..SECONDS)
            .map(|second| output(104.0 - f64::from(rank) / 9.0, 61.0 - f64::from(second % 7)))
            .fold(Score::ZERO, |sum, output| sum + output),
        race_id: number(RACE - u64::from(rank) * 71 % 900),
    };
    Leaderboard { entries: (1..=count).map(entry).collect() }
}

fn history(racer: RacerId, count: u64) -> History {
    let ride = |back: u64| {
        let trace = trace(number(RACE - 1 - back * 5), class(), racer);
        HistoryEntry {
            race_id: trace.race_id,
            class_id: number(1 + back % 6),
            name: name(u64::from(racer.get())),
            rank: u32::try_from(2 + back * 7 % 38).expect("few"),
            riders: 41,
            score: trace.score,
            best: trace.seconds.iter().map(|second| second.output).max().unwrap_or(Output::ZERO),
            seconds: SECONDS,
            disqualified: back == 9,
        }
    };
    History { rides: (0..count).map(ride).collect() }
}

fn trace(race_id: RaceId, class_id: ClassId, racer_id: RacerId) -> RideTrace {
    let racer = u64::from(racer_id.get());
    // The record ride is another day's.
    let day = u16::try_from(race_id.get() % 97).expect("below 97");
    let mut score = Score::ZERO;
    let second = |second: u16| {
        let (cadence, resistance) = effort(racer, Form::Strong, second + day);
        let output = output(cadence, resistance);
        score += output;
        TraceSecond { second, cadence, resistance, output, score }
    };
    let seconds = (1..=SECONDS).map(second).collect();
    RideTrace { race_id, class_id, racer_id, name: name(racer), state: RaceState::Official, score, seconds }
}

fn record_output(form: Form, second: u16) -> Output {
    let (cadence, resistance) = effort(OWN, form, second + 29);
    output(cadence - 0.6, resistance)
}

fn output(cadence: f64, resistance: f64) -> Output {
    Output::of(cadence.try_into().expect("a cadence"), resistance.try_into().expect("a resistance"))
}

/// Record rides of others: racer and the score after each second.
pub(crate) fn record_rides(count: u64) -> Vec<(RacerId, RacerName, Vec<Score>)> {
    let ride = |racer: u64| {
        let trace = trace(number(RACE - racer), class(), number(racer));
        (trace.racer_id, trace.name, trace.seconds.into_iter().map(|second| second.score).collect())
    };
    (100..100 + count).map(ride).collect()
}

/// How a rider stands among the record rides after a second.
pub(crate) fn all_time(
    rides: &[(RacerId, RacerName, Vec<Score>)],
    second: u16,
    own: &Standing<'_>,
    record: Option<&[Score]>,
) -> Option<AllTime> {
    let own_name = name(OWN);
    let mine = record.map(|trace| RecordRide { racer_id: number(OWN), name: &own_name, trace });
    let others = rides.iter().map(|(racer_id, name, trace)| RecordRide { racer_id: *racer_id, name, trace });
    AllTimeField::after(second, others.chain(mine)).seen_by(own, record)
}
