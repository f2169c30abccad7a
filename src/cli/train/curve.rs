//! The learning curve as SVG: accuracies above, loss below, one line a run.

use std::path::Path;

use hypergraphql_framework::io;
use plotters::coord::Shift;
use plotters::prelude::*;

use super::report::RunReport;
use crate::cli::error::CliError;

const SIZE: (u32, u32) = (960, 720);
/// Train, validation, test; told apart without colour vision (Okabe and Ito, 2008).
const PARTS: [(&str, RGBColor); 3] = [("train", RGBColor(86, 180, 233)), ("valid", RGBColor(230, 159, 0)), ("test", RGBColor(0, 158, 115))];
const LOSS: RGBColor = RGBColor(213, 94, 0);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

/// Draws all runs into `path`; nothing where no epoch was trained.
pub(super) fn write(path: &Path, title: &str, runs: &[RunReport]) -> Result<(), CliError> {
    let epochs = runs.iter().map(|r| r.curve.len()).max().unwrap_or(0);
    if epochs == 0 {
        return Ok(());
    }
    let mut svg = String::new();
    draw(&mut svg, title, runs, epochs).map_err(|e| CliError::failed(format!("{}: cannot draw: {e}", path.display())))?;
    Ok(io::write_file(path, svg.as_bytes())?)
}

fn draw(svg: &mut String, title: &str, runs: &[RunReport], epochs: usize) -> Drawn {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (above, below) = root.split_vertically(SIZE.1 * 3 / 5);
    accuracies(&above, title, runs, epochs)?;
    losses(&below, runs, epochs)?;
    root.present()
}

fn accuracies(area: &Area<'_>, title: &str, runs: &[RunReport], epochs: usize) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(24)
        .y_label_area_size(56)
        .build_cartesian_2d(1.0..epochs.max(2) as f64, 0.0..100.0)?;
    chart.configure_mesh().y_desc("accuracy, %").light_line_style(WHITE).draw()?;
    for (part, (name, colour)) in PARTS.into_iter().enumerate() {
        for run in runs {
            let totals = [&run.outcome.train, &run.outcome.valid, &run.outcome.test].map(|p| p.nodes);
            let points = run.curve.iter().filter_map(|r| Some((r.epoch as f64, 100.0 * r.right.accuracy(totals)[part]?)));
            let series = chart.draw_series(LineSeries::new(points, colour.mix(opacity(runs)).stroke_width(1)))?;
            if run.run == runs[0].run {
                series.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
            }
        }
    }
    chart.configure_series_labels().position(SeriesLabelPosition::LowerRight).background_style(WHITE.mix(0.8)).draw()
}

fn losses(area: &Area<'_>, runs: &[RunReport], epochs: usize) -> Drawn {
    let highest = runs.iter().flat_map(|r| &r.curve).map(|r| f64::from(r.loss)).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(56)
        .build_cartesian_2d(1.0..epochs.max(2) as f64, 0.0..highest.max(1e-6))?;
    chart.configure_mesh().x_desc("epoch").y_desc("training loss").light_line_style(WHITE).draw()?;
    for run in runs {
        let points = run.curve.iter().map(|r| (r.epoch as f64, f64::from(r.loss)));
        chart.draw_series(LineSeries::new(points, LOSS.mix(opacity(runs)).stroke_width(1)))?;
    }
    Ok(())
}

/// Many runs are drawn lighter, so that the crowd shows.
fn opacity(runs: &[RunReport]) -> f64 {
    if runs.len() < 3 { 1.0 } else { 0.5 }
}
