//! Answers as columns for programs: Arrow's IPC stream and Parquet, on stdout.

use std::io::{self, BufWriter, IsTerminal, Write};

use arrow_ipc::writer::StreamWriter;
use hypergraphql_runtime::engine::{Answer, BatchOptions, RecordBatches};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::error::CliError;
use super::query::failed;

/// Writes the solutions as an Arrow stream, batch by batch, and says how many rows there were.
pub(crate) fn arrow(answer: &Answer) -> Result<usize, CliError> {
    let (batches, out) = begin(answer, "arrow")?;
    let mut writer = StreamWriter::try_new(out, &batches.schema()).map_err(broken)?;
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(failed)?;
        writer.write(&batch).map_err(broken)?;
        rows += batch.num_rows();
    }
    writer.into_inner().map_err(broken)?.flush()?;
    Ok(rows)
}

/// Rows of a group: what a reader holds of a column at once.
const GROUP: usize = 1 << 20;

/// Writes the solutions as a Parquet file, and says how many rows there were.
pub(crate) fn parquet(answer: &Answer) -> Result<usize, CliError> {
    let (batches, out) = begin(answer, "parquet")?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).set_max_row_group_row_count(Some(GROUP)).build();
    let mut writer = ArrowWriter::try_new(out, batches.schema(), Some(properties)).map_err(unwritten)?;
    let mut rows = 0;
    for batch in batches {
        let batch = batch.map_err(failed)?;
        writer.write(&batch).map_err(unwritten)?;
        rows += batch.num_rows();
    }
    writer.into_inner().map_err(unwritten)?.flush()?;
    Ok(rows)
}

/// The batches of an answer that has rows, and where they go.
fn begin<'a>(answer: &'a Answer, format: &str) -> Result<(RecordBatches<'a>, BufWriter<io::Stdout>), CliError> {
    let Answer::Solutions(solutions) = answer else {
        let help = "ask with SELECT, or print triples with --format ntriples and a boolean with --format json";
        return Err(CliError::input(format!("this answer has no columns, and {format} holds columns")).with_help(help));
    };
    let out = io::stdout();
    if out.is_terminal() {
        let help = format!("write to a file or a program: hgql query … --format {format} > answer.{format}");
        return Err(CliError::input(format!("{format} is no text, and stdout is a terminal")).with_help(help));
    }
    Ok((solutions.record_batches(&BatchOptions::default()).map_err(failed)?, BufWriter::with_capacity(1 << 16, out)))
}

/// A reader that went away is an error of the output, as everywhere.
fn broken(error: arrow_schema::ArrowError) -> CliError {
    match error {
        arrow_schema::ArrowError::IoError(_, error) => error.into(),
        error => CliError::failed(format!("cannot write the Arrow stream: {error}")),
    }
}

fn unwritten(error: parquet::errors::ParquetError) -> CliError {
    match error {
        parquet::errors::ParquetError::External(error) => match error.downcast::<io::Error>() {
            Ok(error) => (*error).into(),
            Err(error) => CliError::failed(format!("cannot write the Parquet file: {error}")),
        },
        error => CliError::failed(format!("cannot write the Parquet file: {error}")),
    }
}
