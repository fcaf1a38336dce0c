//! What a room shows, as lines and words: no markup.

use alleycat_shared::api::{RaceResult, RaceState, ResultRow, RideLink, RideTrace};
use alleycat_shared::{ClassId, Millis, RaceId, RacerId};

use super::format::{exact, minutes, whole};
use super::rooms::{Answer, FieldLine, Room};
use super::screen::NOTHING;
use super::{Link, Page};
use crate::words::{Lang, isolated};

/// One line of a room's list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Place, or what else stands before the line.
    pub rank: String,
    /// Whose picture, if anybody's.
    pub racer: Option<RacerId>,
    /// The racer's name, in any script, or another word.
    pub name: String,
    /// When the race began, if the line tells of one.
    pub began: Option<Millis>,
    /// Beside the name.
    pub note: String,
    /// At the end of the line.
    pub score: String,
    /// Whether it is the racer at this page.
    pub own: bool,
    /// Whether it is the racer's record.
    pub best: bool,
    /// Nothing heard for a while, or out of the ranking.
    pub dim: bool,
    /// What a tap opens.
    pub opens: Option<Room>,
}

/// How a room's list is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listing {
    /// On its way.
    Loading,
    /// There.
    Ready,
    /// There, and so old, in words: the hub does not answer now.
    Stale(String),
    /// There is nothing, and that is the truth.
    Empty(String),
    /// It can't be had; it is tried again by itself, and at a tap.
    Failed(String),
}

impl Page {
    /// What the room is called.
    pub fn room_title(&self) -> String {
        let words = self.words();
        match self.rooms.here() {
            None => String::new(),
            Some(Room::Field) => words.everybody_in_this_race().to_owned(),
            Some(Room::Races(_)) => words.races().to_owned(),
            Some(Room::Leaders(_)) => words.all_time_best().to_owned(),
            Some(Room::Race(race, _)) => words.race_number(&race.to_string()),
            Some(Room::Ride(race, _, racer)) => {
                let name =
                    self.shown_trace().map_or_else(|| racer.to_string(), |trace| trace.name.to_string());
                words.ride_in_race(&isolated(&name), &race.to_string())
            }
            Some(Room::Racer(racer)) => {
                let rides = self.rooms.answers().find_map(|answer| match answer {
                    Answer::Rides(history) => history.rides.first(),
                    _ => None,
                });
                rides.map_or_else(
                    || words.racer_number(&racer.to_string()),
                    |ride| isolated(ride.name.as_str()),
                )
            }
        }
    }

    /// The start of the race that the room is about.
    pub fn room_began(&self) -> Option<Millis> {
        match self.rooms.here()? {
            Room::Race(race, _) | Room::Ride(race, ..) => Some(self.race_clock()?.start(race)),
            _ => None,
        }
    }

    /// The name of the room's class.
    pub fn room_class_name(&self) -> String {
        let class = match self.rooms.here() {
            Some(Room::Field) => Some(self.class()),
            room => room.and_then(Room::class),
        };
        class.map_or_else(String::new, |class| self.name_of(class))
    }

    /// How the room's list is doing.
    pub fn listing(&self) -> Listing {
        let words = self.words();
        let Some(here) = self.rooms.here() else { return Listing::Loading };
        let age = |since: Millis| minutes(self.now.saturating_sub(since) / 1_000);
        if here == Room::Field {
            let offline = matches!(self.link, Link::Offline { .. });
            return match (self.field.race(), self.field.is_empty()) {
                (None, _) if offline => Listing::Failed(words.cant_reach_hub().to_owned()),
                (None, _) => Listing::Loading,
                (Some(_), true) => Listing::Empty(words.nobody_found().to_owned()),
                (Some(_), false) if offline => Listing::Stale(words.this_is_old(&age(self.link_since))),
                (Some(_), false) => Listing::Ready,
            };
        }
        let Some(main) = self.rooms.main() else { return Listing::Loading };
        match (main.value(), main.failure()) {
            (None, None) => Listing::Loading,
            (None, Some("")) => Listing::Failed(words.cant_reach_hub().to_owned()),
            (None, Some(failure)) => Listing::Failed(failure.to_owned()),
            (Some(_), None) if self.list_len() == 0 && !matches!(here, Room::Ride(..)) => {
                Listing::Empty(nobody(words, here).to_owned())
            }
            (Some(_), None) => Listing::Ready,
            (Some(_), Some(_)) => Listing::Stale(words.this_is_old(&age(main.at()))),
        }
    }

