//! The world as RDF, and as the tables that other programs load.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use oxrdf::{GraphName, Literal, NamedNode, Quad, Term};

use super::iri;
use super::world::World;

/// The statements of one predicate from one class to another.
struct Table {
    predicate: &'static str,
    subjects: &'static str,
    /// A class, or empty: whole numbers.
    objects: &'static str,
    pairs: Vec<(u32, u32)>,
}

impl World {
    /// All triples.
    pub(super) fn quads(&self) -> impl Iterator<Item = Quad> {
        self.tables().into_iter().flat_map(Table::quads)
    }

    /// Writes `t.nt` and, of each predicate, a table of numbers `PREDICATE.csv` with the header `s,o`.
    pub(super) fn dump(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        let mut triples = BufWriter::new(File::create(folder.join("t.nt"))?);
        for table in self.tables() {
            table.write(folder)?;
            for quad in table.quads() {
                writeln!(triples, "{} {} {} .", quad.subject, quad.predicate, quad.object)?;
            }
        }
        triples.flush()
    }

    fn tables(&self) -> Vec<Table> {
        let mut tables = Vec::new();
        let mut add = |predicate, subjects, objects, pairs| tables.push(Table { predicate, subjects, objects, pairs });
        for (class, count, number) in [("person", self.age.len(), 0), ("org", self.located_in.len(), 1), ("event", self.events.len(), 4)] {
            add("type", class, "class", (0..count as u32).map(|thing| (thing, number)).collect());
        }
        add("knows", "person", "person", lists(&self.knows));
        add("worksFor", "person", "org", column(&self.works_for));
        add("livesIn", "person", "city", column(&self.lives_in));
        add("age", "person", "", column(&self.age));
        add("locatedIn", "org", "city", column(&self.located_in));
        add("likes", "person", "product", lists(&self.likes));
        add("ev_agent", "event", "person", (0..).zip(self.events.iter().map(|event| event.agent)).collect());
        add("ev_object", "event", "product", (0..).zip(self.events.iter().map(|event| event.object)).collect());
        add("ev_place", "event", "city", (0..).zip(self.events.iter().map(|event| event.place)).collect());
        add("ev_year", "event", "", (0..).zip(self.events.iter().map(|event| event.year)).collect());
        tables
    }
}

fn column(values: &[u32]) -> Vec<(u32, u32)> {
    (0..).zip(values.iter().copied()).collect()
}

fn lists(rows: &[Vec<u32>]) -> Vec<(u32, u32)> {
    (0..).zip(rows).flat_map(|(row, values)| values.iter().map(move |value| (row, *value))).collect()
}

impl Table {
    fn quads(self) -> impl Iterator<Item = Quad> {
        let predicate = NamedNode::new_unchecked(format!("http://ex.org/{}", self.predicate));
        self.pairs.into_iter().map(move |(subject, object)| {
            let object: Term = match self.objects {
                "" => Literal::from(i64::from(object)).into(),
                class => NamedNode::new_unchecked(iri(class, object)).into(),
            };
            Quad::new(NamedNode::new_unchecked(iri(self.subjects, subject)), predicate.clone(), object, GraphName::DefaultGraph)
        })
    }

    fn write(&self, folder: &Path) -> io::Result<()> {
        let name = if self.predicate == "type" { format!("type_{}", self.subjects) } else { self.predicate.to_owned() };
        let mut file = BufWriter::new(File::create(folder.join(format!("{name}.csv")))?);
        writeln!(file, "s,o")?;
        for (subject, object) in &self.pairs {
            writeln!(file, "{subject},{object}")?;
        }
        file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dumped_triples_are_those_of_the_world() {
        let world = World::new(0.01, 3);
        let folder = tempfile::tempdir().expect("a folder");
        world.dump(folder.path()).expect("written");
        let text = std::fs::read_to_string(folder.path().join("t.nt")).expect("t.nt");
        let lines: Vec<String> = world.quads().map(|quad| format!("{quad} .")).collect();
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
        assert!(text.contains("<http://ex.org/person3> <http://ex.org/worksFor> <http://ex.org/org"));
        assert!(text.contains("^^<http://www.w3.org/2001/XMLSchema#integer> ."));
        let knows = std::fs::read_to_string(folder.path().join("knows.csv")).expect("knows.csv");
        assert_eq!(knows.lines().count(), world.knows.iter().map(Vec::len).sum::<usize>() + 1);
    }
}
