//! Parquet tables of hyperedges: a row each, as in CSV. The columns are roles; `hyperedge`, where it comes first, names the hyperedge. Strings are names or
//! terms as there, or lexical forms where the role has a datatype; numbers, booleans, dates and timestamps are literals. Null is no player, a list several.

use oxrdf::{Literal, Term};

use super::hyperedges::Sink;
use super::input::Input;
use super::names::Names;
use super::role::Role;
use crate::io::{Cell, Kind, Table};
use crate::{Error, Place, Result};

pub(super) fn read(input: &mut Input<'_>, sink: &mut Sink<'_>) -> Result<()> {
    if super::format::is_gzip(input.path) {
        return Err(Error::parse(Place::file(input.path), "a Parquet file as it is: it is compressed inside", "one in gzip"));
    }
    let mut table = Table::open(input.path)?;
    let names = Names::new(input.options.namespace.as_deref());
    let columns = table.columns();
    let named = columns.first().is_some_and(|column| column.name == "hyperedge");
    if named && (columns[0].list || !matches!(columns[0].kind, Kind::Text | Kind::Integer)) {
        return Err(table.wrong_type(0, "names (strings or integers) of the hyperedges"));
    }
    let first = usize::from(named);
    let role = |column: &crate::io::Column| {
        let error = |expected| Error::parse(Place::file(input.path), expected, format!("the column {:?}", column.name));
        Role::of(&names, &column.name).map_err(error)
    };
    let roles = columns[first..].iter().map(role).collect::<Result<Vec<_>>>()?;
    let lists: Vec<bool> = columns[first..].iter().map(|column| column.list).collect();
    input.bytes += std::fs::metadata(input.path).map_err(Error::io(input.path, "read"))?.len();
    while let Some((before, batch)) = table.next()? {
        for (row, number) in (0..batch.num_rows()).zip(before..) {
            let hyperedge = if named {
                let cell = Cell::of(batch.column(0), row).ok_or_else(|| table.error(0, number, "the name of a hyperedge", "null"))?;
                let text = cell.to_string();
                names.node(&text).map_err(|expected| table.error(0, number, expected, format!("{text:?}")))?
            } else {
                sink.blank()
            };
            sink.hyperedge(&hyperedge)?;
            for (column, (role, list)) in (first..).zip(roles.iter().zip(&lists)) {
                let mut put = |cell: Option<Cell<'_>>| {
                    let Some(player) = cell.and_then(|cell| player(&names, role, cell)) else { return Ok(()) };
                    let player = player.map_err(|(expected, found)| table.error(column, number, expected, found))?;
                    sink.put(&hyperedge, role.predicate.clone(), player)
                };
                if *list {
                    let Some(cells) = list_of(batch.column(column), row) else { continue };
                    (0..cells.len()).try_for_each(|at| put(Cell::of(&cells, at)))?;
                } else {
                    put(Cell::of(batch.column(column), row))?;
                }
            }
        }
        input.report(0);
    }
    Ok(())
}

/// The cells of a list; none if it is null.
fn list_of(array: &arrow_array::ArrayRef, row: usize) -> Option<arrow_array::ArrayRef> {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    let lists = array.as_list::<i32>();
    (!lists.is_null(row)).then(|| lists.value(row))
}

/// The term of a cell, none of an empty string, as of an empty field of CSV; or what was expected and what it is.
fn player(names: &Names<'_>, role: &Role, cell: Cell<'_>) -> Option<Result<Term, (String, String)>> {
    Some(match (&role.datatype, cell) {
        (_, Cell::Text("")) => return None,
        (Some(datatype), cell) => Ok(Literal::new_typed_literal(cell.to_string(), datatype.clone()).into()),
        (None, Cell::Text(name)) => names.term(name).map_err(|expected| (expected, format!("{name:?}"))),
        (None, cell) => Ok(Literal::new_typed_literal(cell.to_string(), cell.datatype()).into()),
    })
}
