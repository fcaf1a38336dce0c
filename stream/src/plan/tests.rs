//! Worked examples of the planner, from the figures of the sample application, and what holds for any load.

use proptest::prelude::*;
use time::macros::date;

use super::*;

const DAY: time::Date = date!(2026 - 11 - 24);

fn uuid(arrival: &Arrival) -> String {
    // As long as a UUID, and another one each time.
    format!("{:016x}-{:019x}", arrival.at_ms, arrival.producer)
}

fn time_key(arrival: &Arrival) -> String {
    arrival.at_ms.to_string()
}

fn racer(arrival: &Arrival) -> String {
    (arrival.producer + 100).to_string()
}

fn class(arrival: &Arrival) -> String {
    (arrival.producer % 6 + 1).to_string()
}

fn prices() -> Prices {
    Prices::parse(include_str!("../../../deploy/aws/prices.example.toml"), DAY).unwrap()
}

#[test]
fn a_thousand_riders_of_170_bytes_fill_one_shard_by_records_and_a_sixth_of_it_by_bytes() {
    let load = Load { shards: Some(1), headroom: 0.0, ..Load::default() };
    let (plan, _) = Plan::of(&load, time_key);
    assert_eq!((plan.need.shards_by_records, plan.need.shards_by_bytes), (1, 1));
    assert_eq!(plan.need.binds, Binds::Records);
    assert!((plan.need.use_of_records - 1.0).abs() < 1e-9);
    // 170 bytes and the 13 digits of a moment are 17 % of 1 MiB/s.
    assert!((plan.need.use_of_bytes - 0.1745).abs() < 1e-3, "{}", plan.need.use_of_bytes);
    // No headroom: what comes a little early or late is refused, and in most seconds something is.
    assert!(plan.placement.refused_share > 0.0 && plan.placement.refused_share < 0.02);
    assert!(plan.placement.seconds_over_share > 0.2, "{}", plan.placement.seconds_over_share);
    assert!(plan.placement.keeps_up, "and yet it keeps up, if what was refused is put again");
}

#[test]
fn shards_by_records_are_those_of_the_scaling_table() {
    for (producers, shards) in [(10, 1), (100, 1), (1_000, 1), (6_000, 6), (40_000, 40)] {
        let load = Load { producers, headroom: 0.0, ..Load::default() };
        let (plan, _) = Plan::of(&load, racer);
        assert_eq!(plan.need.shards_by_records, shards, "{producers} riders");
        assert_eq!(plan.need.binds, Binds::Records);
    }
}

#[test]
fn the_three_profiles_meet_bytes_both_or_records() {
    let (plan, _) = Plan::of(&Load::default(), time_key);
    let of = |kind| *plan.profiles.iter().find(|profile| profile.kind == kind).unwrap();
    let even = of(Kind::Even);
    assert_eq!((even.records_per_second, even.bytes_per_second), (1_000.0, 1_048_576.0));
    let mixed = of(Kind::Mixed);
    assert_eq!(mixed.binds, Binds::Bytes);
    assert!(mixed.records_per_second < 500.0 && mixed.bytes_per_second > 1_048_575.0);
    let tiny = of(Kind::Tiny);
    assert_eq!((tiny.binds, tiny.records_per_second), (Binds::Records, 1_000.0));
    assert!(tiny.bytes_per_second < 200_000.0);
    assert_eq!(of(Kind::Own).bytes_per_record.round(), 183.0);
}

#[test]
fn buffers_of_five_seconds_take_a_fifth_of_the_records_and_two_seconds_more() {
    let each = Plan::of(&Load::default(), racer).0;
    let five = Plan::of(&Load { buffer_seconds: 5, ..Load::default() }, racer).0;
    assert_eq!((each.need.records_per_second, five.need.records_per_second), (1_000.0, 200.0));
    assert_eq!((each.need.shards, five.need.shards), (2, 1));
    let later = five.latency.parts[0].mean_ms - each.latency.parts[0].mean_ms;
    assert_eq!((later, five.latency.parts[0].worst_ms), (2_000.0, 4_000.0));
    // All at the same tick, they are a thousand in one second of five.
    let load = Load { buffer_seconds: 5, ticks: Ticks::Together, producers: 2_000, ..Load::default() };
    let (together, _) = Plan::of(&load, racer);
    assert_eq!(together.need.shards_with_headroom, 1);
    assert!(matches!(together.need.with_these_keys, Enough::Shards { shards } if shards > 1));
}

