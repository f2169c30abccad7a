//! validate -> strategy -> config -> launch of a pass.

use cubecl::prelude::*;

use super::cube::{Attention, EntriesLaunch, FinishLaunch, Plan, pass_combine, pass_long, pass_short};
use super::{CONTRACT, Fold, Reduce, Weights};
use crate::csr::Direction;
use crate::device::buffer::{check_type, storage_type};
use crate::device::grid::{check_index_space, check_room, cube_count, lanes_by_groups, vector_size};
use crate::device::worklist::WorkList;
use crate::device::{Buf, DevicePattern, Ids, Side, capability};
use crate::element::DType;
use crate::error::{KernelError, check_len};

const OP: &str = "aggregate";

/// Attention coefficients as the weights of a pass.
#[derive(Debug)]
pub(crate) struct Coefficients<'a, R: Runtime> {
    /// `[outputs, Hd]`
    pub(crate) out_part: &'a Buf<R>,
    /// `[inputs, Hd]`
    pub(crate) in_part: &'a Buf<R>,
    /// m and 1 / Σ exp(s − m) `[segments, 2, Hd]`
    pub(crate) normaliser: &'a Buf<R>,
    /// The segments are the outputs of this pass.
    pub(crate) of_outputs: bool,
    pub(crate) heads: usize,
    pub(crate) slope: f32,
}

/// Attention coefficients of scores: those of the inputs where the segments are the outputs, else those of the outputs.
#[derive(Debug)]
pub(crate) struct Scores<'a, R: Runtime> {
    /// `[inputs or outputs, S·Hd]`, f32
    pub(crate) scores: &'a Buf<R>,
    /// m and 1 / Σ exp(s − m) `[segments, 2, S·Hd]`
    pub(crate) normaliser: &'a Buf<R>,
    /// The segments are the outputs of this pass.
    pub(crate) of_outputs: bool,
    /// S·Hd
    pub(crate) heads: usize,
    /// How often an output has the features of an input: S, where every seed reads the same input.
    pub(crate) repeats: usize,
}

impl<R: Runtime> Copy for Scores<'_, R> {}

impl<R: Runtime> Clone for Scores<'_, R> {
    fn clone(&self) -> Self {
        *self
    }
}

/// One pass with everything that can be folded in.
#[derive(Debug)]
pub(crate) struct Pass<'a, R: Runtime> {
    pub(crate) direction: Direction,
    pub(crate) reduce: Reduce,
    pub(crate) x: &'a Buf<R>,
    pub(crate) width: usize,
    pub(crate) weights: Weights<&'a Buf<R>>,
    pub(crate) fold: Fold<&'a Buf<R>, &'a Buf<R>>,
    pub(crate) attention: Option<Coefficients<'a, R>>,
    pub(crate) scores: Option<Scores<'a, R>>,
    /// Winning positions `[inputs, F]`.
    pub(crate) winners: Option<&'a Ids<R>>,
}

/// The pass; x `[inputs, F]` -> y `[outputs, F]` in the type of x.
///
/// # Errors
/// Arrays of another length than the contract's, a storage type that the device lacks, sizes over 32 bits.
pub fn aggregate<R: Runtime>(
    pattern: &DevicePattern<R>,
    direction: Direction,
    reduce: Reduce,
    x: &Buf<R>,
    width: usize,
    weights: Weights<&Buf<R>>,
    fold: Fold<&Buf<R>, &Buf<R>>,
) -> Result<Buf<R>, KernelError> {
    run(pattern, &Pass { direction, reduce, x, width, weights, fold, attention: None, scores: None, winners: None })
}

pub(crate) fn run<R: Runtime>(pattern: &DevicePattern<R>, pass: &Pass<R>) -> Result<Buf<R>, KernelError> {
    let side = pattern.side(pass.direction);
    validate(pattern, side, pass)?;
    let y = Buf::empty(&pattern.client, side.outputs * pass.width, pass.x.dtype());
    if !y.is_empty() {
        Launcher::new(pattern, side, pass).launch(&y);
    }
    Ok(y)
}

