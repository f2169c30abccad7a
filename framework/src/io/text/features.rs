//! `features.txt`: for each node the columns of its ones.

use std::path::Path;

use sprs::CsMat;

use super::{NodeCount, unsupported, write_lines};
use crate::hypergraph::build::plausible_count;
use crate::io::number::id;
use crate::io::source::{Line, Source};
use crate::{Dataset, Error, Features, Place, Result};

pub(super) fn read(path: &Path, count: &mut NodeCount) -> Result<Features> {
    let Some(source) = Source::read_if_there(path)? else { return Ok(Features::None) };
    let (mut ptr, mut col) = (vec![0usize], Vec::new());
    for line in source.lines() {
        let start = col.len();
        read_columns(&line, &mut col)?;
        col[start..].sort_unstable();
        if let Some(twice) = col[start..].windows(2).find(|w| w[0] == w[1]) {
            return Err(line.error(0, "every column at most once", format!("column {} again", twice[0])));
        }
        ptr.push(col.len());
    }
    let rows = ptr.len() - 1;
    if col.is_empty() {
        return Err(Error::parse(Place::file(path), "columns of ones", "none in any line"));
    }
    count.agree(rows, path, Place::line(path, rows as u64))?;
    let width = col.iter().max().map_or(0, |c| c + 1);
    if width > plausible_count(col.len()) {
        return Err(far_column(&source, col.len()));
    }
    let ones = vec![1.0f32; col.len()];
    let matrix = CsMat::try_new((rows, width), ptr, col, ones);
    let matrix = matrix.map_err(|(_, _, _, e)| Error::parse(Place::file(path), "a sparse matrix", e.to_string()))?;
    Ok(Features::Sparse(matrix))
}

/// The error about the first column that is out of all proportion to the number of ones.
fn far_column(source: &Source, ones: usize) -> Error {
    let most = plausible_count(ones);
    let expected = format!("a feature column below {most} for {ones} ones");
    for line in source.lines().filter(|line| !line.bytes.is_empty()) {
        for (at, field) in line.fields(b' ') {
            match id(&line, at, field, "a feature column") {
                Ok(column) if (column as usize) < most => {}
                Ok(column) => return line.error(at, expected, column.to_string()),
                Err(error) => return error,
            }
        }
    }
    Error::parse(Place::file(source.path()), expected, "another one")
}

fn read_columns(line: &Line<'_>, col: &mut Vec<usize>) -> Result<()> {
    if line.bytes.is_empty() {
        return Ok(());
    }
    for (at, field) in line.fields(b' ') {
        col.push(id(line, at, field, "a feature column")? as usize);
    }
    Ok(())
}

pub(super) fn check_writable(dataset: &Dataset, folder: &Path) -> Result<()> {
    let (binary, last_used) = match &dataset.features {
        Features::None => return Ok(()),
        Features::Sparse(x) => (x.data().iter().all(|v| *v == 1.0), x.indices().iter().max().map(|c| c + 1) == Some(x.cols())),
        Features::Dense(x) => {
            let last = x.columns().into_iter().next_back();
            (x.iter().all(|v| *v == 0.0 || *v == 1.0), last.is_some_and(|c| c.iter().any(|v| *v == 1.0)))
        }
    };
    if !binary {
        return Err(unsupported(folder, "features other than 0 and 1"));
    }
    if !last_used {
        return Err(unsupported(folder, "a last feature column of zeros"));
    }
    Ok(())
}

pub(super) fn write(dataset: &Dataset, folder: &Path) -> Result<()> {
    let path = folder.join("features.txt");
    let join = |columns: &mut dyn Iterator<Item = usize>| columns.map(|c| c.to_string()).collect::<Vec<_>>().join(" ");
    match &dataset.features {
        Features::None => Ok(()),
        Features::Sparse(x) => write_lines(&path, x.outer_iterator().map(|row| join(&mut row.indices().iter().copied()))),
        Features::Dense(x) => {
            let ones = |row: ndarray::ArrayView1<'_, f32>| join(&mut row.iter().enumerate().filter(|(_, v)| **v == 1.0).map(|(c, _)| c));
            write_lines(&path, x.rows().into_iter().map(ones))
        }
    }
}
