//! Reading npz.

use std::path::Path;

use sprs::CsMat;

use super::archive::{Archive, Expected};
use crate::dataset::name::unless_ids;
use crate::dataset::split::from_sets;
use crate::hypergraph::build::{check_size, from_groups, plausible_count};
use crate::io::repeats::{Listed, settle};
use crate::io::{at, name_of, unless_ones};
use crate::{Dataset, Duplicates, Error, Features, Hypergraph, Labels, Name, Place, Relations, Result, Split, Tags};

pub(in crate::io) fn read(path: &Path, dup: Duplicates) -> Result<Dataset> {
    let mut archive = Archive::open(path)?;
    let hypergraph = hypergraph(&mut archive, path, dup)?;
    let name = text(&mut archive, "name")?.and_then(|n| n.into_iter().next()).unwrap_or_else(|| name_of(path));
    let (splits, split_sets) = from_sets(splits(&mut archive, hypergraph.nodes())?);
    Ok(Dataset {
        name,
        features: features(&mut archive, hypergraph.nodes())?,
        labels: labels(&mut archive, hypergraph.nodes())?,
        splits,
        split_sets,
        label_names: text(&mut archive, "label_names")?.unwrap_or_default(),
        node_weights: weights(&mut archive, "node_weights", hypergraph.nodes())?,
        node_names: names(&mut archive, "node_names")?.and_then(unless_ids),
        hyperedge_names: names(&mut archive, "hyperedge_names")?.and_then(unless_ids),
        relations: relations(&mut archive, &hypergraph)?,
        hypergraph,
    })
}

/// A compressed matrix whose claims have been held against its arrays.
struct Compressed {
    ptr: Vec<usize>,
    indices: Vec<u32>,
}

fn hypergraph(archive: &mut Archive<'_>, path: &Path, dup: Duplicates) -> Result<Hypergraph> {
    let by_node = is_csr(archive)?;
    let shape = shape(archive, "shape")?;
    let [nodes, hyperedges] = shape;
    check_plausible(archive, shape, by_node)?;
    let matrix = compressed(archive, "", shape, by_node)?;
    let data = archive.need("data", Expected::Each(matrix.indices.len()))?;
    let data = unless_ones(archive.typed("data", "numbers", data.floats())?);
    let built = if by_node {
        let rows = matrix.ptr.windows(2).enumerate();
        let pairs: Vec<_> = rows.flat_map(|(r, p)| matrix.indices[p[0]..p[1]].iter().map(move |c| (r as u32, *c))).collect();
        match &data {
            None => Hypergraph::from_pairs(nodes, hyperedges, &pairs, dup),
            Some(w) => Hypergraph::from_weighted_pairs(nodes, hyperedges, &pairs, w, dup),
        }
    } else {
        if let Some(w) = data.iter().flatten().find(|w| !w.is_finite()) {
            return Err(archive.error("data", "finite numbers", w.to_string()));
        }
        let ptr: Vec<u32> = matrix.ptr.iter().map(|p| *p as u32).collect();
        from_groups(nodes, &ptr, &matrix.indices, data.as_deref(), dup)
    };
    let outer_of = |i: usize| (matrix.ptr.partition_point(|p| *p <= i) - 1) as u32;
    let listed = Listed {
        pairs: (0..matrix.indices.len()).map(|i| if by_node { (outer_of(i), matrix.indices[i]) } else { (matrix.indices[i], outer_of(i)) }),
        weights: data.as_deref(),
        place: &|_| Place::file(path),
        name: &|(node, edge)| format!("node {node} in hyperedge {edge}"),
    };
    let hypergraph = settle(path, built, listed, dup)?;
    match weights(archive, "hyperedge_weights", hyperedges)? {
        None => Ok(hypergraph),
        Some(w) => hypergraph.with_hyperedge_weights(w).map_err(|e| at(path, e)),
    }
}

/// Holds the claims of `shape` against the number of incidences, before anything is allocated for its rows and columns.
fn check_plausible(archive: &mut Archive<'_>, [nodes, hyperedges]: [usize; 2], by_node: bool) -> Result<()> {
    let (incidences, _) = archive.claim("indices")?;
    check_size("entries", incidences).map_err(|e| archive.error("indices", "fewer entries", e.to_string()))?;
    if hyperedges > incidences {
        let found = format!("{hyperedges} hyperedges but {incidences} incidences");
        return Err(archive.error("shape", "members in every hyperedge", found));
    }
    // By node, a file that is not compressed holds bytes for every node, in `indptr`: any number of them may be isolated.
    let bytes = if by_node { archive.claim("indptr")?.1 as usize } else { 0 };
    let most = plausible_count(incidences.saturating_add(bytes));
    if nodes > most {
        let expected = format!("at most {most} nodes for {incidences} incidences (any number in a file of CSR that is not compressed)");
        return Err(archive.error("shape", expected, nodes.to_string()));
    }
    Ok(())
}

