//! One safetensors file, read tensor by tensor: the header at once, the values when they are wanted.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use burn::tensor::{DType, TensorData};
use half::{bf16, f16};
use safetensors::tensor::{Metadata, TensorInfo};
use safetensors::{Dtype, SafeTensorError};

use crate::error::{ModelError, Result};
use crate::precision::Precision;

/// Most bytes of a header, as the format has it.
const HEADER_LIMIT: u64 = 100_000_000;
/// Bytes that the length of the header takes.
const LENGTH: u64 = 8;
/// Bytes that are converted at once; a multiple of every element.
const CHUNK: usize = 1 << 20;

/// An open file whose header was checked against its length.
#[derive(Debug)]
pub(super) struct TensorFile {
    path: PathBuf,
    file: File,
    /// Where the values begin.
    start: u64,
    metadata: Metadata,
}

impl TensorFile {
    /// Reads the header. What it claims is held against the length of the file before anything is allocated for it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let damaged = |reason: String| ModelError::SafeTensors { path: path.into(), reason };
        let mut file = File::open(path).map_err(ModelError::read(path))?;
        let bytes = file.metadata().map_err(ModelError::read(path))?.len();
        let refuse = |error: SafeTensorError| damaged(format!("{error} ({bytes} bytes)"));
        if bytes < LENGTH {
            return Err(refuse(SafeTensorError::HeaderTooSmall));
        }
        let mut length = [0; LENGTH as usize];
        file.read_exact(&mut length).map_err(ModelError::read(path))?;
        let length = u64::from_le_bytes(length);
        if length > HEADER_LIMIT {
            return Err(damaged(format!("header too large ({length} bytes claimed in a file of {bytes}, at most {HEADER_LIMIT})")));
        }
        let start = LENGTH + length;
        if start > bytes {
            return Err(refuse(SafeTensorError::InvalidHeaderLength));
        }
        let mut header = vec![0; length as usize];
        file.read_exact(&mut header).map_err(ModelError::read(path))?;
        let metadata: Metadata = serde_json::from_slice(&header).map_err(|e| damaged(format!("invalid header: {e} ({bytes} bytes)")))?;
        if start.checked_add(metadata.data_len() as u64) != Some(bytes) {
            return Err(refuse(SafeTensorError::MetadataIncompleteBuffer));
        }
        Ok(Self { path: path.into(), file, start, metadata })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Names with their types and shapes.
    pub(super) fn tensors(&self) -> impl Iterator<Item = (String, TensorInfo)> + '_ {
        self.metadata.tensors().into_iter().map(|(name, info)| (name, info.clone()))
    }

    /// The values of a tensor in the type of `precision`; `None` where the file has them in no type of floating point.
    pub(super) fn read(&self, info: &TensorInfo, precision: Precision) -> Result<Option<TensorData>> {
        let values = |widen: Widen| self.convert(info, widen, precision).map(Some);
        match info.dtype {
            Dtype::F64 => values(Widen::F64),
            Dtype::F32 => values(Widen::F32),
            Dtype::F16 => values(Widen::F16),
            Dtype::BF16 => values(Widen::BF16),
            _ => Ok(None),
        }
    }

    fn convert(&self, info: &TensorInfo, from: Widen, precision: Precision) -> Result<TensorData> {
        let shape = info.shape.clone();
        Ok(match precision.dtype() {
            DType::F64 => TensorData::new(self.values(info, |bytes, out| from.each(bytes, |v| out.push(v)))?, shape),
            DType::F16 => TensorData::new(self.values(info, |bytes, out| from.each(bytes, |v| out.push(f16::from_f64(v))))?, shape),
            DType::BF16 => TensorData::new(self.values(info, |bytes, out| from.each(bytes, |v| out.push(bf16::from_f64(v))))?, shape),
            _ => TensorData::new(self.values(info, |bytes, out| from.each(bytes, |v| out.push(v as f32)))?, shape),
        })
    }

    /// All values of a tensor, converted chunk by chunk: no more than the result and one chunk is in memory.
    fn values<T>(&self, info: &TensorInfo, push: impl Fn(&[u8], &mut Vec<T>)) -> Result<Vec<T>> {
        let (start, end) = info.data_offsets;
        let mut reader = &self.file;
        reader.seek(SeekFrom::Start(self.start + start as u64)).map_err(ModelError::read(&self.path))?;
        let mut out = Vec::with_capacity(info.shape.iter().product());
        let mut chunk = vec![0; CHUNK.min(end - start)];
        let mut left = end - start;
        while left > 0 {
            let now = left.min(CHUNK);
            reader.read_exact(&mut chunk[..now]).map_err(ModelError::read(&self.path))?;
            push(&chunk[..now], &mut out);
            left -= now;
        }
        Ok(out)
    }
}

/// How the bytes of a file become numbers.
#[derive(Debug, Clone, Copy)]
enum Widen {
    F64,
    F32,
    F16,
    BF16,
}

impl Widen {
    fn each(self, bytes: &[u8], out: impl FnMut(f64)) {
        match self {
            Self::F64 => words(bytes).map(f64::from_le_bytes).for_each(out),
            Self::F32 => words(bytes).map(|w| f64::from(f32::from_le_bytes(w))).for_each(out),
            Self::F16 => words(bytes).map(|w| f16::from_le_bytes(w).to_f64()).for_each(out),
            Self::BF16 => words(bytes).map(|w| bf16::from_le_bytes(w).to_f64()).for_each(out),
        }
    }
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> + '_ {
    bytes.as_chunks::<N>().0.iter().copied()
}
