//! Fresh names of syllables.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::stream::Stream;
use crate::error::{ModelError, Result};

/// Which names may be drawn. The hash of a name (FNV-1a, mixed) decides: one in four is for tests, the rest for training, so the two are disjoint whatever
/// is drawn, and no list of names has to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Split {
    /// For training.
    #[default]
    Train,
    /// For tests.
    Test,
}

impl Split {
    /// The split of a name; the case of ASCII letters does not count.
    pub fn of(name: &str) -> Self {
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let hash = name.bytes().map(|byte| byte.to_ascii_lowercase()).fold(0xcbf2_9ce4_8422_2325, fnv);
        // The low bits of FNV-1a are weak: the finaliser of MurmurHash3.
        let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        if (mixed >> 62) == 0 { Self::Test } else { Self::Train }
    }

    /// How many of so many names are of this split, about.
    fn share(self, names: usize) -> usize {
        match self {
            Self::Train => names / 4 * 3,
            Self::Test => names / 4,
        }
    }
}

/// How names are made: `least..=most` syllables of an onset, a vowel and a coda each, the first letter a capital.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameOptions {
    /// Least number of syllables.
    pub least: usize,
    /// Most syllables.
    pub most: usize,
    /// What a syllable begins with; not empty.
    pub onsets: Vec<String>,
    /// Its middle; not empty.
    pub vowels: Vec<String>,
    /// Its end; an empty string for none.
    pub codas: Vec<String>,
}

impl Default for NameOptions {
    /// 14 · 5 · 4 = 280 syllables: 22 million names.
    fn default() -> Self {
        let letters = |letters: &str| letters.split(' ').map(str::to_owned).collect();
        Self {
            least: 2,
            most: 3,
            onsets: letters("b d f g h k l m n p r t v z"),
            vowels: letters("a e i o u"),
            codas: ["", "n", "r", "l"].map(str::to_owned).to_vec(),
        }
    }
}

/// The names of some options.
#[derive(Debug, Clone)]
pub struct Names {
    syllables: Vec<String>,
    least: usize,
    most: usize,
}

impl Names {
    /// Makes the syllables.
    ///
    /// # Errors
    /// When there are no syllables, one of them has other than letters, or `least` is 0, above `most` or `most` above 8.
    pub fn new(options: &NameOptions) -> Result<Self> {
        let (least, most) = (options.least, options.most);
        if least == 0 || least > most || most > 8 {
            return Err(ModelError::option("syllables of a name", format!("{least} to {most}"), "1 to 8, the least first"));
        }
        let mut syllables = Vec::new();
        for onset in &options.onsets {
            for vowel in &options.vowels {
                syllables.extend(options.codas.iter().map(|coda| format!("{onset}{vowel}{coda}")));
            }
        }
        syllables.sort_unstable();
        syllables.dedup();
        if syllables.is_empty() || !syllables.iter().all(|s| !s.is_empty() && s.chars().all(char::is_lowercase)) {
            let got = format!("{} syllables, {:?} the first", syllables.len(), syllables.first().map_or("", String::as_str));
            return Err(ModelError::option("inventory of syllables", got, "onsets, vowels and codas (\"\" for none) of small letters"));
        }
        Ok(Self { syllables, least, most })
    }

    /// All syllables, ascending.
    pub fn syllables(&self) -> &[String] {
        &self.syllables
    }

    /// Names of a split from a seed, each once and none of `taken`. The number of syllables is uniform, then each syllable.
    ///
    /// # Errors
    /// When there are too few names for so many.
    pub fn draw(&self, count: usize, split: Split, seed: u64, taken: &[String]) -> Result<Vec<String>> {
        let mut stream = Stream::new(seed, super::stream::Part::Names);
        let mut seen: HashSet<String> = taken.iter().cloned().collect();
        let power = |n: usize| self.syllables.len().saturating_pow(n as u32);
        let all = (self.least..=self.most).map(power).fold(0, usize::saturating_add);
        // Half of them: the rest is for draws that find new ones.
        let fair = split.share(all) / 2;
        let mut names = Vec::with_capacity(count.min(fair));
        // Of names of the greatest length at least one in four is of the split, and one in two of those is new.
        let mut tries = count.saturating_mul(64 * (self.most - self.least + 1)).saturating_add(1000);
        while names.len() < count {
            if count > fair || tries == 0 {
                let expected = format!("at most {fair} of {} syllables; give more syllables or a longer name", self.syllables.len());
                return Err(ModelError::option("number of names", count, expected));
            }
            tries -= 1;
            let name = self.name(&mut stream);
            if Split::of(&name) == split && seen.insert(name.clone()) {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn name(&self, stream: &mut Stream) -> String {
        let length = self.least + stream.below(self.most - self.least + 1);
        let parts = (0..length).filter_map(|_| stream.pick(&self.syllables).map(String::as_str));
        capital(&parts.collect::<String>())
    }
}

/// With a capital first.
pub(super) fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