fn validate<R: Runtime>(pattern: &DevicePattern<R>, side: &Side<R>, pass: &Pass<R>) -> Result<(), KernelError> {
    let check = |argument, got: Option<&Buf<R>>, expected| got.map_or(Ok(()), |b| check_len(OP, CONTRACT, argument, b.len(), expected));
    capability::check_storage(&pattern.client, pass.x.dtype())?;
    check("x", Some(pass.x), side.inputs * pass.width / pass.scores.map_or(1, |s| s.repeats))?;
    if let Some(s) = pass.scores {
        let (scored, segments) = if s.of_outputs { (side.inputs, side.outputs) } else { (side.outputs, side.inputs) };
        check("scores", Some(s.scores), scored * s.heads)?;
        check("normaliser", Some(s.normaliser), 2 * segments * s.heads)?;
        check_type(OP, "scores", s.scores, DType::F32)?;
        check_type(OP, "normaliser", s.normaliser, DType::F32)?;
    }
    if let Weights::Entries(w) = pass.weights {
        check("w", Some(w), pattern.nnz)?;
        check_type(OP, "w", w, pass.x.dtype())?;
    }
    for (name, scale, len) in [
        ("t", pass.fold.input_scale, side.inputs),
        ("s", pass.fold.output_scale, side.outputs),
        ("c", pass.fold.bias.and_then(|b| b.1), side.outputs),
    ] {
        check(name, scale, len)?;
        scale.map_or(Ok(()), |s| check_type(OP, name, s, DType::F32))?;
    }
    if let Some((bias, _)) = pass.fold.bias {
        check("bias", Some(bias), pass.width)?;
        check_type(OP, "bias", bias, pass.x.dtype())?;
    }
    check_index_space(&[("input elements", pass.x)])?;
    check_room(&pattern.client, "output elements", side.outputs * pass.width, pass.x.dtype().bytes())?;
    check_room(&pattern.client, "partial results", side.schedule.hub.segments.len * pass.width, 4)
}

struct Launcher<'a, R: Runtime> {
    pattern: &'a DevicePattern<R>,
    side: &'a Side<R>,
    pass: &'a Pass<'a, R>,
    plan: Plan,
    /// Elements of one vector; widths below count vectors.
    vector: usize,
    width: usize,
    head: usize,
    lanes: u32,
    groups: u32,
}

impl<'a, R: Runtime> Launcher<'a, R> {
    fn new(pattern: &'a DevicePattern<R>, side: &'a Side<R>, pass: &'a Pass<'a, R>) -> Self {
        let heads = pass.attention.as_ref().map(|a| a.heads).or(pass.scores.map(|s| s.heads)).unwrap_or(1);
        let head = pass.width / heads;
        let vector = if pass.winners.is_some() { 1 } else { vector_size(&pattern.client, pass.x.dtype(), &[head]) };
        let width = pass.width / vector;
        let (lanes, groups) = lanes_by_groups(&pattern.client, width);
        let plan = Plan {
            reduce: pass.reduce,
            values: !matches!(pass.weights, Weights::Ones | Weights::Entries(_)) && side.values.is_some(),
            entries: matches!(pass.weights, Weights::Entries(_)),
            attention: match (&pass.attention, pass.scores) {
                (Some(a), _) if a.of_outputs => Attention::OfOutputs,
                (Some(_), _) => Attention::OfInputs,
                (None, Some(s)) if s.of_outputs => Attention::InputScores,
                (None, Some(_)) => Attention::OutputScores,
                (None, None) => Attention::Off,
            },
            winners: pass.winners.is_some(),
            canonical: side.canonical.is_some(),
            input_scale: pass.fold.input_scale.is_some(),
            output_scale: pass.fold.output_scale.is_some(),
            bias: pass.fold.bias.is_some(),
            bias_scale: pass.fold.bias.is_some_and(|b| b.1.is_some()),
            partial: false,
        };
        Self { pattern, side, pass, plan, vector, width, head: head / vector, lanes, groups }
    }

    fn launch(&self, y: &Buf<R>) {
        let schedule = &self.side.schedule;
        self.short(&schedule.short, y);
        self.long(&schedule.long, self.plan, y.arg(), self.pattern.unused_output());
        self.hubs(y);
    }

    fn entries(&self) -> EntriesLaunch<R> {
        let p = self.pattern;
        EntriesLaunch::new(
            p.ids(Some(&self.side.col)),
            p.ids(self.side.canonical.as_ref()),
            p.floats(self.side.values.as_ref()),
            p.floats(self.pass.attention.as_ref().map(|a| a.normaliser).or(self.pass.scores.map(|s| s.normaliser))),
            p.ids(self.pass.winners),
            p.floats(self.pass.fold.input_scale),
            p.floats(self.pass.scores.map(|s| s.scores)),
            self.pass.attention.as_ref().map_or(0.0, |a| a.slope),
            self.width / self.pass.scores.map_or(1, |s| s.repeats),
        )
    }

