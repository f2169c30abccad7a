//! The encoder against plain loops.

use burn::module::Param;
use burn::tensor::Tensor;
use hypergraphql_models::Precision;
use hypergraphql_models::text::{Bert, BertConfig, EmbedOptions, Encoded, Int8Bert, embed_all, ensemble, pool};
use hypergraphql_models::transformer::TokenBatch;
use hypergraphql_ops::{Cpu, CpuDevice};

use super::folder;
use super::llama::numbers;
use super::reference::{self, difference};

fn load(precision: Precision) -> Bert<Cpu> {
    let config = folder::bert_config();
    let dir = tempfile::tempdir().unwrap();
    folder::write(dir.path(), &folder::bert_json(&config), &folder::bert(&config));
    let (model, read) = Bert::from_folder(dir.path(), precision, &CpuDevice::default()).unwrap();
    assert_eq!(read, config);
    model
}

fn texts() -> Vec<Encoded> {
    let of = |tokens: &[u32], segments: &[u32]| Encoded { tokens: tokens.into(), segments: segments.into() };
    vec![of(&[5, 6, 28, 0, 1], &[0, 0, 1, 1, 2]), of(&[9], &[1]), of(&[3; 11], &[0; 11]), of(&[1, 2, 3, 4, 5], &[0; 5])]
}

#[test]
fn hidden_states_are_those_of_plain_loops() {
    let (config, arrays) = (folder::bert_config(), folder::bert(&folder::bert_config()));
    let expected: Vec<f64> = texts().iter().flat_map(|t| reference::bert(&config, &arrays, &t.tokens, &t.segments)).flatten().collect();
    let batch = TokenBatch::new(&texts().iter().map(|t| t.tokens.clone()).collect::<Vec<_>>()).unwrap();
    let segments: Vec<u32> = texts().into_iter().flat_map(|t| t.segments).collect();
    for (precision, bound) in [(Precision::F64, 1e-12), (Precision::F32, 1e-5), (Precision::F16, 2e-2), (Precision::Bf16, 2e-1)] {
        let got = load(precision).forward(&batch, Some(&segments), precision).unwrap();
        let d = difference(&expected, numbers(got));
        assert!(d < bound, "{precision}: {d}");
    }
    let first = load(Precision::F64).forward(&TokenBatch::new(&[[1u32, 2, 3, 4, 5]]).unwrap(), None, Precision::F64).unwrap();
    assert!(difference(&expected[17 * 15..], numbers(first)) < 1e-12, "no segments are the first");
}

#[test]
fn embeddings_are_normalised_means_whatever_the_batches() {
    let (config, arrays, model) = (folder::bert_config(), folder::bert(&folder::bert_config()), load(Precision::F64));
    for batch_tokens in [1, 10, 1000] {
        let got = embed_all(&model, &texts(), EmbedOptions { batch_tokens, precision: Precision::F64 }).unwrap();
        for (text, got) in texts().iter().zip(got) {
            let rows = reference::bert(&config, &arrays, &text.tokens, &text.segments);
            let mean: Vec<f64> = (0..15).map(|i| rows.iter().map(|row| row[i]).sum::<f64>() / rows.len() as f64).collect();
            let length = mean.iter().map(|x| x * x).sum::<f64>().sqrt();
            let expected: Vec<f64> = mean.iter().map(|x| x / length).collect();
            assert!(difference(&expected, got.into_iter().map(f64::from)) < 1e-7);
        }
    }
    assert!(embed_all(&model, &[], EmbedOptions::default()).unwrap().is_empty());
}

#[test]
fn what_the_encoder_cannot_read_is_refused() {
    let model = load(Precision::F32);
    let forward = |ids: Vec<u32>, segments: Option<&[u32]>| {
        model.forward(&TokenBatch::new(&[ids]).unwrap(), segments, Precision::F32).unwrap_err().to_string()
    };
    assert!(forward(vec![1; 12], None).starts_with("a sequence has 12 tokens, expected at most 11, the places of the model"));
    assert!(forward(vec![29], None).starts_with("the input: token 29 is outside the vocabulary"));
    assert!(forward(vec![1, 2], Some(&[0])).starts_with("number of segments is 1, expected 2"));
    assert!(!forward(vec![1], Some(&[3])).is_empty(), "a segment that there is not");
}

