//! The whole way: load facts, ask them in HyperQL, train a language model that reads them, ask it for answers with evidence, edit a fact, and see the answer follow.
//!
//! `cargo run --release --example quickstart`
//!
//! It prints (150 and 300 steps; other processors may round to other weights):
//!
//! ```text
//! 1. 2065 statements in world.hgql
//!
//! 2. Operas first heard in Rome: Rossini Barber of Seville, Verdi Trovatore, Mascagni Cavalleria, Puccini Tosca
//!
//! 3. Training: 150 steps of a decoder, 300 of its memory
//!
//! 4. The network reads 1323 members of 371 facts
//!   capital : country Australia ; city ?
//!     Canberra (as HyperQL says)
//!     read from <http://example.org/capital_Australia> capital : city Canberra , continent Oceania , country Australia . (97 %)
//!   premiere : composer Puccini , city Rome ; opera ?
//!     Tosca (as HyperQL says)
//!     read from <http://example.org/premiere_Tosca> premiere : city Rome , composer Puccini , opera Tosca , year 1900 . (100 %)
//!   painting : work Guernica ; museum ?
//!     Reina Sofia (as HyperQL says)
//!     read from <http://example.org/painting_Guernica> painting : city Madrid , museum Reina Sofia , painter Picasso , work Guernica . (100 %)
//!   satellite : moon Titan ; astronomer ?
//!     Huygens (as HyperQL says)
//!     read from <http://example.org/satellite_Titan> satellite : astronomer Huygens , moon Titan , planet Saturn , year 1655 . (87 %)
//!   discovery : element Lithium ; year ?
//!     1817 (as HyperQL says)
//!     read from <http://example.org/discovery_Lithium> discovery : chemist Arfwedson , element Lithium , symbol Li , year 1817 . (100 %)
//!   olympics : city Canberra ; year ?
//!     unknown (HyperQL finds nothing)
//!     read from <http://example.org/olympics_1976> olympics : city Montreal , country Canada , year 1976 . (0 %)
//!
//! 5. After the capital of Australia has moved:
//!   capital : country Australia ; city ?
//!     Sydney (as HyperQL says)
//!     read from <http://example.org/capital_Australia> capital : city Sydney , continent Oceania , country Australia . (92 %)
//!   premiere : composer Puccini , city Rome ; opera ?
//!     Tosca (as HyperQL says)
//!     read from <http://example.org/premiere_Tosca> premiere : city Rome , composer Puccini , opera Tosca , year 1900 . (100 %)
//! ```

#[path = "world/mod.rs"]
#[allow(dead_code, reason = "every example uses another part")]
mod world;

use hypergraphql::prelude::*;
use hypergraphql::runtime::engine::{Engine, QueryOptions};
use world::{DECODER_STEPS, MEMORY_STEPS, Question, Result};

/// Who wrote the operas that were first heard in Rome?
const OPERAS: &str = "SELECT ?composer ?opera {
    HYPEREDGE ?fact { hq:relation :premiere . :composer ?composer . :opera ?opera . :city :Rome . :year ?year }
} ORDER BY ?year";

/// The capital of Australia moves.
const EDIT: &str = "DELETE { ?fact :city ?old } INSERT { ?fact :city :Sydney }
    WHERE { ?fact hq:relation :capital ; :country :Australia ; :city ?old }";

const CAPITAL: Question = Question { relation: "capital", known: &[("country", "Australia")], asked: "city" };

fn main() -> Result<()> {
    // 1. Load: 371 facts of three or four members each, from CSV files of one relation each.
    let kb = world::load()?;
    println!("1. {} statements in {}", Engine::open(&kb)?.space().len(), file_name(&kb));

    // 2. Ask in HyperQL: exact, and for all that matches.
    println!("\n2. Operas first heard in Rome: {}", world::names(&Engine::open(&kb)?, OPERAS)?);

    // 3. Train a network that reads facts. It learns from invented ones, so that it knows none of these by heart.
    let [decoder, memory] = world::steps(DECODER_STEPS, MEMORY_STEPS);
    println!("\n3. Training: {decoder} steps of a decoder, {memory} of its memory");
    let reader = world::train(&kb, |names| world::options(names, [decoder, memory]))?;

    // 4. Ask the network. Each answer says which fact it was read from.
    let mut model = HypergraphQl::<Cpu>::from_pretrained(&reader, PretrainedOptions::default())?;
    let stats = model.load_graph(&kb)?;
    println!("\n4. The network reads {} members of {} facts", stats.slots, stats.facts);
    let questions = [
        CAPITAL,
        Question { relation: "premiere", known: &[("composer", "Puccini"), ("city", "Rome")], asked: "opera" },
        Question { relation: "painting", known: &[("work", "Guernica")], asked: "museum" },
        Question { relation: "satellite", known: &[("moon", "Titan")], asked: "astronomer" },
        Question { relation: "discovery", known: &[("element", "Lithium")], asked: "year" },
        // No fact says so, and the network does not make one up.
        Question { relation: "olympics", known: &[("city", "Canberra")], asked: "year" },
    ];
    world::ask(&mut model, &kb, &questions)?;

    // 5. Edit a fact: nothing is trained, the facts are only read again.
    Engine::open(&kb)?.update(EDIT, &QueryOptions::default())?;
    model.load_graph(&kb)?;
    println!("\n5. After the capital of Australia has moved:");
    world::ask(&mut model, &kb, &questions[..2])
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