    /// The weights `[nnz]` or the attention parts of the outputs, and the attention parts of the inputs.
    fn parts(&self) -> (ArrayArg<R>, ArrayArg<R>) {
        match (&self.pass.attention, self.pass.weights) {
            (Some(a), _) => (self.pattern.floats(Some(a.out_part)), self.pattern.floats(Some(a.in_part))),
            (None, Weights::Entries(w)) => (self.pattern.floats(Some(w)), self.pattern.floats(None)),
            _ => (self.pattern.floats(None), self.pattern.floats(None)),
        }
    }

    fn finish(&self) -> FinishLaunch<R> {
        let fold = &self.pass.fold;
        FinishLaunch::new(self.pattern.floats(fold.output_scale), self.pattern.floats(fold.bias.and_then(|b| b.1)))
    }

    fn bias(&self) -> ArrayArg<R> {
        self.pattern.floats(self.pass.fold.bias.map(|b| b.0))
    }

    /// The neutral element of the reduction.
    fn neutral(&self) -> f32 {
        match self.pass.reduce {
            Reduce::Sum | Reduce::Mean => 0.0,
            Reduce::Max => f32::NEG_INFINITY,
            Reduce::Min => f32::INFINITY,
        }
    }

    fn dim(&self) -> CubeDim {
        CubeDim::new_2d(self.lanes, self.groups)
    }

    fn short(&self, list: &WorkList<R>, y: &Buf<R>) {
        if list.len == 0 {
            return;
        }
        let client = &self.pattern.client;
        let (own, other) = self.parts();
        // SAFETY: `validate` checked x, weights, scales and bias against the pattern, whose lists and columns are in range by
        // construction; the kernel guards the item and the feature.
        unsafe {
            pass_short::launch_unchecked::<R>(
                client,
                cube_count(client, list.len.div_ceil(self.groups as usize)),
                self.dim(),
                self.vector,
                list.rows.arg(),
                list.starts.arg(),
                list.ends.arg(),
                self.entries(),
                own,
                other,
                self.pattern.floats(Some(self.pass.x)),
                self.finish(),
                self.bias(),
                y.arg(),
                list.len,
                self.width,
                self.head,
                self.neutral(),
                self.plan,
                storage_type(self.pass.x.dtype()),
            );
        }
    }

    fn long(&self, list: &WorkList<R>, plan: Plan, y: ArrayArg<R>, partial: ArrayArg<R>) {
        if list.len == 0 {
            return;
        }
        let client = &self.pattern.client;
        let (own, other) = self.parts();
        // SAFETY: as in `short`; `partial` holds items · width results when the plan writes them, else y holds outputs · width.
        unsafe {
            pass_long::launch_unchecked::<R>(
                client,
                cube_count(client, list.len),
                self.dim(),
                self.vector,
                list.rows.arg(),
                list.starts.arg(),
                list.ends.arg(),
                self.entries(),
                own,
                other,
                self.pattern.floats(Some(self.pass.x)),
                self.finish(),
                self.bias(),
                y,
                partial,
                list.len,
                self.width,
                self.head,
                self.neutral(),
                (self.lanes * self.groups) as usize,
                plan,
                storage_type(self.pass.x.dtype()),
            );
        }
    }

    fn hubs(&self, y: &Buf<R>) {
        let (client, hub) = (&self.pattern.client, &self.side.schedule.hub);
        if hub.len == 0 {
            return;
        }
        let partial = Buf::<R>::empty(client, hub.segments.len * self.pass.width, DType::F32);
        self.long(&hub.segments, Plan { partial: true, ..self.plan }, self.pattern.unused_output(), partial.arg());
        // SAFETY: `partial` holds segments · width results, the bounds of the hubs end at `segments`; y was allocated for the outputs.
        unsafe {
            pass_combine::launch_unchecked::<R>(
                client,
                cube_count(client, hub.len.div_ceil(self.groups as usize)),
                self.dim(),
                self.vector,
                hub.rows.arg(),
                hub.bounds.arg(),
                hub.lengths.arg(),
                partial.arg(),
                self.finish(),
                self.bias(),
                y.arg(),
                hub.len,
                self.width,
                self.neutral(),
                self.plan,
                storage_type(self.pass.x.dtype()),
            );
        }
    }
}
