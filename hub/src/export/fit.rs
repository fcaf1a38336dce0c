//! A ride as a FIT activity (Garmin FIT protocol, profile 21): file id, timer events, records, lap, session.

use std::io::Cursor;

use alleycat_shared::race::Ridden;
use embedded_io_adapters::std::FromStd;
use rustyfit::Encoder;
use rustyfit::profile::{mesgdef, typedef};
use rustyfit::proto::{FIT, Message};

use super::{Exported, Unwritable, unwritable};

pub(super) fn write(exported: &Exported) -> Result<Vec<u8>, Unwritable> {
    let seconds: Vec<_> = exported.seconds().collect();
    let time = typedef::DateTime::from_unix_timestamp;
    let began = i64::try_from(exported.start / 1_000).unwrap_or(i64::MAX);
    let first = seconds.first().map_or(began, |second| second.at - 1);
    let last = seconds.last().map_or(first, |second| second.at);
    let elapsed_ms = u32::try_from((last - first) * 1_000).unwrap_or(u32::MAX - 1);
    let cadences = || seconds.iter().map(|second| cadence(&second.ridden));
    let max_cadence = cadences().max().unwrap_or(0);
    let sum: usize = cadences().map(usize::from).sum();
    let mean_cadence = u8::try_from(sum / seconds.len().max(1)).unwrap_or(MAX_CADENCE);

    let mut file = mesgdef::FileId::new();
    file.r#type = typedef::File::ACTIVITY;
    file.manufacturer = typedef::Manufacturer::DEVELOPMENT;
    file.time_created = time(last);
    let timer = |event_type, at| {
        let mut event = mesgdef::Event::new();
        event.timestamp = time(at);
        event.event = typedef::Event::TIMER;
        event.event_type = event_type;
        Message::from(event)
    };
    let records = seconds.iter().map(|second| {
        let mut record = mesgdef::Record::new();
        record.timestamp = time(second.at);
        record.cadence = cadence(&second.ridden);
        record.resistance = resistance(&second.ridden);
        Message::from(record)
    });
    let mut lap = mesgdef::Lap::new();
    lap.timestamp = time(last);
    lap.start_time = time(first);
    lap.total_elapsed_time = elapsed_ms;
    lap.total_timer_time = elapsed_ms;
    lap.avg_cadence = mean_cadence;
    lap.max_cadence = max_cadence;
    lap.event = typedef::Event::LAP;
    lap.event_type = typedef::EventType::STOP;
    let mut session = mesgdef::Session::new();
    session.timestamp = time(last);
    session.start_time = time(first);
    session.total_elapsed_time = elapsed_ms;
    session.total_timer_time = elapsed_ms;
    session.avg_cadence = mean_cadence;
    session.max_cadence = max_cadence;
    session.sport = typedef::Sport::CYCLING;
    session.sub_sport = typedef::SubSport::INDOOR_CYCLING;
    session.first_lap_index = 0;
    session.num_laps = 1;
    session.event = typedef::Event::SESSION;
    session.event_type = typedef::EventType::STOP;
    let mut activity = mesgdef::Activity::new();
    activity.timestamp = time(last);
    activity.total_timer_time = elapsed_ms;
    activity.num_sessions = 1;
    activity.r#type = typedef::Activity::MANUAL;
    activity.event = typedef::Event::ACTIVITY;
    activity.event_type = typedef::EventType::STOP;

    let head = [Message::from(file), timer(typedef::EventType::START, first)];
    let tail = [
        timer(typedef::EventType::STOP_ALL, last),
        Message::from(lap),
        Message::from(session),
        Message::from(activity),
    ];
    let messages = head.into_iter().chain(records).chain(tail).collect();
    let mut fit = FIT { messages, ..FIT::default() };
    let mut bytes = FromStd::new(Cursor::new(Vec::new()));
    Encoder::new().encode(&mut bytes, &mut fit).map_err(unwritable)?;
    Ok(bytes.into_inner().into_inner())
}

/// Whole rpm, as a record holds them.
fn cadence(ridden: &Ridden) -> u8 {
    u8::try_from((ridden.cadence_hundredths + 50) / 100).unwrap_or(MAX_CADENCE).min(MAX_CADENCE)
}

/// 0 to 254, which the profile defines as none to all.
fn resistance(ridden: &Ridden) -> u8 {
    u8::try_from(u32::from(ridden.resistance_hundredths) * 254 / 10_000).unwrap_or(254)
}

/// All ones mean "no value".
const MAX_CADENCE: u8 = 254;

#[cfg(test)]
mod tests {
    use fitparser::Value;
    use fitparser::profile::MesgNum;

    use super::*;

    #[test]
    fn another_library_reads_the_ride_back() {
        let bytes = write(&super::super::tests::exported("Ann")).unwrap();
        let messages = fitparser::from_bytes(&bytes).unwrap();
        let of = |kind| messages.iter().filter(move |message| message.kind() == kind).collect::<Vec<_>>();
        let value = |message: &fitparser::FitDataRecord, name: &str| {
            message.fields().iter().find(|field| field.name() == name).map(|field| field.value().clone())
        };
        let records = of(MesgNum::Record);
        let cadences: Vec<_> = records.iter().map(|record| value(record, "cadence")).collect();
        let expected: Vec<_> = [81, 82, 83, 85, 86, 87, 88, 89, 90].map(|rpm| Some(Value::UInt8(rpm))).into();
        assert_eq!(cadences, expected, "the missing second is missing");
        assert_eq!(value(records[0], "resistance"), Some(Value::UInt8(127)));
        let Some(Value::Timestamp(first)) = value(records[0], "timestamp") else { panic!("no time") };
        assert_eq!(first.timestamp(), 1_620_823_801);
        let session = of(MesgNum::Session)[0];
        assert_eq!(value(session, "sport"), Some(Value::String("cycling".into())));
        assert_eq!(value(session, "sub_sport"), Some(Value::String("indoor_cycling".into())));
        assert_eq!(value(session, "total_timer_time"), Some(Value::Float64(10.0)));
        assert_eq!(value(session, "max_cadence"), Some(Value::UInt8(90)));
        assert_eq!(value(of(MesgNum::FileId)[0], "type"), Some(Value::String("activity".into())));
        assert_eq!((of(MesgNum::Lap).len(), of(MesgNum::Activity).len()), (1, 1));
    }
}
