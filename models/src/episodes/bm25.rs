//! BM25: the texts that have the words of a question.

use std::collections::HashMap;

const K1: f64 = 1.2;
const B: f64 = 0.75;

/// An index of texts by words (runs of letters and digits, in lower case).
///
/// score(q, d) = Σ_w idf(w) · f(w, d) (k1 + 1) / (f(w, d) + k1 (1 − b + b |d| / avg |d|)),  idf(w) = ln(1 + (N − n_w + ½) / (n_w + ½))
///
/// over the distinct words w of the question, with k1 = 1.2 and b = 0.75; f counts a word in a text, n_w the texts that have it (Robertson and Zaragoza,
/// The Probabilistic Relevance Framework, 2009; the 1 in the logarithm keeps words of more than half of the texts from counting against a text).
#[derive(Debug, Clone)]
pub struct Bm25 {
    /// (text, count) of each word.
    postings: HashMap<String, Vec<(u32, u32)>>,
    /// k1 (1 − b + b |d| / avg |d|).
    norms: Vec<f64>,
}

impl Bm25 {
    /// The index of texts: one pass over them.
    pub fn new<T: AsRef<str>>(texts: &[T]) -> Self {
        let mut postings: HashMap<String, Vec<(u32, u32)>> = HashMap::new();
        let mut lengths = Vec::with_capacity(texts.len());
        for (number, text) in (0..).zip(texts) {
            let words = words(text.as_ref());
            lengths.push(words.len() as f64);
            for word in words {
                let list = postings.entry(word).or_default();
                match list.last_mut() {
                    Some((last, count)) if *last == number => *count += 1,
                    _ => list.push((number, 1)),
                }
            }
        }
        let mean = lengths.iter().sum::<f64>() / lengths.len().max(1) as f64;
        let norms = lengths.iter().map(|length| K1 * (1.0 - B + B * length / mean.max(f64::MIN_POSITIVE))).collect();
        Self { postings, norms }
    }

    /// At most n texts that have a word of the question, best first, with their scores; of equal scores the first text is first.
    pub fn rank(&self, question: &str, n: usize) -> Vec<(u32, f64)> {
        let mut asked = words(question);
        asked.sort_unstable();
        asked.dedup();
        let mut scores: HashMap<u32, f64> = HashMap::new();
        for list in asked.iter().filter_map(|word| self.postings.get(word)) {
            let (with, without) = (list.len() as f64, (self.norms.len() - list.len()) as f64);
            let idf = ((without + 0.5) / (with + 0.5)).ln_1p();
            for (text, count) in list {
                let count = f64::from(*count);
                *scores.entry(*text).or_default() += idf * count * (K1 + 1.0) / (count + self.norms[*text as usize]);
            }
        }
        let mut ranked: Vec<(u32, f64)> = scores.into_iter().collect();
        ranked.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        ranked.truncate(n);
        ranked
    }
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
}
