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

/// How names are made: `least..=most` syllables of an onset, a vowel and a coda each, the first letter a capital. A syllable that begins with a space begins a word.
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

/// Most letters of a piece of a name, but for one that would be left alone.
const PIECE: usize = 3;
/// Most syllables of a name.
const LONGEST: usize = 8;
/// Names that there are at least.
const ENOUGH: usize = 1_000_000;

impl NameOptions {
    /// Names like given ones: of their pieces of up to four letters, as many as they have but for a tenth at each end, and of several words where they are. A network that learned from such names
    /// has met the tokens of the given ones, and none of these. The default ones where there are too few pieces.
    pub fn like<S: AsRef<str>>(names: &[S]) -> Self {
        let mut all = Vec::new();
        let mut counts = Vec::with_capacity(names.len());
        for name in names {
            let before = all.len();
            for (nth, word) in name.as_ref().split_whitespace().enumerate() {
                // Marks of questions part names from each other.
                let letters: Vec<char> = word.chars().filter(|c| !",;:?".contains(*c) && !c.is_control()).collect();
                pieces(&letters, nth > 0, &mut all);
            }
            counts.push(all.len() - before);
        }
        all.sort_unstable();
        all.dedup();
        counts.sort_unstable();
        let at = |part: usize| counts.get(counts.len().saturating_sub(1) * part / 10).map_or(1, |count| (*count).clamp(1, LONGEST));
        // Names of few pieces must be longer to be enough.
        let enough = |most: &usize| all.len().saturating_pow(*most as u32) >= ENOUGH;
        let Some(most) = (at(9)..=LONGEST).find(enough) else { return Self::default() };
        Self { least: at(1), most, onsets: all, vowels: vec![String::new()], codas: vec![String::new()] }
    }
}

/// Cuts a word; that of a name's first one begins small, as any syllable may come first.
fn pieces(letters: &[char], later: bool, all: &mut Vec<String>) {
    let mut start = 0;
    while start < letters.len() {
        let left = letters.len() - start;
        let end = start + if left == PIECE + 1 { left } else { left.min(PIECE) };
        let piece: String = letters[start..end].iter().collect();
        all.push(match (start, later) {
            (0, true) => format!(" {piece}"),
            (0, false) => small(&piece),
            _ => piece,
        });
        start = end;
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
    /// When there are no syllables, one of them is empty or has spaces but at its beginning, or `least` is 0, above `most` or `most` above 8.
    pub fn new(options: &NameOptions) -> Result<Self> {
        let (least, most) = (options.least, options.most);
        if least == 0 || least > most || most > LONGEST {
            return Err(ModelError::option(
                "syllables of a name",
                format!("{least} to {most}"),
                format!("1 to {LONGEST}, the least first"),
            ));
        }
        let mut syllables = Vec::new();
        for onset in &options.onsets {
            for vowel in &options.vowels {
                syllables.extend(options.codas.iter().map(|coda| format!("{onset}{vowel}{coda}")));
            }
        }
        syllables.sort_unstable();
        syllables.dedup();
        let solid = |s: &str| !s.is_empty() && !s.contains(|c: char| c.is_whitespace() || c.is_control());
        if syllables.is_empty() || !syllables.iter().all(|s| solid(s.strip_prefix(' ').unwrap_or(s))) {
            let got = format!("{} syllables, {:?} the first", syllables.len(), syllables.first().map_or("", String::as_str));
            return Err(ModelError::option(
                "inventory of syllables",
                got,
                "onsets, vowels and codas (\"\" for none), a space only before a syllable",
            ));
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
        capital(parts.collect::<String>().trim_start())
    }
}

/// With a small letter first.
fn small(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// With a capital first.
pub(super) fn capital(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
