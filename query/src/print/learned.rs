//! `SIMILAR` and `PREDICT`.

use std::fmt;

use super::Printer;
use crate::algebra::{Pattern, Predict, Similar, Variable};

impl<'a> Printer<'a, '_> {
    pub(super) fn similar(&mut self, similar: &'a Similar) -> fmt::Result {
        write!(self.out, "SIMILAR({}, ", similar.variable)?;
        self.term(&similar.to)?;
        write!(self.out, ", {}) ", similar.k)?;
        self.end(similar.score.as_ref(), similar.among.as_ref())
    }

    pub(super) fn predict(&mut self, predict: &'a Predict) -> fmt::Result {
        self.out.write_str("PREDICT { ")?;
        self.run(&predict.candidate)?;
        write!(self.out, "LIMIT {} }} ", predict.k)?;
        self.end(predict.score.as_ref(), predict.among.as_ref())
    }

    fn end(&mut self, score: Option<&Variable>, among: Option<&'a Pattern>) -> fmt::Result {
        if let Some(score) = score {
            write!(self.out, "AS {score} ")?;
        }
        if let Some(among) = among {
            self.out.write_str("AMONG ")?;
            self.nested(among)?;
        }
        Ok(())
    }
}