    /// Whether there may be more lines than there are.
    pub fn list_has_more(&self) -> bool {
        self.rooms.next_page().is_some()
    }

    /// How many lines the room's list has.
    pub fn list_len(&self) -> usize {
        if self.is_field_open() {
            return self.field.len();
        }
        self.rooms.answers().map(Answer::len).sum()
    }

    /// The line of the racer at this page, counted from 0.
    pub fn own_line(&self) -> Option<usize> {
        let own = self.racer()?;
        if self.is_field_open() {
            return self.field.place_of(own);
        }
        self.rooms.answers().find_map(|answer| match answer {
            Answer::Result(result) => result.results.iter().position(|row| row.racer_id == own),
            Answer::Leaders(leaders) => leaders.entries.iter().position(|entry| entry.racer_id == own),
            _ => None,
        })
    }

    /// Lines of the room's list.
    pub fn list_lines(&self, first: usize, count: usize) -> Vec<Line> {
        if self.is_field_open() {
            return self.field.lines(first, count).into_iter().map(|line| self.field_line_of(line)).collect();
        }
        let mut skip = first;
        let mut lines = Vec::with_capacity(count);
        for answer in self.rooms.answers() {
            let here = answer.len();
            for at in skip..here.min(skip + count - lines.len()) {
                lines.push(self.line_of(answer, at));
            }
            skip = skip.saturating_sub(here);
            if lines.len() == count {
                break;
            }
        }
        lines
    }

    /// Place and field size of the ride that is shown: `3 of 41`.
    pub fn ride_place(&self) -> String {
        let Some(Room::Ride(_, _, racer)) = self.rooms.here() else { return String::new() };
        let Some(result) = self.shown_result() else { return NOTHING.to_owned() };
        let row = result.results.iter().find(|row| row.racer_id == racer);
        row.map_or_else(String::new, |row| {
            self.words().place_of_field(&row.rank.to_string(), &result.results.len().to_string())
        })
    }

    /// The score of the ride that is shown, and the same for machines.
    pub fn ride_score(&self) -> (String, String) {
        match self.shown_trace().map(|trace| trace.score) {
            Some(score) => (whole(score.get()), exact(score)),
            None => (NOTHING.to_owned(), String::new()),
        }
    }

    /// Where the files of the ride that is shown are.
    pub fn ride_files(&self) -> Option<RideFiles> {
        let Some(Room::Ride(race, _, racer)) = self.rooms.here() else { return None };
        let link = self.rooms.answers().find_map(|answer| match answer {
            Answer::Link(link) => Some(link.clone()),
            _ => None,
        });
        Some(link.map_or_else(|| RideFiles::plain(race, racer), RideFiles::from))
    }

    fn shown_trace(&self) -> Option<&RideTrace> {
        self.rooms.answers().find_map(|answer| match answer {
            Answer::Trace(trace) => Some(trace),
            _ => None,
        })
    }

    /// The first three of the race that is shown.
    pub fn podium(&self) -> Vec<ResultRow> {
        self.shown_result().map(|result| result.results.iter().take(3).cloned().collect()).unwrap_or_default()
    }

    /// Field size and state of the race that is shown, beside its start.
    pub fn room_facts(&self) -> String {
        if !matches!(self.rooms.here(), Some(Room::Race(..) | Room::Ride(..))) {
            return String::new();
        }
        let Some(result) = self.shown_result() else { return String::new() };
        let words = self.words();
        let field = words.riders(result.results.len() as u64);
        match state_word(words, result.state) {
            "" => field,
            word => [&field, " · ", word].concat(),
        }
    }

    pub(super) fn shown_result(&self) -> Option<&RaceResult> {
        self.rooms.answers().find_map(|answer| match answer {
            Answer::Result(result) => Some(result),
            _ => None,
        })
    }

    pub(super) fn name_of(&self, class: ClassId) -> String {
        let named = self.config().and_then(|config| config.classes.iter().find(|named| named.id == class));
        named.map_or_else(String::new, |named| named.name.clone())
    }

    fn began(&self, race: RaceId) -> Option<Millis> {
        Some(self.race_clock()?.start(race))
    }

    fn field_line_of(&self, line: FieldLine) -> Line {
        Line {
            rank: line.rank.to_string(),
            own: Some(line.racer) == self.racer(),
            racer: Some(line.racer),
            name: line.name,
            note: if line.gone { self.words().left().to_owned() } else { String::new() },
            score: line.score.to_string(),
            dim: line.dim || line.gone,
            ..Line::default()
        }
    }

