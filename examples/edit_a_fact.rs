//! Edit facts of a knowledge base, by HyperQL, and ask a network before and after: a fact changed, and one added about names that nobody has ever met.
//!
//! `cargo run --release --example edit_a_fact` (after the quickstart, whose network it takes; else it trains one first)
//!
//! ```text
//! Before the edits:
//!   course : river Danube ; sea ?
//!     Black Sea (as HyperQL says)
//!     read from <http://example.org/course_Danube> course : river Danube , sea Black Sea , source Germany . (100 %)
//! Before Guernica goes to Chicago's Art Institute:
//!   painting : work Guernica ; museum ?
//!     Reina Sofia (as HyperQL says)
//!     read from <http://example.org/painting_Guernica> painting : city Madrid , museum Reina Sofia , painter Picasso , work Guernica . (100 %)
//! After Guernica goes to Chicago's Art Institute:
//!   painting : work Guernica ; museum ?
//!     Art Institute (as HyperQL says)
//!     read from <http://example.org/painting_Guernica> painting : city Madrid , museum Art Institute , painter Picasso , work Guernica . (100 %)
//! Before a moon is found:
//!   satellite : moon Barlo ; astronomer ?
//!     unknown (HyperQL finds nothing)
//!     read from <http://example.org/satellite_Phobos> satellite : astronomer Hall , moon Phobos , planet Mars , year 1877 . (0 %)
//! After a moon is found:
//!   satellite : moon Barlo ; astronomer ?
//!     Telma (as HyperQL says)
//!     read from <http://example.org/satellite_Barlo> satellite : astronomer Telma , moon Barlo , planet Mars , year 2031 . (100 %)
//! After the edits:
//!   course : river Danube ; sea ?
//!     Black Sea (as HyperQL says)
//!     read from <http://example.org/course_Danube> course : river Danube , sea Black Sea , source Germany . (100 %)
//! ```

#[path = "world/mod.rs"]
#[allow(dead_code, reason = "every example uses another part")]
mod world;

use std::path::Path;

use hypergraphql::prelude::*;
use hypergraphql::runtime::engine::{Engine, QueryOptions};
use world::{Question, Result};

/// What is done, how, and what is asked before and after.
const EDITS: [(&str, &str, Question); 2] = [
    (
        "Guernica goes to Chicago's Art Institute",
        "DELETE { ?fact :museum ?old } INSERT { ?fact :museum :Art_Institute } WHERE { ?fact hq:relation :painting ; :work :Guernica ; :museum ?old }",
        Question { relation: "painting", known: &[("work", "Guernica")], asked: "museum" },
    ),
    (
        "a moon is found",
        "INSERT DATA { :satellite_Barlo a hq:Hyperedge ; hq:relation :satellite ; :moon :Barlo ; :planet :Mars ; :astronomer :Telma ; :year :2031 }",
        Question { relation: "satellite", known: &[("moon", "Barlo")], asked: "astronomer" },
    ),
];

fn main() -> Result<()> {
    let kb = world::load()?;
    let reader = world::network(&kb)?;
    let mut model = HypergraphQl::<Cpu>::from_pretrained(&reader, PretrainedOptions::default())?;
    // A fact that no edit touches.
    let other = Question { relation: "course", known: &[("river", "Danube")], asked: "sea" };
    show(&mut model, &kb, "Before the edits", &[other])?;
    for (what, update, question) in EDITS {
        let before = [question];
        show(&mut model, &kb, &format!("Before {what}"), &before)?;
        Engine::open(&kb)?.update(update, &QueryOptions::default())?;
        show(&mut model, &kb, &format!("After {what}"), &before)?;
    }
    show(&mut model, &kb, "After the edits", &[Question { relation: "course", known: &[("river", "Danube")], asked: "sea" }])
}

/// Reads the knowledge base as it is now, and asks.
fn show(model: &mut HypergraphQl<Cpu>, kb: &Path, when: &str, questions: &[Question]) -> Result<()> {
    model.load_graph(kb)?;
    println!("{when}:");
    world::ask(model, kb, questions)
}
