//! The report for a terminal.

use std::fmt::Write;

use alleycat_stream::plan::{Bill, Binds, Kind, Mode};

use super::notes::{Weight, shards};
use super::number::{percent, rate, some, time, whole};
use super::report::Report;

/// Shards that are told one by one; of more only the fullest are.
const SHARDS_TOLD: usize = 12;

/// The report as text.
pub(crate) fn render(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    _ = write(report, &mut out);
    out
}

fn write(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "{}\n", report.title)?;
    for note in &report.notes {
        let weight = match note.weight {
            Weight::Good => "good",
            Weight::Odd => "odd ",
            Weight::Bad => "BAD ",
        };
        writeln!(out, "{weight}  {}", note.text)?;
    }
    let need = &report.plan.need;
    writeln!(out, "\nShards")?;
    row(
        out,
        "what comes",
        &format!(
            "{} records/s, {}, {} bytes a record with its key",
            some(need.records_per_second),
            rate(need.bytes_per_second),
            whole(need.bytes_per_record)
        ),
    )?;
    row(out, "by records", &need.shards_by_records.to_string())?;
    row(out, "by bytes", &need.shards_by_bytes.to_string())?;
    let headroom = percent(report.load.headroom);
    row(out, "with headroom", &format!("{}, so that {headroom} stay free", need.shards_with_headroom))?;
    row(
        out,
        "taken here",
        &format!(
            "{}: {} of their records and {} of their bytes are used",
            shards(report.shards),
            percent(need.use_of_records),
            percent(need.use_of_bytes)
        ),
    )?;
    profiles(report, out)?;
    placement(report, out)?;
    late(report, out)?;
    if let Some(list) = &report.price_list {
        writeln!(
            out,
            "\nCost in {} a month, of which {} h are raced ({}, prices of {})",
            list.currency,
            some(report.load.hours_per_month),
            list.region,
            list.date
        )?;
        writeln!(out, "  from {}", list.source)?;
        report.bills.iter().try_for_each(|bill| cost(bill, out))?;
    }
    curve(report, out)
}

fn row(out: &mut String, name: &str, value: &str) -> std::fmt::Result {
    writeln!(out, "  {name:<26}{value}")
}

fn profiles(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\nWhat one shard takes")?;
    writeln!(out, "  {:<26}{:>12}{:>12}{:>14}  stopped by", "", "bytes each", "records/s", "bytes/s")?;
    for profile in &report.plan.profiles {
        let (bytes, records) = (whole(profile.bytes_per_record), whole(profile.records_per_second));
        let (name, rate) = (kind(profile.kind), rate(profile.bytes_per_second));
        writeln!(out, "  {name:<26}{bytes:>12}{records:>12}{rate:>14}  {}", binds(profile.binds))?;
    }
    Ok(())
}

/// What a kind of records is called.
pub(crate) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Even => "even payloads",
        Kind::Mixed => "mixed payloads",
        Kind::Tiny => "many tiny messages",
        Kind::Own => "these messages",
    }
}

/// What a limit is called.
pub(crate) fn binds(binds: Binds) -> &'static str {
    match binds {
        Binds::Records => "records",
        Binds::Bytes => "bytes",
    }
}

