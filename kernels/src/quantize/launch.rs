//! validate -> launch.

use cubecl::prelude::*;

use super::{CONTRACT, PACKED, cube};
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_elements, check_index_space, check_room, cube_count, lanes_by_groups, units};
use crate::device::{Buf, Ids, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "quantize";

/// Rows of 8-bit integers on a device.
#[derive(Debug)]
pub struct Int8Rows<R: Runtime> {
    codes: Ids<R>,
    scales: Buf<R>,
    width: usize,
}

impl<R: Runtime> Clone for Int8Rows<R> {
    fn clone(&self) -> Self {
        Self { codes: self.codes.clone(), scales: self.scales.clone(), width: self.width }
    }
}

impl<R: Runtime> Int8Rows<R> {
    /// Uploads q `[rows, F]` and scale `[rows]`.
    ///
    /// # Errors
    /// Another number of q than rows·F.
    pub fn upload(client: &ComputeClient<R>, codes: &[i8], scales: &[f32], width: usize) -> Result<Self, KernelError> {
        check_len(OP, CONTRACT, "q", codes.len(), scales.len().saturating_mul(width))?;
        let word = |four: &[i8]| four.iter().rev().fold(0, |word, &q| word << 8 | u32::from(q.cast_unsigned()));
        // A last word of fewer than four keeps them in its lowest bits.
        let words: Vec<u32> = codes.chunks(width.max(1)).flat_map(|row| row.chunks(PACKED).map(word)).collect();
        Ok(Self { codes: Ids::upload(client, &words), scales: Buf::from_f32(client, scales), width })
    }

    /// q `[rows, F]` and scale `[rows]`; waits for the device.
    ///
    /// # Errors
    /// A read that fails.
    pub fn read(&self, client: &ComputeClient<R>) -> Result<(Vec<i8>, Vec<f32>), KernelError> {
        let words = self.codes.read(client)?;
        let row = |words: &[u32]| -> Vec<i8> {
            let bytes = words.iter().flat_map(|word| word.to_le_bytes());
            bytes.take(self.width).map(u8::cast_signed).collect()
        };
        let codes = words.chunks(self.words().max(1)).flat_map(row).collect();
        let scales = self.scales.read(client).map_err(|message| KernelError::Read { what: "scales", message })?;
        Ok((codes, bytemuck::pod_collect_to_vec(&scales)))
    }

    /// Rows.
    pub fn rows(&self) -> usize {
        self.scales.len()
    }

    /// F
    pub fn width(&self) -> usize {
        self.width
    }

    /// Words of a row.
    pub(crate) fn words(&self) -> usize {
        self.width.div_ceil(PACKED)
    }

    pub(crate) fn codes(&self) -> &Ids<R> {
        &self.codes
    }

    pub(crate) fn scales(&self) -> &Buf<R> {
        &self.scales
    }
}

/// x `[rows, F]` -> q and scale.
///
/// # Errors
/// An x that is no whole number of rows, a storage type that the device lacks, sizes over 32 bits.
pub fn quantize<R: Runtime>(client: &ComputeClient<R>, x: &Buf<R>, rows: usize) -> Result<Int8Rows<R>, KernelError> {
    capability::check_storage(client, x.dtype())?;
    let width = x.len() / rows.max(1);
    check_len(OP, CONTRACT, "x", x.len(), rows * width)?;
    check_index_space(&[("elements", x)])?;
    check_elements("rows", rows)?;
    let out = Int8Rows { codes: Ids::empty(client, rows * width.div_ceil(PACKED)), scales: Buf::empty(client, rows, DType::F32), width };
    if rows == 0 {
        return Ok(out);
    }
    let (lanes, groups) = lanes_by_groups(client, out.words());
    // SAFETY: x holds `rows` rows of `width`, and the outputs a scale per row and its words; the kernel guards the row and the feature, and all
    // units reach every barrier.
    unsafe {
        cube::quantize::launch_unchecked::<R>(
            client,
            cube_count(client, rows.div_ceil(groups as usize)),
            CubeDim::new_2d(lanes, groups),
            x.arg(),
            out.codes.arg(),
            out.scales.arg(),
            rows,
            width,
            (lanes * groups) as usize,
            storage_type(x.dtype()),
        );
    }
    Ok(out)
}

/// q and scale -> x' `[rows, F]`.
///
/// # Errors
/// A storage type that the device lacks, sizes over 32 bits.
pub fn dequantize<R: Runtime>(client: &ComputeClient<R>, q: &Int8Rows<R>, dtype: DType) -> Result<Buf<R>, KernelError> {
    capability::check_storage(client, dtype)?;
    check_type(OP, "scale", &q.scales, DType::F32)?;
    check_room(client, "elements", q.rows().saturating_mul(q.width), dtype.bytes())?;
    let x = Buf::empty(client, q.rows() * q.width, dtype);
    if x.is_empty() {
        return Ok(x);
    }
    let units = units(client);
    // SAFETY: `Int8Rows` holds a scale for each row and the words of it, x an element for each integer; the kernel guards the element.
    unsafe {
        cube::dequantize::launch_unchecked::<R>(
            client,
            cube_count(client, x.len().div_ceil(units as usize)),
            CubeDim::new_1d(units),
            q.codes.arg(),
            q.scales.arg(),
            x.arg(),
            q.width,
            x.len(),
            storage_type(dtype),
        );
    }
    Ok(x)
}
