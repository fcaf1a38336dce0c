//! The report as one page that loads nothing, in the colours of the hub's other pages.

use alleycat_stream::plan::Bill;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart;
use super::notes::{Weight, shards};
use super::number::{money, percent, rate, some, time, whole};
use super::report::Report;
use super::text::{binds, kind, mode};

/// The report as a page.
pub(crate) fn render(report: &Report) -> String {
    let need = &report.plan.need;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { "Alleycat: " (report.title) }
                style { (PreEscaped(concat!(include_str!("../style/desk.css"), "\n", include_str!("page.css")))) }
            }
            body {
                header {
                    h1 { "Alley" span { "cat" } " · the stream" }
                    p { (report.title) }
                }
                main {
                    section.facts {
                        (fact("shards", &whole(f64::from(report.shards)), &format!(
                            "{} by records, {} by bytes, {} with headroom",
                            need.shards_by_records, need.shards_by_bytes, need.shards_with_headroom
                        )))
                        (fact("records a second", &some(need.records_per_second), &format!(
                            "{}, {} bytes each", rate(need.bytes_per_second), whole(need.bytes_per_record)
                        )))
                        (fact("used of the limits", &percent(need.use_of_records.max(need.use_of_bytes)), &format!(
                            "{} of records, {} of bytes", percent(need.use_of_records), percent(need.use_of_bytes)
                        )))
                        (fact("refused at first", &percent(report.plan.placement.refused_share), &format!(
                            "in {} of the seconds", percent(report.plan.placement.seconds_over_share)
                        )))
                        (fact("read so late", &time(report.plan.latency.mean_ms), &format!(
                            "at worst {}", time(report.plan.latency.worst_ms)
                        )))
                        @if let (Some(list), Some(bill)) = (&report.price_list, report.bills.first()) {
                            (fact(&format!("{} a month", list.currency), &whole(bill.per_month), &format!(
                                "{}; {:.2} for an hour of racing", mode(bill.mode), bill.per_hour_of_sending
                            )))
                        }
                    }
                    section.wide { h2 { "What to know" } (notes(report)) }
                    section {
                        h2 { "Keys on the ring" }
                        (chart::ring(report))
                        p.muted { "Dots are keys of a race, larger with more records; arcs are shards." (shown(report)) }
                    }
                    section {
                        h2 { "Load per shard" }
                        (chart::load(report))
                        p.muted {
                            span.swatch.good {} " records " span.swatch.bytes {} " bytes " span.swatch.peak {} " the fullest second, in records. "
                            (some(report.plan.placement.hottest_to_even)) " times an even share at most."
                        }
                    }
                    section {
                        h2 {
                            @if let Some(list) = &report.price_list { "Cost against latency, " (list.currency) " a month" }
                            @else { "Shards against latency" }
                        }
                        @if report.curve.is_empty() {
                            p { "No number of shards would do with these keys." }
                        } @else {
                            (chart::cost(report))
                            p.muted {
                                @if report.price_list.is_some() {
                                    span.swatch.a {} " provisioned " span.swatch.b {} " on demand. "
                                }
                                "Each dot: riders hold so many seconds back and send them as one message."
                            }
                        }
                    }
                    (tables(report))
                }
            }
        }
    };
    page.into_string()
}

fn fact(name: &str, value: &str, more: &str) -> Markup {
    html! { div { span { (name) } strong { (value) } small { (more) } } }
}

fn shown(report: &Report) -> Markup {
    let most = report.places.first().map_or(0.0, |key| key.records_per_second);
    html! { " The most frequent has " (some(most)) " records/s." }
}

fn notes(report: &Report) -> Markup {
    html! {
        ul.notes {
            @for note in &report.notes {
                @let (class, word) = match note.weight {
                    Weight::Good => ("good", "Good"),
                    Weight::Odd => ("warn", "Odd"),
                    Weight::Bad => ("bad", "Bad"),
                };
                li.(class) { b { (word) } span { (note.text) } }
            }
        }
    }
}

