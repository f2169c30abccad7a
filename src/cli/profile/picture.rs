//! A profile as SVG: the tree of operators on the left, a bar of each one's time on the right, with rows beside those expected.

use std::path::Path;

use hypergraphql_framework::io;
use hypergraphql_runtime::engine::Profile;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::{label, share};
use crate::cli::error::CliError;

const WIDTH: i32 = 1200;
const ROW: i32 = 26;
const MARGIN: i32 = 16;
/// Where the columns of rows and of expected rows end, and where the bars begin and may end.
const ROWS: i32 = 700;
const EXPECTED: i32 = 800;
const BARS: (i32, i32) = (820, 1090);
/// Okabe and Ito, 2008: told apart without colour vision.
const HOST: RGBColor = RGBColor(0, 114, 178);
const DEVICE: RGBColor = RGBColor(213, 94, 0);

/// Draws the profile into a file.
pub(super) fn write(path: &Path, profile: &Profile) -> Result<(), CliError> {
    let mut svg = String::new();
    draw(&mut svg, profile).map_err(|error| CliError::failed(format!("{}: cannot draw: {error}", path.display())))?;
    Ok(io::write_file(path, svg.as_bytes())?)
}

fn draw(svg: &mut String, profile: &Profile) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let tree = profile.tree();
    let height = 2 * MARGIN + ROW * (tree.len() as i32 + 2);
    let root = SVGBackend::with_string(svg, (WIDTH as u32, height as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    let style = |color: &RGBColor, at| ("sans-serif", 14).into_font().color(color).pos(Pos::new(at, VPos::Center));
    let text = |text: String, x: i32, line: usize, at: HPos| {
        root.draw(&Text::new(text, (x, MARGIN + ROW * line as i32 + ROW / 2), style(&BLACK, at)))
    };
    let legend = [("operator", MARGIN, HPos::Left), ("rows", ROWS, HPos::Right), ("expected", EXPECTED, HPos::Right)];
    for (name, x, at) in legend {
        text(name.to_owned(), x, 0, at)?;
    }
    text("milliseconds".to_owned(), BARS.0, 0, HPos::Left)?;
    for (at, (depth, of)) in tree.iter().enumerate() {
        let line = at + 1;
        // Blanks at the start of a text are lost in SVG.
        let name = label(*depth, of);
        text(name.trim_start().to_owned(), MARGIN + 16 * *depth as i32, line, HPos::Left)?;
        text(of.rows.to_string(), ROWS, line, HPos::Right)?;
        text(format!("{:.0}", of.expected), EXPECTED, line, HPos::Right)?;
        let top = MARGIN + ROW * line as i32;
        let end = BARS.0 + (f64::from(BARS.1 - BARS.0) * share(profile, of)).round() as i32;
        let color = if of.device == "cpu" { HOST } else { DEVICE };
        root.draw(&Rectangle::new([(BARS.0, top + 5), (end.max(BARS.0 + 1), top + ROW - 5)], color.filled()))?;
        text(format!("{:.3} {}", of.time.as_secs_f64() * 1e3, of.device), end + 8, line, HPos::Left)?;
    }
    text(format!("{:.3} ms in all", profile.total.as_secs_f64() * 1e3), MARGIN, tree.len() + 1, HPos::Left)?;
    root.present()
}