/// The weights of an array, if there is one and they are not all 1.
fn weights(archive: &mut Archive<'_>, name: &str, count: usize) -> Result<Option<Vec<f64>>> {
    let Some(array) = archive.get(name, Expected::Each(count))? else { return Ok(None) };
    let weights = archive.typed(name, "numbers", array.floats())?;
    Ok(unless_ones(weights))
}

fn is_csr(archive: &mut Archive<'_>) -> Result<bool> {
    let array = archive.need("format", Expected::Elements(1))?;
    let format: Vec<u8> = array.raw().iter().copied().filter(|b| *b != 0).collect();
    match format.as_slice() {
        b"csr" => Ok(true),
        b"csc" => Ok(false),
        other => Err(archive.error("format", "csr or csc", format!("{:?}", String::from_utf8_lossy(other)))),
    }
}

/// Reads `indptr` and `indices` after `prefix`.
fn compressed(archive: &mut Archive<'_>, prefix: &str, shape: [usize; 2], by_row: bool) -> Result<Compressed> {
    let key = |name: &str| format!("{prefix}{name}");
    let (outer, inner) = if by_row { (shape[0], shape[1]) } else { (shape[1], shape[0]) };
    let array = archive.need(&key("indptr"), Expected::Elements(outer.saturating_add(1)))?;
    let ptr = archive.typed(&key("indptr"), "integers", array.integers())?;
    let (entries, _) = archive.claim(&key("indices"))?;
    check_size("entries", entries).map_err(|e| archive.error(&key("indices"), "fewer entries", e.to_string()))?;
    let array = archive.need(&key("indices"), Expected::Elements(entries))?;
    let indices = archive.typed(&key("indices"), "integers", array.integers())?;
    let bounds = ptr.first() == Some(&0) && ptr.last() == Some(&(indices.len() as i64));
    if !bounds || ptr.windows(2).any(|p| p[0] > p[1]) {
        let expected = format!("row starts that rise from 0 to {}", indices.len());
        return Err(archive.error(&key("indptr"), expected, "others"));
    }
    if let Some(i) = indices.iter().position(|c| *c < 0 || *c as usize >= inner) {
        let found = format!("{} at position {i}", indices[i]);
        return Err(archive.error(&key("indices"), format!("ids from 0 to below {inner}"), found));
    }
    let indices = indices.into_iter().map(|c| c as u32).collect();
    Ok(Compressed { ptr: ptr.into_iter().map(|p| p as usize).collect(), indices })
}

fn shape(archive: &mut Archive<'_>, name: &str) -> Result<[usize; 2]> {
    let array = archive.need(name, Expected::Elements(2))?;
    let sizes = archive.typed(name, "two integers", array.integers())?;
    let [rows, cols] = sizes[..] else {
        return Err(archive.error(name, "two integers", format!("{} of them", sizes.len())));
    };
    for size in [rows, cols] {
        if u32::try_from(size).is_err() {
            return Err(archive.error(name, format!("sizes from 0 to {}", u32::MAX), size.to_string()));
        }
    }
    Ok([rows as usize, cols as usize])
}

fn features(archive: &mut Archive<'_>, nodes: usize) -> Result<Features> {
    if let Some(array) = archive.get("features", Expected::Rows(nodes))? {
        let [rows, cols] = array.shape[..] else {
            return Err(archive.error("features", "two axes", format!("shape {:?}", array.shape)));
        };
        let values = archive.typed("features", "numbers", array.floats32())?;
        let dense = ndarray::Array2::from_shape_vec((rows as usize, cols as usize), values);
        return archive.typed("features", "a matrix", dense.map(Features::Dense).map_err(|e| e.to_string()));
    }
    if !archive.has("features_data") {
        return Ok(Features::None);
    }
    let shape = shape(archive, "features_shape")?;
    if shape[0] != nodes {
        return Err(archive.error("features_shape", format!("{nodes} rows, one per node,"), shape[0].to_string()));
    }
    let matrix = compressed(archive, "features_", shape, true)?;
    let array = archive.need("features_data", Expected::Each(matrix.indices.len()))?;
    let values = archive.typed("features_data", "numbers", array.floats32())?;
    let indices = matrix.indices.iter().map(|c| *c as usize).collect();
    let built = CsMat::new_from_unsorted((shape[0], shape[1]), matrix.ptr, indices, values);
    archive.typed("features_indices", "columns, distinct in each row,", built.map(Features::Sparse).map_err(|e| e.3.to_string()))
}

