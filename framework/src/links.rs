//! Statements with qualifiers, as data sets for link prediction have them: a folder of `train.txt`, `valid.txt` and `test.txt` with a statement a line.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use crate::{Error, Place, Result};

/// A statement (subject, relation, object) with its qualifiers, all as numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// An entity.
    pub subject: u32,
    /// A relation.
    pub relation: u32,
    /// An entity.
    pub object: u32,
    /// A relation and an entity each, in the order of the file.
    pub qualifiers: Vec<(u32, u32)>,
}

/// Statements in three parts, and the names of entities and relations in the order in which the files mention them first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LinkDataset {
    /// Names of entities; their places are their numbers.
    pub entities: Vec<String>,
    /// Names of relations, those of qualifiers among them.
    pub relations: Vec<String>,
    /// What is learned from.
    pub train: Vec<Link>,
    /// What the best epoch is chosen by.
    pub valid: Vec<Link>,
    /// What is reported.
    pub test: Vec<Link>,
}

impl LinkDataset {
    /// Reads a folder. A line is `subject,relation,object` and any number of pairs `,relation,value`, in CSV, as WD50K has it (Galkin et al. 2020).
    ///
    /// ```
    /// use hypergraphql_framework::links::LinkDataset;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let folder = std::env::temp_dir().join(format!("links-{}", std::process::id()));
    /// std::fs::create_dir_all(&folder)?;
    /// std::fs::write(folder.join("train.txt"), "ada,wrote,notes,year,1843\nada,knew,mary\n")?;
    /// std::fs::write(folder.join("valid.txt"), "")?;
    /// std::fs::write(folder.join("test.txt"), "mary,knew,ada\n")?;
    /// let data = LinkDataset::read(&folder)?;
    /// assert_eq!(data.entities, ["ada", "notes", "1843", "mary"]);
    /// assert_eq!(data.relations, ["wrote", "year", "knew"]);
    /// assert_eq!(data.train[0].qualifiers, [(1, 2)]);
    /// # std::fs::remove_dir_all(folder)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A file that is missing or cannot be read, a line that is no statement (with its number), or a training part without statements.
    pub fn read(folder: &Path) -> Result<Self> {
        let (mut entities, mut relations) = (Names::default(), Names::default());
        let mut part = |name: &str| read(&folder.join(name), &mut entities, &mut relations);
        let (train, valid, test) = (part("train.txt")?, part("valid.txt")?, part("test.txt")?);
        if train.is_empty() {
            return Err(Error::parse(Place::file(&folder.join("train.txt")), "statements to learn from", "none"));
        }
        Ok(Self { entities: entities.list, relations: relations.list, train, valid, test })
    }

    /// The statements of all parts.
    pub fn all(&self) -> impl Iterator<Item = &Link> {
        self.train.iter().chain(&self.valid).chain(&self.test)
    }
}

#[derive(Default)]
struct Names {
    numbers: HashMap<String, u32>,
    list: Vec<String>,
}

impl Names {
    fn number(&mut self, name: &str) -> Option<u32> {
        if let Some(number) = self.numbers.get(name) {
            return Some(*number);
        }
        // Half of the numbers: each relation has an inverse with a number of its own.
        let number = u32::try_from(self.list.len()).ok().filter(|number| *number < u32::MAX / 2)?;
        self.numbers.insert(name.to_owned(), number);
        self.list.push(name.to_owned());
        Some(number)
    }
}

fn read(path: &Path, entities: &mut Names, relations: &mut Names) -> Result<Vec<Link>> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.to_path_buf(), action: "read", source })?;
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
    let mut links = Vec::new();
    let mut row = csv::StringRecord::new();
    loop {
        let line = rows.position().line();
        let expected = "subject,relation,object and pairs of a qualifier and its value, in UTF-8";
        match rows.read_record(&mut row) {
            Ok(false) => return Ok(links),
            Ok(true) => {}
            Err(error) => match error.into_kind() {
                csv::ErrorKind::Io(source) => return Err(Error::Io { path: path.to_path_buf(), action: "read", source }),
                kind => return Err(Error::parse(Place::line(path, line), expected, format!("{kind:?}"))),
            },
        }
        let line = row.position().map_or(line, csv::Position::line);
        if row.len() < 3 || row.len().is_multiple_of(2) || row.iter().any(str::is_empty) {
            let empty = if row.iter().any(str::is_empty) { ", some of them empty" } else { "" };
            return Err(Error::parse(Place::line(path, line), expected, format!("{} fields{empty}", row.len())));
        }
        let full = || Error::parse(Place::line(path, line), format!("at most {} different names", u32::MAX / 2), "more");
        let mut entity = |at: usize| entities.number(&row[at]).ok_or_else(full);
        let mut relation = |at: usize| relations.number(&row[at]).ok_or_else(full);
        let (subject, r, object) = (entity(0)?, relation(1)?, entity(2)?);
        let pairs = (3..row.len()).step_by(2).map(|at| Ok((relation(at)?, entity(at + 1)?)));
        links.push(Link { subject, relation: r, object, qualifiers: pairs.collect::<Result<_>>()? });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(train: &[u8]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("train.txt", train), ("valid.txt", &b"b,r,a\n"[..]), ("test.txt", b"")] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn statements_and_their_parts_are_read() {
        let folder = folder(b"a,r,b\n\"x, y\",s,a,r,b,s,a\n");
        let data = LinkDataset::read(folder.path()).unwrap();
        assert_eq!(data.entities, ["a", "b", "x, y"]);
        assert_eq!(data.relations, ["r", "s"]);
        assert_eq!(data.train[1], Link { subject: 2, relation: 1, object: 0, qualifiers: vec![(0, 1), (1, 0)] });
        assert_eq!(data.valid, [Link { subject: 1, relation: 0, object: 0, qualifiers: vec![] }]);
        assert_eq!((data.test.len(), data.all().count()), (0, 3));
    }

    #[test]
    fn bad_lines_are_named() {
        for (text, line, found) in [
            (&b"a,r,b\na,r\n"[..], 2, "2 fields"),
            (b"a,r,b,q\n", 1, "4 fields"),
            (b"a,r,b\na,,b\n", 2, "3 fields, some of them empty"),
            (b"a,r,b\na,r,\xff\n", 2, "Utf8"),
        ] {
            let error = LinkDataset::read(folder(text).path()).unwrap_err().to_string();
            assert!(error.contains(&format!("train.txt:{line}")) && error.contains(found), "{error}");
        }
        let error = LinkDataset::read(folder(b"").path()).unwrap_err().to_string();
        assert!(error.contains("train.txt: expected statements to learn from, found none"), "{error}");
        let error = LinkDataset::read(Path::new("nowhere")).unwrap_err().to_string();
        assert!(error.contains("nowhere/train.txt: cannot read"), "{error}");
    }
}
