//! The roofline as SVG: each case by its operations per byte, under what memory and arithmetic allow (Williams, Waterman and Patterson, 2009).

use std::path::Path;

use hypergraphql_framework::io;
use plotters::prelude::*;

use super::record::{Record, Roofs};
use crate::cli::error::CliError;

const SIZE: (u32, u32) = (960, 640);
/// Okabe and Ito, 2008: told apart without colour vision.
const CASE: RGBColor = RGBColor(0, 114, 178);
const ROOF: RGBColor = RGBColor(213, 94, 0);

/// Draws the records that have operations and bytes; nothing where there are none.
pub(super) fn write(path: &Path, records: &[(&Record, &Roofs)]) -> Result<(), CliError> {
    let points: Vec<_> = records.iter().filter_map(|(r, _)| Some((r.gflops? / r.gbps?, r.gflops?, &r.case))).collect();
    let copy = records.iter().map(|(_, roofs)| roofs.copy).fold(0.0, f64::max);
    let matmul = records.iter().filter_map(|(_, roofs)| roofs.matmul).fold(0.0, f64::max);
    if points.is_empty() {
        return Ok(());
    }
    let mut svg = String::new();
    draw(&mut svg, &points, copy, matmul).map_err(|e| CliError::failed(format!("{}: cannot draw: {e}", path.display())))?;
    Ok(io::write_file(path, svg.as_bytes())?)
}

fn draw(svg: &mut String, points: &[(f64, f64, &String)], copy: f64, matmul: f64) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let range = |of: &dyn Fn(&(f64, f64, &String)) -> f64| {
        points.iter().map(of).fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)))
    };
    let (left, right) = range(&|p| p.0);
    let (low, high) = range(&|p| p.1);
    let (left, right) = (left / 4.0, right * 4.0);
    let roof = |x: f64| if matmul > 0.0 { (copy * x).min(matmul) } else { copy * x };
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Roofline", ("sans-serif", 20))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d((left..right).log_scale(), (low / 4.0..high.max(roof(right)) * 2.0).log_scale())?;
    chart.configure_mesh().x_desc("operations per byte").y_desc("GFLOP/s").light_line_style(WHITE).draw()?;
    let steps = (0..=200).map(|i| left * (right / left).powf(f64::from(i) / 200.0));
    chart
        .draw_series(LineSeries::new(steps.map(|x| (x, roof(x))), ROOF.stroke_width(2)))?
        .label("copy and matmul of the same run")
        .legend(|(x, y)| PathElement::new([(x, y), (x + 16, y)], ROOF.stroke_width(2)));
    chart.draw_series(points.iter().map(|&(x, y, _)| Circle::new((x, y), 4, CASE.filled())))?;
    chart.draw_series(points.iter().map(|&(x, y, case)| Text::new(case.clone(), (x * 1.06, y), ("sans-serif", 12))))?;
    chart.configure_series_labels().position(SeriesLabelPosition::LowerRight).background_style(WHITE.mix(0.8)).draw()?;
    root.present()
}