#[test]
fn integers_keep_the_direction_of_embeddings() {
    // Wide enough that the scales of rows weigh little.
    let config = BertConfig::new(101, 96, 192, 2, 4);
    let model: Bert<Cpu> = config.init(3, &CpuDevice::default()).unwrap();
    let small = Int8Bert::new(&model).unwrap();
    let whole = 4 * burn::module::Module::<Cpu>::num_params(&model);
    assert!(small.bytes() as f64 <= 0.3 * whole as f64, "{} of {whole}", small.bytes());
    let texts: Vec<Encoded> = (1..9u32)
        .map(|n| Encoded { tokens: (0..3 * n).map(|i| (i * i + 7 * n) % 101).collect(), segments: vec![n % 2; 3 * n as usize] })
        .collect();
    let options = EmbedOptions::default();
    let (a, b) = (embed_all(&model, &texts, options).unwrap(), embed_all(&small, &texts, options).unwrap());
    for (a, b) in a.iter().zip(&b) {
        let cosine: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        assert!(cosine > 0.99 && a != b, "{cosine}");
    }
    let text = small.forward(&TokenBatch::new(&[[1u32, 2]]).unwrap(), Some(&[0, 2])).unwrap_err().to_string();
    assert!(text.starts_with("the segments: token 2 is outside the vocabulary of 2"), "{text}");
}

#[test]
fn ensembles_are_what_their_formulas_say() {
    let device = CpuDevice::default();
    let [a, b] =
        [[[3.0, 4.0, 0.0], [0.0, 0.0, 2.0]], [[0.0, 4.0, 3.0], [1.0, 2.0, 2.0]]].map(|rows| Tensor::<Cpu, 2>::from_floats(rows, &device));
    let members = [a.clone(), b.clone()];
    let close = |x: Tensor<Cpu, 2>, expected: &[f64]| assert!(difference(expected, numbers(x.clone())) < 1e-6, "{x}");
    let unit = |v: [f64; 3]| v.map(|x| x / v.iter().map(|x| x * x).sum::<f64>().sqrt());
    close(pool::normalise(a), &[0.6, 0.8, 0.0, 0.0, 0.0, 1.0]);
    close(ensemble::average(&members, &[3.0, 1.0]).unwrap(), &[unit([9.0, 16.0, 3.0]), unit([1.0, 2.0, 8.0])].concat());
    let side_by_side = ensemble::concatenate(&members).unwrap();
    assert_eq!(side_by_side.dims(), [2, 6]);
    close(side_by_side.narrow(0, 1, 1), &[0.0, 0.0, 2.0, 1.0, 2.0, 2.0].map(|x: f64| x / 13f64.sqrt()));
    let mut fusion = ensemble::AttentionFusion::<Cpu>::new(3, &device);
    close(fusion.forward(&members).unwrap().0, &[unit([3.0, 8.0, 3.0]), unit([1.0, 2.0, 4.0])].concat());
    fusion.query = Param::from_tensor(Tensor::from_floats([0.5, 0.0, 0.1], &device));
    let (fused, weights) = fusion.forward(&members).unwrap();
    // Scores 1.5 against 0.3, and 0.2 against 0.7.
    let [p, q] = [1.2f64, -0.5].map(|s| 1.0 / (1.0 + (-s).exp()));
    close(weights, &[p, 1.0 - p, q, 1.0 - q]);
    let mix = |w: f64, a: [f64; 3], b: [f64; 3]| unit([0, 1, 2].map(|i| w * a[i] + (1.0 - w) * b[i]));
    close(fused, &[mix(p, [3.0, 4.0, 0.0], [0.0, 4.0, 3.0]), mix(q, [0.0, 0.0, 2.0], [1.0, 2.0, 2.0])].concat());
    for weights in [&[1.0][..], &[0.0, 0.0], &[1.0, -1.0], &[1.0, f64::NAN]] {
        assert!(ensemble::average(&members, weights).unwrap_err().to_string().starts_with("weights of the ensemble is"));
    }
    assert!(ensemble::concatenate::<Cpu>(&[]).is_err());
    let other = [b, Tensor::<Cpu, 2>::zeros([2, 4], &device)];
    assert!(ensemble::average(&other, &[1.0, 1.0]).unwrap_err().to_string().starts_with("a member of the ensemble has shape [2, 4]"));
}
