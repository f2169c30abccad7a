//! Embeddings as a file.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeListBuilder, Float32Builder};
use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use hypergraphql_framework::io;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, TensorView, serialize};

use crate::cli::error::CliError;

/// Texts that are encoded at a time.
const BATCH: usize = 1 << 13;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Columns `text` and `embedding`, the latter a list of fixed size.
    Parquet,
    /// A tensor `embeddings` [texts, width] in f32.
    SafeTensors,
}

impl Format {
    /// As the extension says.
    pub(super) fn of(path: &Path) -> Result<Self, CliError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("parquet") => Ok(Self::Parquet),
            Some("safetensors") => Ok(Self::SafeTensors),
            _ => {
                let message = format!("--out {}: expected a file that ends in .parquet or .safetensors", path.display());
                Err(CliError::input(message).with_help("leave --out out for text, or add --json for JSON lines"))
            }
        }
    }

    /// Writes beside the place and renames.
    pub(super) fn write(self, path: &Path, texts: &[String], embeddings: &[Vec<f32>]) -> Result<(), CliError> {
        let failed = |error: String| CliError::failed(format!("{}: cannot write: {error}", path.display()));
        let bytes = match self {
            Self::Parquet => parquet(texts, embeddings).map_err(|error| failed(error.to_string()))?,
            Self::SafeTensors => safetensors(embeddings).map_err(|error| failed(error.to_string()))?,
        };
        Ok(io::write_file(path, &bytes)?)
    }
}

fn width(embeddings: &[Vec<f32>]) -> usize {
    embeddings.first().map_or(0, Vec::len)
}

fn parquet(texts: &[String], embeddings: &[Vec<f32>]) -> Result<Vec<u8>, ParquetError> {
    let width = width(embeddings) as i32;
    let item = Arc::new(Field::new("item", DataType::Float32, true));
    let list = DataType::FixedSizeList(Arc::clone(&item), width);
    let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, false), Field::new("embedding", list, false)]));
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), Arc::clone(&schema), Some(properties))?;
    for (texts, embeddings) in texts.chunks(BATCH).zip(embeddings.chunks(BATCH)) {
        let mut lists = FixedSizeListBuilder::new(Float32Builder::new(), width).with_field(Arc::clone(&item));
        for embedding in embeddings {
            lists.values().append_slice(embedding);
            lists.append(true);
        }
        let columns: [ArrayRef; 2] = [Arc::new(texts.iter().map(Some).collect::<StringArray>()), Arc::new(lists.finish())];
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.into()).map_err(ParquetError::from)?;
        writer.write(&batch)?;
    }
    writer.into_inner()
}

fn safetensors(embeddings: &[Vec<f32>]) -> Result<Vec<u8>, SafeTensorError> {
    let bytes: Vec<u8> = embeddings.iter().flatten().flat_map(|x| x.to_le_bytes()).collect();
    serialize([("embeddings", TensorView::new(Dtype::F32, vec![embeddings.len(), width(embeddings)], &bytes)?)], None)
}
