//! The pictures, as SVG: keys on the ring, load per shard, cost against latency.
//!
//! Drawn here, for a ring of hash keys is in no library of charts, and so that all three take colours, type and width
//! from the page's style. Each is 360 wide: a column of the page on a desk, and the whole width of a phone.

use std::f64::consts::TAU;

use maud::{Markup, html};

use super::number::{percent, some, time, whole};
use super::report::Report;

const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 36.0;
/// More shards than these are not numbered on the ring.
const NUMBERED: usize = 32;

/// How full a shard is, as a class of the style.
pub(crate) fn fullness(used: f64, headroom: f64) -> &'static str {
    match used {
        used if used > 1.0 => "bad",
        used if used > 1.0 - headroom + 1e-9 => "warn",
        _ => "good",
    }
}

/// Keys on the ring of hash keys, with the shards as its arcs.
pub(crate) fn ring(report: &Report) -> Markup {
    let shards = &report.plan.placement.shards;
    let (cx, cy, r) = (WIDTH / 2.0, 170.0, 108.0);
    let at = |part: f64, radius: f64| {
        let (sin, cos) = (part * TAU).sin_cos();
        (cx + radius * sin, cy - radius * cos)
    };
    let most = report.places.iter().map(|key| key.records_per_second).fold(f64::MIN_POSITIVE, f64::max);
    let arc = |from: f64, to: f64| {
        // A little shorter, so that borders show; never a whole turn, which SVG draws as nothing.
        let gap = if shards.len() > 1 { 0.002_f64.min((to - from) / 4.0) } else { 0.000_1 };
        let ((x0, y0), (x1, y1)) = (at(from + gap, r), at(to - gap, r));
        let large = u8::from(to - from > 0.5);
        format!("M{x0:.2} {y0:.2}A{r} {r} 0 {large} 1 {x1:.2} {y1:.2}")
    };
    let ends = shards.iter().skip(1).map(|shard| shard.starts_at).chain([1.0]);
    let headroom = report.load.headroom;
    html! {
        svg viewBox="0 32 360 276" role="img" aria-label="Keys on the ring of hash keys" {
            @for (number, (shard, end)) in shards.iter().zip(ends).enumerate() {
                path class={ "arc " (fullness(shard.use_of_fullest_race, headroom)) } d=(arc(shard.starts_at, end)) {
                    title { "shard " (number) ": " (percent(shard.use_of_fullest_race)) " full in its fullest race" }
                }
                @if shards.len() <= NUMBERED {
                    @let (x, y) = at(f64::midpoint(shard.starts_at, end), r + 22.0);
                    text class="label" x=(f1(x)) y=(f1(y + 4.0)) text-anchor="middle" { (number) }
                }
            }
            @for key in &report.places {
                @let size = 2.0 + 8.0 * (key.records_per_second / most * few(report.places.len())).sqrt();
                @let (x, y) = at(key.at, r - 18.0 - size);
                circle class="key" cx=(f1(x)) cy=(f1(y)) r=(f1(size)) {
                    title { (key.key) ": " (some(key.records_per_second)) " records/s" }
                }
            }
            text class="big" x=(f1(cx)) y=(f1(cy)) text-anchor="middle" { (whole(f64::from(report.shards))) }
            text class="label" x=(f1(cx)) y=(f1(cy + 20.0)) text-anchor="middle" {
                @if report.shards == 1 { "shard" } @else { "shards" }
            }
        }
    }
}

/// Keys are drawn smaller the more they are.
#[expect(clippy::cast_precision_loss, reason = "at most some hundreds")]
fn few(keys: usize) -> f64 {
    (6.0 / keys.max(6) as f64).min(1.0)
}