fn placement(report: &Report, out: &mut String) -> std::fmt::Result {
    let placed = &report.plan.placement;
    let (on, seconds) = (shards(report.shards), placed.sampled_seconds);
    writeln!(out, "\nWhere the keys fall, on {on}, {seconds} s of 10 races played through")?;
    row(out, "fullest shard", &format!("{} times its share", some(placed.hottest_to_even)))?;
    row(out, "refused at first", &format!("{} of the records", percent(placed.refused_share)))?;
    row(out, "seconds with refusals", &percent(placed.seconds_over_share))?;
    writeln!(
        out,
        "  {:<8}{:>12}{:>14}{:>13}{:>14}{:>12}{:>11}",
        "shard", "mean rec/s", "max rec/s", "mean", "fullest race", "over", "refused"
    )?;
    let mut told: Vec<_> = placed.shards.iter().enumerate().collect();
    if told.len() > SHARDS_TOLD {
        told.sort_by(|(_, a), (_, b)| b.use_of_fullest_race.total_cmp(&a.use_of_fullest_race));
        told.truncate(SHARDS_TOLD);
    }
    for (at, shard) in told {
        writeln!(
            out,
            "  {at:<8}{:>12}{:>14}{:>13}{:>14}{:>12}{:>11}",
            some(shard.records_per_second_mean),
            whole(f64::from(shard.records_per_second_max)),
            rate(shard.bytes_per_second_mean),
            percent(shard.use_of_fullest_race),
            percent(shard.seconds_over_share),
            percent(shard.refused_share)
        )?;
    }
    if placed.shards.len() > SHARDS_TOLD {
        writeln!(out, "  … the {SHARDS_TOLD} fullest of {}", placed.shards.len())?;
    }
    Ok(())
}

fn late(report: &Report, out: &mut String) -> std::fmt::Result {
    let latency = &report.plan.latency;
    writeln!(out, "\nHow late a second is read{:>21}{:>14}", "mean", "worst")?;
    let all = latency.parts.iter().map(|part| (part.name, part.mean_ms, part.worst_ms));
    for (name, mean, worst) in all.chain([("all", latency.mean_ms, latency.worst_ms)]) {
        writeln!(out, "  {name:<26}{:>18}{:>14}", time(mean), time(worst))?;
    }
    let reads = &report.plan.reads;
    writeln!(out, "\nReading, {} consumer{}", report.load.consumers, plural(report.load.consumers))?;
    let poll = reads.poll_ms.map_or_else(|| "pushed to".to_owned(), |ms| format!("every {}", time(ms)));
    row(out, "each shard is asked", &poll)?;
    row(out, "of a shard's read rate", &percent(reads.use_of_bytes))?;
    row(out, "consumers at most", &reads.consumers_at_most.to_string())?;
    let catch_up = reads.catch_up_of_a_minute_seconds;
    let catch_up = catch_up.map_or_else(|| "never".to_owned(), |s| format!("in {} s", some(s)));
    row(out, "a minute is caught up", &catch_up)
}

fn plural(number: u32) -> &'static str {
    if number == 1 { "" } else { "s" }
}

/// What a way of paying is called.
pub(crate) fn mode(mode: Mode) -> &'static str {
    match mode {
        Mode::Provisioned => "provisioned",
        Mode::OnDemand => "on demand",
    }
}

fn cost(bill: &Bill, out: &mut String) -> std::fmt::Result {
    writeln!(out, "  {}", mode(bill.mode))?;
    for line in &bill.lines {
        let quantity = format!("{} {}", some(line.quantity), line.unit);
        writeln!(out, "    {:<36}{quantity:>32}{:>12.2}", line.name, line.cost)?;
    }
    writeln!(out, "    {:<68}{:>12.2}", "all", bill.per_month)?;
    writeln!(out, "    {:<68}{:>12.2}", "for an hour of racing", bill.per_hour_of_sending)
}

fn curve(report: &Report, out: &mut String) -> std::fmt::Result {
    writeln!(out, "\nIf riders held back")?;
    let cost = if report.price_list.is_some() { "provisioned     on demand" } else { "" };
    writeln!(out, "  {:<10}{:>8}{:>14}{:>14}   {cost}", "seconds", "shards", "mean", "worst")?;
    for point in &report.curve {
        let money = |cost: Option<f64>| cost.map_or_else(String::new, |cost| format!("{cost:>14.2}"));
        writeln!(
            out,
            "  {:<10}{:>8}{:>14}{:>14}{}{}",
            point.buffer_seconds,
            point.shards,
            time(point.latency_mean_ms),
            time(point.latency_worst_ms),
            money(point.provisioned_per_month),
            money(point.on_demand_per_month)
        )?;
    }
    if report.curve.is_empty() {
        writeln!(out, "  no number of shards would do")?;
    }
    Ok(())
}