fn tables(report: &Report) -> Markup {
    let placed = &report.plan.placement;
    let latency = &report.plan.latency;
    html! {
        section.half {
            h2 { "What one shard takes" }
            table {
                tr { th { "" } th.n { "bytes each" } th.n { "records/s" } th.n { "bytes/s" } th { "stopped by" } }
                @for profile in &report.plan.profiles {
                    tr {
                        td { (kind(profile.kind)) }
                        td.n { (whole(profile.bytes_per_record)) }
                        td.n { (whole(profile.records_per_second)) }
                        td.n { (rate(profile.bytes_per_second)) }
                        td { (binds(profile.binds)) }
                    }
                }
            }
        }
        section.half {
            h2 { "If riders held back" }
            table {
                tr {
                    th.n { "seconds" } th.n { "shards" } th.n { "mean" } th.n { "worst" }
                    @if report.price_list.is_some() { th.n { "provisioned" } th.n { "on demand" } }
                }
                @for point in &report.curve {
                    tr {
                        td.n { (point.buffer_seconds) } td.n { (point.shards) }
                        td.n { (time(point.latency_mean_ms)) } td.n { (time(point.latency_worst_ms)) }
                        @for cost in [point.provisioned_per_month, point.on_demand_per_month].into_iter().flatten() {
                            td.n { (whole(cost)) }
                        }
                    }
                }
            }
        }
        section {
            h2 { "How late a second is read" }
            table {
                tr { th { "" } th.n { "mean" } th.n { "worst" } }
                @for part in &latency.parts {
                    tr { td { (part.name) } td.n { (time(part.mean_ms)) } td.n { (time(part.worst_ms)) } }
                }
                tr.sum { td { "all" } td.n { (time(latency.mean_ms)) } td.n { (time(latency.worst_ms)) } }
            }
            (reading(report))
        }
        @for bill in &report.bills { section { (cost(report, bill)) } }
        section.wide {
            h2 { "Every shard" }
            div.scroll {
                table {
                    tr { th.n { "" } th.n { "mean/s" } th.n { "max/s" } th.n { "bytes" } th.n { "fullest race" } th.n { "over" } th.n { "refused" } }
                    @for (number, shard) in placed.shards.iter().enumerate() {
                        tr {
                            td.n { (number) }
                            td.n { (some(shard.records_per_second_mean)) }
                            td.n { (whole(f64::from(shard.records_per_second_max))) }
                            td.n { (rate(shard.bytes_per_second_mean)) }
                            td.n { (percent(shard.use_of_fullest_race)) }
                            td.n { (percent(shard.seconds_over_share)) }
                            td.n { (percent(shard.refused_share)) }
                        }
                    }
                }
            }
            p.muted { (placed.sampled_seconds) " s of 10 races played through on " (shards(report.shards)) ", keys really hashed." }
        }
    }
}

fn reading(report: &Report) -> Markup {
    let reads = &report.plan.reads;
    html! {
        p.muted {
            (report.load.consumers) @if report.load.consumers == 1 { " consumer" } @else { " consumers" }
            @if let Some(ms) = reads.poll_ms { ", each asking each shard every " (time(ms)) } @else { ", pushed to" }
            "; " (percent(reads.use_of_bytes)) " of what a shard gives; " (reads.consumers_at_most) " at most."
        }
    }
}

fn cost(report: &Report, bill: &Bill) -> Markup {
    html! {
        h2 { "A month " (mode(bill.mode)) }
        table {
            @for line in &bill.lines {
                tr { td { (line.name) br; small.muted { (some(line.quantity)) " " (line.unit) } } td.n { (money(line.cost)) } }
            }
            tr.sum { td { "all" } td.n { (money(bill.per_month)) } }
        }
        @if let Some(list) = &report.price_list {
            p.muted {
                (list.currency) ", " (list.region) ", prices of " (list.date) " from " (list.source) ". "
                (some(report.load.hours_per_month)) " of 730 hours are raced."
            }
        }
    }
}
