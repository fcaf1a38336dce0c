//! A picture of what riders cost: an SVG of lines over a grid, for the docs.

use std::fmt::Write;

use alleycat_bench_report::median;

use crate::cost::Cost;

/// What one way of serving costs.
pub(crate) struct Line {
    name: String,
    /// Riders, and cores.
    points: Vec<(f64, f64)>,
}

impl Line {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), points: Vec::new() }
    }

    /// Adds the median of some rounds.
    pub(crate) fn add(&mut self, riders: u32, costs: &[Cost], cores: impl Fn(&Cost) -> f64) {
        let costs: Vec<_> = costs.iter().map(cores).collect();
        self.points.extend(median(&costs).map(|cores| (f64::from(riders), cores)));
    }
}

/// The picture of all lines.
pub(crate) fn draw(lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let (riders, cores) =
        points().fold((1.0_f64, 0.01_f64), |(x, y), point| (x.max(point.0), y.max(point.1)));
    let (across, up) = (step(riders), step(cores));
    let (right, top) = ((riders / across).ceil() * across, (cores / up).ceil() * up);
    let x = |riders: f64| LEFT + riders / right * WIDTH;
    let y = |cores: f64| TOP + HEIGHT - cores / top * HEIGHT;
    let mut svg = String::from(HEAD);
    let mut put = |text: std::fmt::Arguments<'_>| _ = svg.write_fmt(text);
    for tick in 0..=(top / up).round() as u32 {
        let cores = up * f64::from(tick);
        let at = y(cores);
        put(format_args!("<path class=\"grid\" d=\"M{LEFT} {at:.1}h{WIDTH}\"/>"));
        put(format_args!(
            "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">{:.0} %</text>",
            LEFT - 6.0,
            at + 4.0,
            cores * 100.0
        ));
    }
    for tick in 0..=(right / across).round() as u32 {
        let riders = across * f64::from(tick);
        put(format_args!(
            "<text class=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{riders:.0}</text>",
            x(riders),
            TOP + HEIGHT + 18.0
        ));
    }
    for (line, colour, number) in
        lines.iter().zip(COLOURS.iter().cycle()).zip(0_u32..).map(|((l, c), n)| (l, c, n))
    {
        let path = line.points.iter().map(|point| format!("{:.1},{:.1}", x(point.0), y(point.1)));
        let path = path.collect::<Vec<_>>().join(" ");
        put(format_args!("<polyline points=\"{path}\" stroke=\"{colour}\"/>"));
        for point in &line.points {
            put(format_args!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                x(point.0),
                y(point.1)
            ));
        }
        let at = TOP + 14.0 + 18.0 * f64::from(number);
        put(format_args!(
            "<text x=\"{:.1}\" y=\"{at:.1}\" style=\"fill:{colour}\">{}</text>",
            LEFT + 10.0,
            line.name
        ));
    }
    put(format_args!(
        "<text class=\"end\" x=\"{:.1}\" y=\"{:.1}\">riders</text></svg>\n",
        LEFT + WIDTH,
        TOP + HEIGHT + 36.0
    ));
    svg
}

/// A round number that is about a fifth of the whole: 1, 2 or 5 and noughts.
fn step(whole: f64) -> f64 {
    let rough = whole / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    [1.0, 2.0, 5.0, 10.0].map(|times| times * power).into_iter().find(|step| *step >= rough).unwrap_or(rough)
}

const HEAD: &str = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 400\" font-family=\"sans-serif\" \
font-size=\"12\"><title>Processor, in per cent of a core, by riders</title><style>.grid{stroke:#8886}text{fill:#888}\
.end{text-anchor:end}.middle{text-anchor:middle}polyline{fill:none;\
stroke-width:2}</style>";
const COLOURS: [&str; 5] = ["#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e"];
const LEFT: f64 = 60.0;
const TOP: f64 = 20.0;
const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 330.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_within_the_grid() {
        let mut line = Line::new("one");
        line.points = vec![(250.0, 0.03), (18_000.0, 0.93)];
        let svg = draw(&[line]);
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        assert_eq!(svg.matches("<circle").count(), 2);
        for value in svg.split("cy=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok())
        {
            assert!((TOP..=TOP + HEIGHT).contains(&value), "{value}");
        }
    }

    #[test]
    fn steps_are_round() {
        let texts = [18_000.0, 0.93, 5.0].map(|whole| format!("{:.1}", step(whole)));
        assert_eq!(texts, ["5000.0", "0.2", "1.0"]);
    }
}
