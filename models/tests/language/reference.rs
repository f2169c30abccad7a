//! The networks in plain f64 loops, one sequence at a time.

use hypergraphql_models::text::BertConfig;
use hypergraphql_models::transformer::LlamaConfig;

use super::folder::{Array, Arrays};

pub(crate) type Rows = Vec<Vec<f64>>;

/// The tensors whose names begin with a prefix.
struct Part<'a>(&'a Arrays, String);

impl Part<'_> {
    fn get(&self, name: &str) -> Option<&Array> {
        self.0.get(&format!("{}{name}", self.1))
    }

    fn vector(&self, name: &str) -> &[f64] {
        &self.get(name).unwrap_or_else(|| panic!("no {name}")).values
    }

    /// x Wᵀ + b, b where there is one.
    fn map(&self, x: &[Vec<f64>], name: &str) -> Rows {
        let w = self.get(&format!("{name}.weight")).unwrap();
        let bias = self.get(&format!("{name}.bias"));
        let row = |x: &Vec<f64>| {
            let output = |o: usize| (0..x.len()).map(|i| x[i] * w.values[o * x.len() + i]).sum::<f64>() + bias.map_or(0.0, |b| b.values[o]);
            (0..w.shape[0]).map(output).collect()
        };
        x.iter().map(row).collect()
    }
}

fn add(a: &[Vec<f64>], b: &[Vec<f64>]) -> Rows {
    a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a + b).collect()).collect()
}

fn rms_norm(x: &[Vec<f64>], weight: &[f64], epsilon: f64) -> Rows {
    let row = |x: &Vec<f64>| {
        let mean = x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64;
        x.iter().zip(weight).map(|(v, w)| v * w / (mean + epsilon).sqrt()).collect()
    };
    x.iter().map(row).collect()
}

fn layer_norm(x: &[Vec<f64>], gamma: &[f64], beta: &[f64], epsilon: f64) -> Rows {
    let row = |x: &Vec<f64>| {
        let mean = x.iter().sum::<f64>() / x.len() as f64;
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64;
        (0..x.len()).map(|i| gamma[i] * (x[i] - mean) / (variance + epsilon).sqrt() + beta[i]).collect()
    };
    x.iter().map(row).collect()
}

/// Head h of the queries reads head h / (H / Hk) of the keys.
fn attention(q: &Rows, k: &Rows, v: &Rows, width: usize, causal: bool) -> Rows {
    let (heads, kv_heads) = (q[0].len() / width, k[0].len() / width);
    let mut out = vec![vec![0.0; q[0].len()]; q.len()];
    for t in 0..q.len() {
        for h in 0..heads {
            let (at, from) = (h * width, h / (heads / kv_heads) * width);
            let keys = if causal { t + 1 } else { k.len() };
            let score = |j: usize| (0..width).map(|f| q[t][at + f] * k[j][from + f]).sum::<f64>() / (width as f64).sqrt();
            let scores: Vec<f64> = (0..keys).map(score).collect();
            let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = scores.iter().map(|s| (s - most).exp()).sum();
            for j in 0..keys {
                let weight = (scores[j] - most).exp() / sum;
                (0..width).for_each(|f| out[t][at + f] += weight * v[j][from + f]);
            }
        }
    }
    out
}

fn rotate(x: &mut Rows, width: usize, theta: f64) {
    let half = width / 2;
    for (t, row) in x.iter_mut().enumerate() {
        for head in row.chunks_mut(width) {
            for f in 0..half {
                let (sin, cos) = (t as f64 * theta.powf(-2.0 * f as f64 / width as f64)).sin_cos();
                let (a, b) = (head[f], head[f + half]);
                (head[f], head[f + half]) = (a * cos - b * sin, b * cos + a * sin);
            }
        }
    }
}