/// The load of each shard against its limits.
pub(crate) fn load(report: &Report) -> Markup {
    let shards = &report.plan.placement.shards;
    let records = f64::from(alleycat_stream::quota::SHARD_RECORDS_PER_SECOND);
    let bytes = f64::from(alleycat_stream::quota::SHARD_BYTES_PER_SECOND);
    let headroom = report.load.headroom;
    let fullest = shards.iter().map(|shard| f64::from(shard.records_per_second_max) / records);
    let top = fullest.fold(report.plan.placement.hottest_use, f64::max).max(1.0) * 1.12;
    let scale = Scale { top, left: LEFT, right: WIDTH - RIGHT };
    #[expect(clippy::cast_precision_loss, reason = "at most some thousands")]
    let step = (WIDTH - LEFT - RIGHT) / shards.len().max(1) as f64;
    let bar = (step * 0.36).clamp(0.5, 34.0);
    let every = shards.len().div_ceil(12);
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label="Load per shard against its limits" {
            (scale.grid(&ticks(top), &percent))
            @for (number, shard) in shards.iter().enumerate() {
                @let x = LEFT + step * (index(number) + 0.5);
                @let mean = shard.records_per_second_mean / records;
                @let most = f64::from(shard.records_per_second_max) / records;
                @let of_bytes = shard.bytes_per_second_mean / bytes;
                g {
                    title {
                        "shard " (number) ": " (some(shard.records_per_second_mean)) " records/s, at most "
                        (shard.records_per_second_max) ", " (percent(of_bytes)) " of the bytes"
                    }
                    rect class={ "bar " (fullness(shard.use_of_fullest_race, headroom)) } x=(f1(x - bar)) width=(f1(bar))
                        y=(f1(scale.y(mean))) height=(f1(scale.height(mean))) {}
                    rect class="bar bytes" x=(f1(x)) width=(f1(bar)) y=(f1(scale.y(of_bytes))) height=(f1(scale.height(of_bytes))) {}
                    line class="peak" x1=(f1(x - bar)) x2=(f1(x)) y1=(f1(scale.y(most))) y2=(f1(scale.y(most))) {}
                }
                @if number.is_multiple_of(every) {
                    text class="label" x=(f1(x)) y=(f1(HEIGHT - BOTTOM + 16.0)) text-anchor="middle" { (number) }
                }
            }
            (scale.line(1.0, "limit", "limit"))
            @if headroom > 0.0 { (scale.line(1.0 - headroom, "target", "with headroom")) }
            text class="label" x=(f1(WIDTH / 2.0)) y=(f1(HEIGHT - 4.0)) text-anchor="middle" { "shard" }
        }
    }
}

/// Latency in ms, what stands against it, and the seconds that riders hold back.
type Dots = Vec<(f64, f64, u16)>;