    fn line_of(&self, answer: &Answer, at: usize) -> Line {
        let own = |racer: RacerId| self.racer() == Some(racer);
        let words = self.words();
        match answer {
            Answer::Races(races) => races.races.get(at).map_or_else(Line::default, |race| Line {
                name: words.race_number(&race.race_id.to_string()),
                began: self.began(race.race_id),
                note: state_word(words, race.state).to_owned(),
                score: words.riders(u64::from(race.riders)),
                opens: Some(Room::Race(race.race_id, race.class_id)),
                ..Line::default()
            }),
            Answer::Leaders(leaders) => leaders.entries.get(at).map_or_else(Line::default, |entry| Line {
                rank: entry.rank.to_string(),
                racer: Some(entry.racer_id),
                name: entry.name.to_string(),
                began: self.began(entry.race_id),
                score: whole(entry.score.get()),
                own: own(entry.racer_id),
                opens: self
                    .rooms
                    .here()
                    .and_then(Room::class)
                    .map(|class| Room::Ride(entry.race_id, class, entry.racer_id)),
                ..Line::default()
            }),
            Answer::Rides(history) => history.rides.get(at).map_or_else(Line::default, |ride| {
                let best = self.is_record(ride);
                Line {
                    name: self.name_of(ride.class_id),
                    began: self.began(ride.race_id),
                    note: if ride.disqualified {
                        words.not_ranked().to_owned()
                    } else {
                        words.place_of_field(&ride.rank.to_string(), &ride.riders.to_string())
                    },
                    score: whole(ride.score.get()),
                    best,
                    dim: ride.disqualified,
                    opens: match self.rooms.here() {
                        Some(Room::Racer(racer)) => Some(Room::Ride(ride.race_id, ride.class_id, racer)),
                        _ => None,
                    },
                    ..Line::default()
                }
            }),
            Answer::Result(result) => match result.results.get(at) {
                Some(row) => Line {
                    rank: row.rank.to_string(),
                    racer: Some(row.racer_id),
                    name: row.name.to_string(),
                    note: words.seconds(&row.seconds.to_string()),
                    score: whole(row.score.get()),
                    own: own(row.racer_id),
                    opens: Some(Room::Ride(result.race_id, result.class_id, row.racer_id)),
                    ..Line::default()
                },
                None => {
                    result.disqualified.get(at - result.results.len()).map_or_else(Line::default, |row| {
                        Line {
                            rank: "–".to_owned(),
                            racer: Some(row.racer_id),
                            name: row.name.to_string(),
                            note: words.not_ranked().to_owned(),
                            score: whole(row.score.get()),
                            own: own(row.racer_id),
                            dim: true,
                            opens: Some(Room::Ride(result.race_id, result.class_id, row.racer_id)),
                            ..Line::default()
                        }
                    })
                }
            },
            Answer::Trace(_) | Answer::Places(_) | Answer::Records(_) | Answer::Link(_) => Line::default(),
        }
    }
}

/// Paths of a ride's files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RideFiles {
    /// For training logs.
    pub fit: String,
    /// For older training logs.
    pub tcx: String,
    /// For tables.
    pub csv: String,
    /// A picture of the address of the FIT file, an SVG; empty where there is none.
    pub qr: String,
}

impl RideFiles {
    /// Where everybody finds them unless rides are private.
    fn plain(race: RaceId, racer: RacerId) -> Self {
        let file = |kind: &str| ["/api/rides/", &race.to_string(), "/", &racer.to_string(), kind].concat();
        Self { fit: file(".fit"), tcx: file(".tcx"), csv: file(".csv"), qr: String::new() }
    }
}

impl From<RideLink> for RideFiles {
    fn from(link: RideLink) -> Self {
        let RideLink { fit, tcx, csv, qr, .. } = link;
        Self { fit, tcx, csv, qr }
    }
}

fn nobody(words: Lang, room: Room) -> &'static str {
    match room {
        Room::Field => words.nobody_found(),
        Room::Races(_) => words.no_race_yet(),
        Room::Race(..) | Room::Ride(..) => words.nobody_has_ridden(),
        Room::Leaders(_) => words.no_official_in_class(),
        Room::Racer(_) => words.no_official_ride(),
    }
}

fn state_word(words: Lang, state: RaceState) -> &'static str {
    match state {
        RaceState::Running => words.race_running(),
        RaceState::Grace => words.race_provisional(),
        RaceState::Official => "",
    }
}
