//! `labels.txt`.

use std::path::Path;

use super::{NodeCount, unsupported, write_lines};
use crate::io::number::id;
use crate::io::source::Source;
use crate::{Dataset, Error, Labels, Place, Result};

pub(super) fn read(path: &Path, names: &[String], count: &mut NodeCount) -> Result<Option<Labels>> {
    let Some(source) = Source::read_if_there(path)? else { return Ok(None) };
    let mut of = Vec::new();
    for line in source.lines() {
        if line.bytes == b"-1" {
            of.push(None);
            continue;
        }
        let class = id(&line, 0, line.bytes, "a class")?;
        if !names.is_empty() && class as usize >= names.len() {
            let expected = format!("a class below {} (label_names.txt)", names.len());
            return Err(line.error(0, expected, class.to_string()));
        }
        of.push(Some(class));
    }
    if of.is_empty() {
        return Err(Error::parse(Place::file(path), "a line per node", "an empty file"));
    }
    let most = Labels::most_classes(of.len());
    if let Some((i, class)) = of.iter().enumerate().find_map(|(i, c)| Some((i, c.filter(|c| *c as usize >= most)?))) {
        let at = Place::column(path, i as u64 + 1, 1);
        return Err(Error::parse(at, format!("a class below {most} for {} nodes", of.len()), class.to_string()));
    }
    count.agree(of.len(), path, Place::line(path, of.len() as u64))?;
    let highest = of.iter().flatten().max().map_or(0, |c| *c as usize + 1);
    Ok(Some(Labels { classes: highest.max(names.len()), of }))
}

pub(super) fn check_writable(dataset: &Dataset, folder: &Path) -> Result<()> {
    let Some(labels) = &dataset.labels else { return Ok(()) };
    let highest = labels.of.iter().flatten().max().map_or(0, |c| *c as usize + 1);
    if dataset.label_names.is_empty() && highest < labels.classes {
        return Err(unsupported(folder, "a last class without nodes and without a name"));
    }
    Ok(())
}

pub(super) fn write(dataset: &Dataset, folder: &Path) -> Result<()> {
    let Some(labels) = &dataset.labels else { return Ok(()) };
    let line = |class: &Option<u32>| class.map_or(-1, i64::from);
    write_lines(&folder.join("labels.txt"), labels.of.iter().map(line))
}