/// Cost against latency as riders hold back longer; shards against it where there are no prices.
pub(crate) fn cost(report: &Report) -> Markup {
    let points = &report.curve;
    let shards =
        points.iter().map(|point| (point.latency_mean_ms, f64::from(point.shards), point.buffer_seconds));
    let lines: Vec<(&str, Dots)> = if report.price_list.is_some() {
        let money = |of: fn(&alleycat_stream::plan::Point) -> Option<f64>| {
            points
                .iter()
                .filter_map(|point| Some((point.latency_mean_ms, of(point)?, point.buffer_seconds)))
                .collect()
        };
        vec![
            ("a", money(|point| point.provisioned_per_month)),
            ("b", money(|point| point.on_demand_per_month)),
        ]
    } else {
        vec![("a", shards.collect())]
    };
    let all = || lines.iter().flat_map(|(_, points)| points);
    let top = all().map(|(_, y, _)| *y).fold(0.0, f64::max).max(1e-9) * 1.12;
    let (first, last) = (
        all().map(|(x, _, _)| *x).fold(f64::INFINITY, f64::min),
        all().map(|(x, _, _)| *x).fold(1.0, f64::max),
    );
    let scale = Scale { top, left: LEFT, right: WIDTH - RIGHT };
    // Latencies go from parts of a second to half a minute.
    let x = |ms: f64| {
        LEFT + 14.0 + (ms / first).ln() / (last / first).ln().max(1e-9) * (WIDTH - LEFT - RIGHT - 40.0)
    };
    let marks = [200.0, 500.0, 1_000.0, 2_000.0, 5_000.0, 10_000.0].into_iter();
    let marks = marks.filter(|ms| (first..=last).contains(ms));
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } role="img" aria-label="Cost against latency" {
            (scale.grid(&ticks(top), &some))
            @for ms in marks {
                text class="label" x=(f1(x(ms))) y=(f1(HEIGHT - BOTTOM + 16.0)) text-anchor="middle" {
                    (if ms < 1_000.0 { time(ms) } else { format!("{} s", ms / 1_000.0) })
                }
            }
            @for (class, points) in &lines {
                polyline class={ "line " (class) } points={
                    @for (ms, y, _) in points { (f1(x(*ms))) "," (f1(scale.y(*y))) " " }
                } {}
                @for (ms, y, seconds) in points {
                    circle class={ "point " (class) } cx=(f1(x(*ms))) cy=(f1(scale.y(*y))) r="4" {
                        title { "held back for " (seconds) " s: " (some(*y)) ", " (time(*ms)) " late" }
                    }
                }
            }
            @if let Some((_, points)) = lines.iter().max_by(|a, b| peak(&a.1).total_cmp(&peak(&b.1))) {
                @for (ms, y, seconds) in points {
                    text class="label" x=(f1(x(*ms) + 6.0)) y=(f1(scale.y(*y) - 7.0)) { (seconds) " s" }
                }
            }
            text class="label" x=(f1(WIDTH / 2.0)) y=(f1(HEIGHT - 4.0)) text-anchor="middle" { "read so late, on average" }
        }
    }
}

fn peak(points: &[(f64, f64, u16)]) -> f64 {
    points.iter().map(|(_, y, _)| *y).fold(0.0, f64::max)
}

/// The upright axis.
struct Scale {
    top: f64,
    left: f64,
    right: f64,
}

impl Scale {
    fn y(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.height(value)
    }

    fn height(&self, value: f64) -> f64 {
        value / self.top * (HEIGHT - TOP - BOTTOM)
    }

    fn grid(&self, ticks: &[f64], name: &dyn Fn(f64) -> String) -> Markup {
        html! {
            @for tick in ticks {
                @let y = self.y(*tick);
                line class="grid" x1=(f1(self.left)) x2=(f1(self.right)) y1=(f1(y)) y2=(f1(y)) {}
                text class="label" x=(f1(self.left - 6.0)) y=(f1(y + 4.0)) text-anchor="end" { (name(*tick)) }
            }
        }
    }

    fn line(&self, value: f64, class: &str, name: &str) -> Markup {
        let y = self.y(value);
        html! {
            line class=(class) x1=(f1(self.left)) x2=(f1(self.right)) y1=(f1(y)) y2=(f1(y)) {}
            text class={ "label " (class) } x=(f1(self.right)) y=(f1(y - 4.0)) text-anchor="end" { (name) }
        }
    }
}

/// Round values from 0, at most six of them.
fn ticks(top: f64) -> Vec<f64> {
    let rough = top / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0].into_iter().map(|by| by * power).find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    (0..=5).map(|n| f64::from(n) * step).filter(|tick| *tick <= top).collect()
}

#[expect(clippy::cast_precision_loss, reason = "the number of a shard")]
fn index(number: usize) -> f64 {
    number as f64
}

/// A coordinate, as exact as eyes are.
fn f1(number: f64) -> String {
    format!("{number:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_few_and_below_the_top() {
        for top in [0.003, 1.12, 7.0, 149.0, 98_765.0] {
            let ticks = ticks(top);
            assert!((3..=6).contains(&ticks.len()), "{ticks:?}");
            assert!(ticks.iter().all(|tick| *tick <= top));
        }
        assert_eq!(ticks(1.12), [0.0, 0.25, 0.5, 0.75, 1.0]);
    }
}