/// One block of a decoder.
fn llama_block(c: &LlamaConfig, p: &Part<'_>, x: &Rows) -> Rows {
    let n = rms_norm(x, p.vector("input_layernorm.weight"), c.rms_norm_eps);
    let (mut q, mut k, v) = (p.map(&n, "self_attn.q_proj"), p.map(&n, "self_attn.k_proj"), p.map(&n, "self_attn.v_proj"));
    rotate(&mut q, c.head_dim, c.rope_theta);
    rotate(&mut k, c.head_dim, c.rope_theta);
    let x = add(x, &p.map(&attention(&q, &k, &v, c.head_dim, true), "self_attn.o_proj"));
    let m = rms_norm(&x, p.vector("post_attention_layernorm.weight"), c.rms_norm_eps);
    let (gate, up) = (p.map(&m, "mlp.gate_proj"), p.map(&m, "mlp.up_proj"));
    let gated = |g: &f64, u: &f64| g / (1.0 + (-g).exp()) * u;
    let inner: Rows = gate.iter().zip(&up).map(|(g, u)| g.iter().zip(u).map(|(g, u)| gated(g, u)).collect()).collect();
    add(&x, &p.map(&inner, "mlp.down_proj"))
}

fn lookup(table: &Array, ids: &[u32]) -> Rows {
    let width = table.shape[1];
    ids.iter().map(|&id| table.values[id as usize * width..][..width].to_vec()).collect()
}

/// Logits `[T, V]` of a decoder without scaling of its frequencies.
pub(crate) fn llama(c: &LlamaConfig, arrays: &Arrays, ids: &[u32]) -> Rows {
    let mut x = lookup(&arrays["model.embed_tokens.weight"], ids);
    for i in 0..c.num_hidden_layers {
        x = llama_block(c, &Part(arrays, format!("model.layers.{i}.")), &x);
    }
    let x = rms_norm(&x, &arrays["model.norm.weight"].values, c.rms_norm_eps);
    let head = if c.tie_word_embeddings { "model.embed_tokens" } else { "lm_head" };
    Part(arrays, String::new()).map(&x, head)
}

/// The error function, by its series.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..120 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * std::f64::consts::FRAC_2_SQRT_PI
}

/// One layer of an encoder.
fn bert_layer(c: &BertConfig, p: &Part<'_>, x: &Rows) -> Rows {
    let [q, k, v] = ["query", "key", "value"].map(|name| p.map(x, &format!("attention.self.{name}")));
    let attended = p.map(&attention(&q, &k, &v, c.hidden_size / c.num_attention_heads, false), "attention.output.dense");
    let norm = |x: &Rows, name: &str| {
        layer_norm(x, p.vector(&format!("{name}.LayerNorm.weight")), p.vector(&format!("{name}.LayerNorm.bias")), c.layer_norm_eps)
    };
    let x = norm(&add(x, &attended), "attention.output");
    let mut inner = p.map(&x, "intermediate.dense");
    // The series of the error function is good for small arguments alone.
    inner.iter_mut().flatten().for_each(|v| {
        assert!(v.abs() < 7.0, "{v}");
        *v *= 0.5 * (1.0 + erf(*v / 2f64.sqrt()));
    });
    norm(&add(&x, &p.map(&inner, "output.dense")), "output")
}

/// Hidden states `[T, d]` of an encoder with GELU.
pub(crate) fn bert(c: &BertConfig, arrays: &Arrays, ids: &[u32], segments: &[u32]) -> Rows {
    let table = |name: &str| &arrays[&format!("embeddings.{name}_embeddings.weight")];
    let places: Vec<u32> = (0..ids.len() as u32).collect();
    let x = add(&add(&lookup(table("word"), ids), &lookup(table("position"), &places)), &lookup(table("token_type"), segments));
    let norm = |name: &str| arrays[&format!("embeddings.LayerNorm.{name}")].values.clone();
    let mut x = layer_norm(&x, &norm("weight"), &norm("bias"), c.layer_norm_eps);
    for i in 0..c.num_hidden_layers {
        x = bert_layer(c, &Part(arrays, format!("encoder.layer.{i}.")), &x);
    }
    x
}

/// Largest difference of two arrays.
pub(crate) fn difference(a: &[f64], b: impl IntoIterator<Item = f64>) -> f64 {
    let b: Vec<f64> = b.into_iter().collect();
    assert_eq!(a.len(), b.len());
    a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, |most, d| if d.is_nan() { f64::INFINITY } else { most.max(d) })
}
