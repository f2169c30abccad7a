//! Guess the region of a country from the company it keeps: load a hypergraph, train a network on it, look at what it says.
//!
//! `cargo run --release --example node_classification`
//!
//! The countries have no features: each is one of its own kind (identity). All that a network can know of a country it was not told the
//! region of, it knows through hyperedges: the organisations, seas, rivers, languages and borders that the country shares with others.
//!
//! ```text
//! Split: 96 countries to learn from, 48 to choose the epoch by, 51 to test on.
//!
//! HGNN on the hypergraph: 200 epochs in 0.3 s, best validation at epoch 36
//! the same without hyperedges: 200 epochs in 0.2 s, best validation at epoch 3
//!
//! Test accuracy on 51 countries whose region no network was told:
//!    90.2 %  HGNN, two layers
//!    17.6 %  the same network, every country alone
//!    21.6 %  the most frequent region of the training countries
//!
//! Some predictions for test countries, the smallest groups they are in and who shares most groups (* region told in training):
//!
//! Burkina Faso: Western and Middle Africa (65 %), right
//!   in Alliance of Sahel States (3) | Volta basin (6) | West African CFA franc (8) | On the prime meridian (8)
//!   with Mali (12 shared, Western and Middle Africa), Niger (10 shared, Western and Middle Africa), Benin* (7 shared, Western and Middle Africa), Chad (7 shared, Western and Middle Africa)
//!
//! …
//! ```

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use hypergraphql::prelude::*;
use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;

const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/countries/countries.hif.json");
const SEED: u64 = 7;
/// Told apart without colour vision (Okabe and Ito, 2008).
const COLOURS: [RGBColor; 2] = [RGBColor(86, 180, 233), RGBColor(230, 159, 0)];

fn main() -> Result<(), Box<dyn Error>> {
    let mut data = io::read(DATA)?;
    describe(&data);

    data.features = Features::identity(data.hypergraph.nodes());
    let labels = data.labels.clone().ok_or("the countries have regions")?;
    let split = splits::stratified(&labels, [0.5, 0.25, 0.25], SEED)?;
    let [train_on, choose_by, test_on] = [&split.train, &split.valid, &split.test].map(Vec::len);
    println!("\nSplit: {train_on} countries to learn from, {choose_by} to choose the epoch by, {test_on} to test on.\n");

    let network = NodeClassifierConfig::new(LayerKind::Hgnn, data.hypergraph.nodes(), labels.classes).with_hidden(64);
    let trained = train("HGNN on the hypergraph", &data, &split, &network)?;
    let alone = train("the same without hyperedges", &without_hyperedges(&data)?, &split, &network)?;

    println!("\nTest accuracy on {test_on} countries whose region no network was told:");
    println!("  {:5.1} %  HGNN, two layers", 100.0 * trained.test_accuracy);
    println!("  {:5.1} %  the same network, every country alone", 100.0 * alone.test_accuracy);
    println!("  {:5.1} %  the most frequent region of the training countries", 100.0 * majority(&labels, &split));

    show_some(&data, &labels, &split, &trained.predictions);
    let plot = target_folder()?.join("learning_curve.svg");
    draw(&trained.curve, &plot)?;
    println!("\nLearning curve: {}", plot.display());
    Ok(())
}

/// Prints what the dataset is.
fn describe(data: &Dataset) {
    let s = Summary::of(&data.hypergraph);
    println!("{}: {} nodes, {} hyperedges, {} incidences", data.name, s.nodes, s.hyperedges, s.incidences);
    println!("  hyperedges of a country    {:3} to {:3}, mean {:.1}", s.min_degree, s.max_degree, s.mean_degree);
    println!("  countries of a hyperedge   {:3} to {:3}, mean {:.1}", s.min_size, s.max_size, s.mean_size);
    println!("  connected components       {:3}", s.components);
    println!("  regions to tell apart:");
    let counts = data.labels.iter().flat_map(Labels::counts);
    for (name, count) in data.label_names.iter().zip(counts) {
        println!("    {count:3}  {name}");
    }
}

struct Trained {
    test_accuracy: f64,
    predictions: Predictions,
    /// Loss, training accuracy and validation accuracy of every epoch.
    curve: Vec<[f64; 3]>,
}

/// Trains on the CPU and keeps the epoch with the best validation accuracy.
fn train(name: &str, data: &Dataset, split: &Split, network: &NodeClassifierConfig) -> Result<Trained, Box<dyn Error>> {
    let device = CpuDevice::default();
    let setup = TaskConfig::for_dataset(data, true, SEED);
    let task = NodeTask::<Cpu>::new(data, &*setup.prepare(data)?, setup, &device)?;
    let config = TrainConfig { seed: SEED, epochs: 200, lr: 0.01, weight_decay: 5e-4, ..TrainConfig::default() };
    let mut trainer = Trainer::new(&task, split, network, &config)?;

    let bar = ProgressBar::new(config.epochs as u64).with_style(ProgressStyle::with_template("{prefix:28} {bar:30} {pos}/{len} {msg}")?);
    bar.set_prefix(name.to_owned());
    let mut curve = Vec::new();
    while !trainer.is_finished() {
        let epoch = trainer.epoch()?;
        // No part of the split is empty.
        let [train, valid, _] = epoch.right.accuracy(trainer.progress().totals).map(Option::unwrap_or_default);
        bar.set_message(format!("loss {:.3}  train {:.1} %  valid {:.1} %", epoch.loss, 100.0 * train, 100.0 * valid));
        bar.inc(1);
        curve.push([f64::from(epoch.loss), train, valid]);
    }
    bar.finish_and_clear();
    let best = trainer.progress().best.map_or(0, |b| b.epoch);
    println!("{name}: {} epochs in {:.1} s, best validation at epoch {best}", config.epochs, bar.elapsed().as_secs_f64());

    let checkpoint = trainer.checkpoint(serde_json::Value::Null)?;
    let predictions = predict::<Cpu>(checkpoint, Path::new("memory"), data, &device)?;
    let test_accuracy = trainer.outcome()?.test.accuracy.ok_or("the split has no test countries")?;
    Ok(Trained { test_accuracy, predictions, curve })
}

