//! The training of a transformer as SVG: losses, exact answers with the graph-use score, gates, and the entropy of the attention.

use std::path::Path;

use hypergraphql_framework::io;
use hypergraphql_models::episodes::QuestionKind;
use hypergraphql_models::graph_memory::train::{MemoryEvaluation, MemoryProgress, MemoryTrainConfig, StepLosses};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::cli::error::CliError;

const SIZE: (u32, u32) = (960, 1280);
/// Steps whose mean is a point of the losses.
const MEAN: usize = 20;
/// Told apart without colour vision (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 5] =
    [RGBColor(0, 114, 178), RGBColor(230, 159, 0), RGBColor(0, 158, 115), RGBColor(204, 121, 167), RGBColor(86, 180, 233)];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;
/// A name and its points.
type Line = (String, Vec<(f64, f64)>);

/// Writes the picture.
pub(super) fn write(path: &Path, config: &MemoryTrainConfig, progress: &MemoryProgress) -> Result<(), CliError> {
    let mut svg = String::new();
    draw(&mut svg, config, progress).map_err(|e| CliError::failed(format!("{}: cannot draw: {e}", path.display())))?;
    Ok(io::write_file(path, svg.as_bytes())?)
}

fn draw(svg: &mut String, config: &MemoryTrainConfig, progress: &MemoryProgress) -> Drawn {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let [losses, answers, gates, entropy] =
        <[Area<'_>; 4]>::try_from(root.split_evenly((4, 1))).unwrap_or_else(|_| unreachable!("there are four"));
    let steps = progress.losses.len().max(2) as f64;
    let memory = progress.losses.get(config.base.steps..).unwrap_or_default();
    chart(&losses, "losses of stage 1, means of 20 steps", steps, None, &loss_lines(config.base.steps, memory))?;
    chart(&answers, "exact answers about names and facts that no step drew, %", steps, Some(100.0), &answer_lines(&progress.evaluations))?;
    chart(
        &gates,
        "gates: tanh of alpha (attention) and beta (feed-forward), absolute",
        steps,
        Some(1.0),
        &gate_lines(&progress.evaluations),
    )?;
    let points = progress.evaluations.iter().map(|e| (e.step as f64, e.entropy)).collect();
    chart(&entropy, "entropy of the weights that answers read with, nats", steps, None, &[("entropy".to_owned(), points)])?;
    root.present()
}

fn loss_lines(before: usize, losses: &[StepLosses]) -> Vec<Line> {
    let line = |name: &str, of: fn(&StepLosses) -> f32| {
        let mean = |(at, chunk): (usize, &[StepLosses])| {
            let sum: f64 = chunk.iter().map(|step| f64::from(of(step))).sum();
            ((before + (at + 1) * MEAN).min(before + losses.len()) as f64, sum / chunk.len() as f64)
        };
        (name.to_owned(), losses.chunks(MEAN).enumerate().map(mean).collect())
    };
    vec![line("answer", |l| l.answer), line("retrieval", |l| l.retrieval), line("null slot", |l| l.null)]
}

fn answer_lines(evaluations: &[MemoryEvaluation]) -> Vec<Line> {
    let of_kind = |kind: QuestionKind| {
        let point = |e: &MemoryEvaluation| Some((e.step as f64, 100.0 * e.scores.exact(kind)?));
        (kind.to_string(), evaluations.iter().filter_map(point).collect::<Vec<_>>())
    };
    let recall = evaluations.iter().map(|e| (e.step as f64, 100.0 * e.scores.recall())).collect();
    let use_of_graph = |e: &MemoryEvaluation| (e.step as f64, 100.0 * e.graph_use());
    let rest = [
        ("gold slot in the first 10".to_owned(), recall),
        ("graph use: less what is exact of permuted members".to_owned(), evaluations.iter().map(use_of_graph).collect()),
    ];
    QuestionKind::ALL.into_iter().map(of_kind).chain(rest).collect()
}

fn gate_lines(evaluations: &[MemoryEvaluation]) -> Vec<Line> {
    let layers = evaluations.first().map_or(0, |e| e.gates.len());
    let line = |layer: usize, gate: usize| {
        let name = format!("{} {layer}", ["alpha", "beta"][gate]);
        (name, evaluations.iter().map(|e| (e.step as f64, f64::from(e.gates[layer][gate].abs()))).collect())
    };
    (0..layers).flat_map(|layer| [line(layer, 0), line(layer, 1)]).collect()
}

fn chart(area: &Area<'_>, title: &str, steps: f64, top: Option<f64>, lines: &[Line]) -> Drawn {
    let highest = lines.iter().flat_map(|line| &line.1).map(|point| point.1).fold(0.0, f64::max);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(56)
        .build_cartesian_2d(0.0..steps, 0.0..top.unwrap_or(highest.max(1e-6)))?;
    chart.configure_mesh().x_desc("step").light_line_style(WHITE).draw()?;
    for ((name, points), colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let style = colour.stroke_width(2);
        let series = chart.draw_series(LineSeries::new(points.iter().copied(), style))?;
        series.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], style));
    }
    chart.configure_series_labels().position(SeriesLabelPosition::UpperRight).background_style(WHITE.mix(0.8)).draw()
}