#[test]
fn a_class_of_more_riders_than_a_shard_takes_is_helped_by_no_number_of_shards() {
    let load = Load { producers: 7_200, ..Load::default() };
    let (plan, _) = Plan::of(&load, class);
    let Enough::NeverOneKeyIsTooMuch { use_of_shard, .. } = plan.need.with_these_keys else {
        panic!("{:?}", plan.need.with_these_keys);
    };
    assert!(use_of_shard >= 1.2);
    assert!(!plan.placement.keeps_up);
    assert!(plan.placement.behind_after_race_seconds >= 60.0, "1,200 a second on 1,000 for 300 s");
    let (spread, _) = Plan::of(&load, racer);
    assert!(matches!(spread.need.with_these_keys, Enough::Shards { .. }));
}

#[test]
fn one_race_on_many_shards_is_on_one_of_them() {
    let load = Load { shards: Some(4), ..Load::default() };
    let (plan, sample) = Plan::of(&load, |arrival| (arrival.at_ms / 300_000).to_string());
    assert_eq!(sample.keys().count(), 1);
    assert!((plan.placement.hottest_use - 1.0).abs() < 0.01, "{}", plan.placement.hottest_use);
    // Another race, another shard.
    assert!(plan.placement.shards.iter().filter(|shard| shard.records_per_second_mean > 0.0).count() > 1);
}

#[test]
fn more_consumers_poll_less_often_until_fan_out() {
    let plan = |consumers, reading| Plan::of(&Load { consumers, reading, ..Load::default() }, racer).0;
    let (one, five, six) = (plan(1, Reading::Shared), plan(5, Reading::Shared), plan(6, Reading::Shared));
    assert_eq!((one.reads.poll_ms, five.reads.poll_ms), (Some(200.0), Some(1_000.0)));
    assert!(one.reads.enough && five.reads.enough && !six.reads.enough);
    assert!(five.latency.mean_ms > one.latency.mean_ms);
    let pushed = plan(6, Reading::FanOut);
    assert!(pushed.reads.enough && pushed.latency.mean_ms < one.latency.mean_ms);
}

#[test]
fn a_month_is_added_up_from_the_price_list() {
    let mut load = Load { ingest: Ingest::Put, ..Load::default() };
    let (plan, _) = Plan::of(&load, racer);
    let list = prices();
    let rent = Bill::of(&load, &plan.need, 2, Mode::Provisioned, &list);
    let cost = |name| rent.lines.iter().find(|line| line.name == name).map(|line| (line.quantity, line.cost));
    let price = &list.kinesis.provisioned;
    assert_eq!(cost("shards"), Some((1_460.0, 1_460.0 * price.per_shard_hour)));
    assert_eq!(cost("puts"), Some((2_628.0, 2_628.0 * price.per_million_put_units)), "1,000/s for 730 h");
    assert_eq!(rent.lines.len(), 2, "{:?}", rent.lines);
    let demand = Bill::of(&load, &plan.need, 2, Mode::OnDemand, &list);
    let gb = demand.lines.iter().find(|line| line.name.starts_with("put")).unwrap().quantity;
    assert!((gb - 2_628.0 * 1_024.0 * 1e6 / 1024.0_f64.powi(3)).abs() < 1e-6, "each record counts as 1 KB");
    load = Load { buffer_seconds: 5, ..load };
    let five = Plan::of(&load, racer).0;
    let cheaper = Bill::of(&load, &five.need, 1, Mode::Provisioned, &list);
    assert!(cheaper.per_month < rent.per_month / 2.0);
    load = Load { ingest: Ingest::BasicIngest, ..Load::default() };
    let basic = Bill::of(&load, &plan.need, 2, Mode::Provisioned, &list);
    assert!(basic.lines.iter().all(|line| line.name != "messages from riders"));
    assert!(basic.lines.iter().any(|line| line.name == "rules triggered"));
}

#[test]
fn tiers_are_climbed_one_after_the_other() {
    let tiers = [
        Tier { up_to_million: Some(10.0), per_million: 1.0 },
        Tier { up_to_million: Some(20.0), per_million: 0.5 },
        Tier { up_to_million: None, per_million: 0.1 },
    ];
    for (millions, cost) in [(0.0, 0.0), (4.0, 4.0), (10.0, 10.0), (14.0, 12.0), (30.0, 16.0)] {
        assert!((Tier::cost(&tiers, millions) - cost).abs() < 1e-9, "{millions}");
    }
}

