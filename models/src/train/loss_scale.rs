//! Dynamic loss scaling for f16: the loss is multiplied so that small gradients do not vanish.

use serde::{Deserialize, Serialize};

/// Good steps in a row after which the scale doubles.
const GROW_AFTER: u32 = 2000;
/// The scale that training starts with (Micikevicius et al., 2018, and the default of PyTorch's GradScaler).
const START: f32 = 65_536.0;
/// Below this the gradients are not finite for another reason than the scale.
const LEAST: f32 = 1.0 / 65_536.0;
const MOST: f32 = 16_777_216.0;

/// The scale and how many steps in a row were good.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LossScale {
    /// What the loss is multiplied with: a power of two, so that dividing by it again is exact.
    pub scale: f32,
    /// Steps since the scale last changed.
    pub good_steps: u32,
}

impl Default for LossScale {
    fn default() -> Self {
        Self { scale: START, good_steps: 0 }
    }
}

impl LossScale {
    /// After a step with finite gradients: doubles the scale every 2000 steps.
    #[must_use]
    pub fn good(self) -> Self {
        if self.good_steps + 1 < GROW_AFTER {
            return Self { good_steps: self.good_steps + 1, ..self };
        }
        Self { scale: (self.scale * 2.0).min(MOST), good_steps: 0 }
    }

    /// After a step whose gradients held an infinity or NaN, which was skipped: halves the scale.
    #[must_use]
    pub fn bad(self) -> Self {
        Self { scale: self.scale / 2.0, good_steps: 0 }
    }

    /// Whether halving can no longer help.
    pub fn is_exhausted(self) -> bool {
        self.scale < LEAST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_on_bad_steps_and_doubles_after_2000_good_ones() {
        let mut s = LossScale::default().bad();
        assert_eq!(s, LossScale { scale: 32_768.0, good_steps: 0 });
        for _ in 0..1999 {
            s = s.good();
        }
        assert_eq!(s, LossScale { scale: 32_768.0, good_steps: 1999 });
        s = s.good();
        assert_eq!(s, LossScale { scale: 65_536.0, good_steps: 0 });
        assert_eq!(s.good().bad().good_steps, 0, "a bad step starts the count again");
    }

    #[test]
    fn is_exhausted_after_32_halvings_and_has_a_ceiling() {
        let mut s = LossScale::default();
        let halvings = (0..40).take_while(|_| { let go = !s.is_exhausted(); s = s.bad(); go }).count();
        assert_eq!(halvings, 33);
        let top = LossScale { scale: MOST, good_steps: GROW_AFTER - 1 };
        assert_eq!(top.good().scale, MOST);
    }
}
