//! A picture of what riders cost, for the docs.

use alleycat_bench_report::median;
use anyhow::anyhow;
use plotters::prelude::*;

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

/// The picture of all lines, as SVG.
pub(crate) fn draw(lines: &[Line]) -> anyhow::Result<String> {
    let mut svg = String::new();
    // The library's faults borrow what is drawn on.
    plot(lines, &mut svg).map_err(|error| anyhow!("the curve can't be drawn: {error}"))?;
    Ok(svg)
}

fn plot(lines: &[Line], svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let points = || lines.iter().flat_map(|line| &line.points);
    let (riders, cores) =
        points().fold((1.0_f64, 0.01_f64), |(x, y), point| (x.max(point.0), y.max(point.1)));
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..riders * ROOM, 0.0..cores * ROOM)?;
    chart
        .configure_mesh()
        .max_light_lines(0)
        .x_desc("riders")
        .y_desc("processor, of a core")
        .x_label_formatter(&|riders| format!("{riders:.0}"))
        .y_label_formatter(&|cores| format!("{:.0} %", cores * 100.0))
        .draw()?;
    for (index, line) in lines.iter().enumerate() {
        let colour = Palette99::pick(index);
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(line.points.iter().copied(), style).point_size(3))?
            .label(line.name.as_str())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    let names = SeriesLabelPosition::LowerRight;
    chart.configure_series_labels().position(names).background_style(WHITE).draw()?;
    Ok(area.present()?)
}

const SIZE: (u32, u32) = (760, 400);
/// How much of the axes is beyond the last point.
const ROOM: f64 = 1.05;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_drawn_with_its_name_and_all_of_its_points() {
        let line =
            |name: &str, points: &[(f64, f64)]| Line { name: name.to_owned(), points: points.to_vec() };
        let svg = draw(&[line("one", &[(250.0, 0.03), (18_000.0, 0.93)]), line("two", &[(250.0, 0.05)])]);
        let svg = svg.unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(["one", "two", "riders"].iter().all(|word| svg.contains(word)), "{svg}");
    }
}