#[test]
fn a_price_list_without_its_date_or_source_or_with_a_fault_is_refused_in_a_sentence() {
    let text = include_str!("../../../deploy/aws/prices.example.toml");
    let without = |start: &str| -> String {
        text.lines().filter(|line| !line.starts_with(start)).collect::<Vec<_>>().join("\n")
    };
    let with = |key: &str, value: &str| format!("{key} = {value}\n{}", without(key));
    for (text, word) in [
        (without("date"), "missing field `date`"),
        (without("source"), "missing field `source`"),
        (with("source", "\" \""), "`source` is empty"),
        (with("date", "2026-12-24"), "2026-12-24"),
        (with("date", "2026-02-30"), "date"),
        (with("date", "\"yesterday\""), "date"),
        (text.replace("per-shard-hour = ", "per-shard-hour = -"), "from 0"),
        (text.replace("per-gb-in = ", "per-gb-in = nan #"), "per-gb-in"),
        (text.replace("per-million-actions", "per-thousand-actions"), "per-thousand-actions"),
        (text.replace("messages = [", "messages = [{ up-to-million = 9, per-million = 1.0 }, { up-to-million = 8, per-million = 1.0 },"), "go up"),
    ] {
        let said = Prices::parse(&text, DAY).unwrap_err().to_string();
        assert!(said.contains(word), "{said} says {word}");
    }
    let old = Prices::parse(&with("date", "2025-11-23"), DAY).unwrap();
    assert_eq!(old.age_days(DAY), 366);
}

#[test]
fn the_curve_goes_from_soon_and_dear_to_late_and_cheap() {
    let load = Load { producers: 1_200, ..Load::default() };
    let points = curve(&load, Some(&prices()), racer);
    assert_eq!(points.len(), CURVE_BUFFERS.len());
    for two in points.windows(2) {
        assert!(two[0].latency_mean_ms < two[1].latency_mean_ms);
        assert!(two[0].shards >= two[1].shards);
        assert!(two[0].on_demand_per_month > two[1].on_demand_per_month);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn nothing_sent_is_lost_sight_of(
        producers in 1_u32..300, bytes in 1_u32..4_000, buffer_seconds in 1_u16..7, shards in 1_u32..9,
        together: bool, jitter_ms in 0_u32..3_000, seed: u64,
    ) {
        let ticks = if together { Ticks::Together } else { Ticks::Spread };
        let payloads = vec![Payload { bytes, share: 0.75 }, Payload { bytes: bytes * 2, share: 0.25 }];
        let load = Load {
            producers, payloads, buffer_seconds, ticks, jitter_ms, seed, shards: Some(shards), ..Load::default()
        };
        prop_assert_eq!(load.check(), Ok(()));
        let (plan, sample) = Plan::of(&load, uuid);
        let placed = &plan.placement;
        let mean: f64 = placed.shards.iter().map(|shard| shard.records_per_second_mean).sum();
        prop_assert!((mean - load.records_per_second()).abs() < 1e-6 * mean, "{} of {}", mean, load.records_per_second());
        prop_assert_eq!(placed.shards.len(), shards as usize);
        prop_assert_eq!(placed.sampled_seconds, sample.seconds());
        for share in [placed.refused_share, placed.seconds_over_share] {
            prop_assert!((0.0..=1.0).contains(&share));
        }
        prop_assert!(placed.hottest_to_even >= 1.0 - 1e-9 && placed.hottest_to_even <= f64::from(shards) + 1e-9);
        prop_assert_eq!(placed.refused_share > 0.0, placed.seconds_over_share > 0.0);
        prop_assert!(plan.latency.worst_ms >= plan.latency.mean_ms);
        prop_assert!(placed.wait_ms_max >= placed.wait_ms_mean);
        // The same question, the same answer.
        prop_assert_eq!(format!("{:?}", Plan::of(&load, uuid).0), format!("{plan:?}"));
    }

    #[test]
    fn what_is_said_to_be_enough_refuses_nothing(producers in 1_u32..2_000, seed: u64, by_time: bool) {
        let load = Load { producers, seed, ..Load::default() };
        let key = if by_time { time_key } else { racer };
        let (plan, sample) = Plan::of(&load, key);
        let Enough::Shards { shards } = plan.need.with_these_keys else {
            return Err(TestCaseError::fail(format!("{:?}", plan.need)));
        };
        prop_assert!(shards >= plan.need.shards_with_headroom);
        prop_assert!(plan.need.use_of_records <= 1.0 - load.headroom + 1e-9);
        prop_assert_eq!(Placement::of(&sample, shards).refused_share, 0.0);
    }
}