/// The same countries, each in a hyperedge of its own.
fn without_hyperedges(data: &Dataset) -> Result<Dataset, Box<dyn Error>> {
    let n = data.hypergraph.nodes();
    let alone = Hypergraph::from_members(n, (0..n as u32).map(|i| [i]), Duplicates::Error)?;
    Ok(Dataset { hypergraph: alone, hyperedge_names: None, ..data.clone() })
}

/// The share of test nodes in the class that most training nodes have.
fn majority(labels: &Labels, split: &Split) -> f64 {
    let of = |nodes: &[u32]| Labels { classes: labels.classes, of: nodes.iter().map(|n| labels.of[*n as usize]).collect() }.counts();
    let (train, test) = (of(&split.train), of(&split.test));
    let most = (0..labels.classes).max_by_key(|c| train[*c]).unwrap_or(0);
    test[most] as f64 / split.test.len() as f64
}

/// Prints the predictions for the first test country of every region and for the surest mistakes, with their neighbourhood.
fn show_some(data: &Dataset, labels: &Labels, split: &Split, predictions: &Predictions) {
    let class = |n: u32| labels.of[n as usize].map(|c| c as usize);
    let guess = |n: u32| predictions.top(n as usize, 1)[0];
    let first = (0..labels.classes).filter_map(|c| split.test.iter().find(|n| class(**n) == Some(c)));
    let mut wrong: Vec<&u32> = split.test.iter().filter(|n| class(**n) != Some(guess(**n).0)).collect();
    wrong.sort_by(|a, b| guess(**b).1.total_cmp(&guess(**a).1));
    println!(
        "\nSome predictions for test countries, the smallest groups they are in and who shares most groups (* region told in training):"
    );
    for &n in first.chain(wrong.into_iter().take(2)) {
        let (c, p) = guess(n);
        let mark = if class(n) == Some(c) { "right" } else { "WRONG" };
        println!("\n{}: {} ({:.0} %), {mark}", node_name(data, n), predictions.names[c], 100.0 * p);
        println!("  in {}", smallest_groups(data, n, 4).join(" | "));
        println!("  with {}", closest(data, labels, split, n, 4).join(", "));
    }
}

/// The smallest hyperedges of a country: the most telling ones.
fn smallest_groups(data: &Dataset, node: u32, count: usize) -> Vec<String> {
    let size = |e: &u32| data.hypergraph.edge_major().degree(*e as usize);
    let mut groups = data.hypergraph.node_major().row(node as usize).to_vec();
    groups.sort_by_key(size);
    groups.iter().take(count).map(|e| format!("{} ({})", hyperedge_name(data, *e), size(e))).collect()
}

/// The countries that share most hyperedges with this one; `*` marks those whose region the network was told.
fn closest(data: &Dataset, labels: &Labels, split: &Split, node: u32, count: usize) -> Vec<String> {
    let mut shared = HashMap::new();
    for e in data.hypergraph.node_major().row(node as usize) {
        for other in data.hypergraph.edge_major().row(*e as usize).iter().filter(|o| **o != node) {
            *shared.entry(*other).or_insert(0_usize) += 1;
        }
    }
    let mut shared: Vec<(u32, usize)> = shared.into_iter().collect();
    shared.sort_by_key(|(other, times)| (usize::MAX - times, *other));
    let told = |n: u32| if split.train.contains(&n) { "*" } else { "" };
    let region = |n: u32| labels.of[n as usize].and_then(|c| data.label_names.get(c as usize)).map_or("?", String::as_str);
    shared.iter().take(count).map(|(n, times)| format!("{}{} ({times} shared, {})", node_name(data, *n), told(*n), region(*n))).collect()
}

fn node_name(data: &Dataset, node: u32) -> String {
    data.node_names.as_ref().map_or_else(|| node.to_string(), |names| names[node as usize].to_plain())
}

fn hyperedge_name(data: &Dataset, hyperedge: u32) -> String {
    data.hyperedge_names.as_ref().map_or_else(|| hyperedge.to_string(), |names| names[hyperedge as usize].to_plain())
}

/// A folder beside the build outputs, so that nothing lands in the source tree.
fn target_folder() -> Result<PathBuf, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let folder = program.parent().map_or_else(std::env::temp_dir, |examples| examples.join("node_classification-out"));
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Draws training and validation accuracy over the epochs.
fn draw(curve: &[[f64; 3]], path: &Path) -> Result<(), Box<dyn Error>> {
    let root = SVGBackend::new(path, (720, 420)).into_drawing_area();
    root.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&root)
        .caption("Region of a country: accuracy", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(48)
        .build_cartesian_2d(0..curve.len(), 0.0..1.0)?;
    chart.configure_mesh().x_desc("epoch").y_desc("accuracy").draw()?;
    for (column, name, colour) in [(1, "training", COLOURS[0]), (2, "validation", COLOURS[1])] {
        let points = curve.iter().enumerate().map(|(i, row)| (i + 1, row[column]));
        let series = chart.draw_series(LineSeries::new(points, colour))?;
        series.label(name).legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], colour));
    }
    chart.configure_series_labels().background_style(WHITE).border_style(BLACK).draw()?;
    root.present()?;
    Ok(())
}