fn labels(archive: &mut Archive<'_>, nodes: usize) -> Result<Option<Labels>> {
    let Some(array) = archive.get("labels", Expected::Each(nodes))? else { return Ok(None) };
    let classes = archive.typed("labels", "integers", array.integers())?;
    let mut of = Vec::with_capacity(classes.len());
    for class in &classes {
        match u32::try_from(*class) {
            Ok(class) => of.push(Some(class)),
            Err(_) if *class == -1 => of.push(None),
            Err(_) => return Err(archive.error("labels", "classes from 0, or -1", class.to_string())),
        }
    }
    let highest = classes.iter().max().map_or(0, |c| (c + 1) as usize);
    let stated = match archive.get("classes", Expected::Elements(1))? {
        None => highest,
        Some(array) => {
            let value = archive.typed("classes", "an integer", array.integers())?;
            let one = value.first().and_then(|c| usize::try_from(*c).ok());
            one.ok_or_else(|| archive.error("classes", "one integer >= 0", format!("{value:?}")))?
        }
    };
    Ok(Some(Labels { classes: stated, of }))
}

fn splits(archive: &mut Archive<'_>, nodes: usize) -> Result<Vec<(String, Vec<Split>)>> {
    let Some(array) = archive.get("splits", Expected::Columns(nodes))? else { return Ok(Vec::new()) };
    let parts = archive.typed("splits", "integers", array.integers())?;
    let mut splits = Vec::new();
    for row in parts.chunks(nodes.max(1)) {
        let mut split = Split::default();
        for (node, part) in (0u32..).zip(row) {
            match part {
                0 => split.train.push(node),
                1 => split.valid.push(node),
                2 => split.test.push(node),
                255 => {}
                other => return Err(archive.error("splits", "0, 1, 2 or 255", other.to_string())),
            }
        }
        splits.push(split);
    }
    by_protocol(archive, splits)
}

fn by_protocol(archive: &mut Archive<'_>, splits: Vec<Split>) -> Result<Vec<(String, Vec<Split>)>> {
    let Some(names) = text(archive, "split_sets")? else { return Ok(vec![(String::new(), splits)]) };
    let counts = archive.need("split_set_counts", Expected::Each(names.len()))?;
    let counts = archive.typed("split_set_counts", "integers", counts.integers())?;
    let fits = counts.iter().all(|c| *c >= 0) && counts.iter().map(|c| i128::from(*c)).sum::<i128>() == splits.len() as i128;
    if counts.len() != names.len() || !fits {
        let expected = format!("{} counts that add up to {}", names.len(), splits.len());
        return Err(archive.error("split_set_counts", expected, format!("{counts:?}")));
    }
    let mut rest = splits.into_iter();
    Ok(names.into_iter().zip(counts).map(|(name, count)| (name, rest.by_ref().take(count as usize).collect())).collect())
}

fn relations(archive: &mut Archive<'_>, h: &Hypergraph) -> Result<Option<Relations>> {
    if !archive.has("relation_indptr") && !archive.has("role_indptr") {
        return Ok(None);
    }
    Ok(Some(Relations { relations: tags(archive, "relation", h.hyperedges())?, roles: tags(archive, "role", h.incidences())? }))
}

/// Names and who of so many things bears them.
fn tags(archive: &mut Archive<'_>, what: &str, things: usize) -> Result<Tags> {
    let names = text(archive, &format!("{what}_names"))?.unwrap_or_default();
    let Compressed { ptr, indices } = compressed(archive, &format!("{what}_"), [things, names.len()], true)?;
    Ok(Tags { names, ptr: ptr.into_iter().map(|p| p as u32).collect(), of: indices })
}

/// The names of a text array.
fn names(archive: &mut Archive<'_>, name: &str) -> Result<Option<Vec<Name>>> {
    let Some(array) = archive.get(name, Expected::Any)? else { return Ok(None) };
    let text = std::str::from_utf8(array.raw()).map_err(|e| {
        let found = format!("the byte 0x{:02x} at {}", array.raw()[e.valid_up_to()], e.valid_up_to());
        archive.error(name, "UTF-8 as uint8", found)
    })?;
    Ok(Some(text.split_terminator('\n').map(Name::from_plain).collect()))
}

/// The lines of a text array as strings.
fn text(archive: &mut Archive<'_>, name: &str) -> Result<Option<Vec<String>>, Error> {
    let string = |name| match name {
        Name::Text(text) => text,
        Name::Number(number) => number.to_string(),
    };
    Ok(names(archive, name)?.map(|names| names.into_iter().map(string).collect()))
}
