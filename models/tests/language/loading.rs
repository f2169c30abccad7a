//! Folders: whole and in shards, in every type; what is wrong with one is named.

use std::path::Path;

use hypergraphql_models::Precision;
use hypergraphql_models::text::Bert;
use hypergraphql_models::transformer::{Llama, LlamaConfig};
use hypergraphql_ops::{Cpu, CpuDevice, RotaryScaling};
use serde_json::{Value, json};

use super::folder::{self, Array, Arrays};
use super::llama::numbers;

fn open(folder: &Path) -> Result<Llama<Cpu>, String> {
    Llama::from_folder(folder, Precision::F32, &CpuDevice::default()).map(|(model, _)| model).map_err(|e| e.to_string())
}

/// A folder whose weights were changed, and the error of opening it.
fn refused(change: impl FnOnce(&mut Arrays)) -> String {
    let (config, dir) = (folder::llama_config(), tempfile::tempdir().unwrap());
    let mut arrays = folder::llama(&config);
    change(&mut arrays);
    folder::write(dir.path(), &config.to_json(), &arrays);
    open(dir.path()).unwrap_err()
}

#[test]
fn shards_are_one_model() {
    let (config, arrays) = (folder::llama_config(), folder::llama(&folder::llama_config()));
    let [whole, shards] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    folder::write(whole.path(), &config.to_json(), &arrays);
    folder::write_shards(shards.path(), &config.to_json(), &arrays);
    let (a, b) = (open(whole.path()).unwrap(), open(shards.path()).unwrap());
    assert_eq!(numbers(a.blocks[1].down.weight.val()), numbers(b.blocks[1].down.weight.val()));
    assert_eq!(numbers(a.embedding.val()), arrays["model.embed_tokens.weight"].values);
}

#[test]
fn bad_shards_are_named() {
    let (config, arrays) = (folder::llama_config(), folder::llama(&folder::llama_config()));
    let with = |change: &dyn Fn(&Path, &mut Value)| {
        let dir = tempfile::tempdir().unwrap();
        folder::write_shards(dir.path(), &config.to_json(), &arrays);
        let path = dir.path().join("model.safetensors.index.json");
        let mut index: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        change(dir.path(), &mut index);
        std::fs::write(path, index.to_string()).unwrap();
        open(dir.path()).unwrap_err()
    };
    for outside in ["../secret.safetensors", "/etc/passwd", "a/b.safetensors", "..", "", "./x"] {
        let text = with(&|_, index| index["weight_map"]["model.norm.weight"] = json!(outside));
        assert!(text.contains("expected model.norm.weight in a file of this folder, found"), "{outside}: {text}");
    }
    let text = with(&|dir, _| std::fs::remove_file(dir.join(folder::shard(1))).unwrap());
    assert!(text.contains("model-00002-of-00002.safetensors: cannot read"), "{text}");
    let text = with(&|dir, _| {
        let path = dir.join(folder::shard(0));
        let bytes = std::fs::read(&path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() - 3]).unwrap();
    });
    assert!(text.contains("model-00001-of-00002.safetensors: not a whole safetensors file"), "{text}");
    let text = with(&|_, index| index["weight_map"]["model.extra"] = json!(folder::shard(0)));
    assert!(text.contains("expected model.extra in ") && text.contains("found no such tensor"), "{text}");
    let text = with(&|dir, _| {
        std::fs::copy(dir.join(folder::shard(0)), dir.join(folder::shard(1))).unwrap();
    });
    assert!(text.contains("in one file, found it in"), "{text}");
    let text = with(&|_, index| index["weight_map"] = json!(3));
    assert!(text.contains("model.safetensors.index.json: expected JSON"), "{text}");
}

#[test]
fn tensors_that_do_not_fit_are_named() {
    let text = refused(|arrays| drop(arrays.remove("model.layers.1.mlp.up_proj.weight")));
    assert!(text.contains("no tensor model.layers.1.mlp.up_proj.weight, expected one of shape [28, 20]"), "{text}");
    let text = refused(|arrays| drop(arrays.insert("model.layers.2.x".into(), Array { shape: vec![3], values: vec![0.0; 3] })));
    assert!(text.contains("the network has no place for model.layers.2.x"), "{text}");
    let text = refused(|arrays| arrays.get_mut("model.layers.0.self_attn.k_proj.weight").unwrap().shape = vec![20, 12]);
    assert!(text.contains("tensor model.layers.0.self_attn.k_proj.weight has shape [20, 12], expected [12, 20]"), "{text}");
    let text = refused(|arrays| drop(arrays.remove("lm_head.weight")));
    assert!(text.contains("no tensor lm_head.weight, expected one of shape [35, 20]"), "{text}");
}

#[test]
fn constants_and_a_tied_head_are_ignored() {
    let config = LlamaConfig { tie_word_embeddings: true, ..folder::llama_config() };
    let mut arrays = folder::llama(&config);
    arrays.insert("model.layers.0.self_attn.rotary_emb.inv_freq".into(), Array { shape: vec![3], values: vec![1.0; 3] });
    arrays.insert("lm_head.weight".into(), arrays["model.embed_tokens.weight"].clone());
    let dir = tempfile::tempdir().unwrap();
    folder::write(dir.path(), &config.to_json(), &arrays);
    assert!(open(dir.path()).unwrap().head.is_none());
}

#[test]
fn a_model_without_its_head_has_shorter_names() {
    let config = LlamaConfig { tie_word_embeddings: true, ..folder::llama_config() };
    let arrays = folder::llama(&config).into_iter().map(|(name, a)| (name.trim_start_matches("model.").to_owned(), a)).collect();
    let dir = tempfile::tempdir().unwrap();
    folder::write(dir.path(), &config.to_json(), &arrays);
    open(dir.path()).unwrap();
}

#[test]
fn damaged_files_are_refused_before_anything_is_allocated() {
    let (config, dir) = (folder::llama_config(), tempfile::tempdir().unwrap());
    let whole = folder::safetensors(&folder::llama(&config));
    std::fs::write(dir.path().join("config.json"), config.to_json().to_string()).unwrap();
    let with = |bytes: &[u8]| {
        std::fs::write(dir.path().join("model.safetensors"), bytes).unwrap();
        open(dir.path()).unwrap_err()
    };
    let mut huge = whole.clone();
    huge[..8].copy_from_slice(&(1u64 << 60).to_le_bytes());
    assert!(with(&huge).contains("header too large (1152921504606846976 bytes claimed in a file of"), "{}", with(&huge));
    for cut in [0, 5, 8, 90, whole.len() / 2, whole.len() - 1] {
        assert!(with(&whole[..cut]).contains("model.safetensors: not a whole safetensors file"), "cut at {cut}");
    }
    std::fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    let text = open(dir.path()).unwrap_err();
    assert!(text.contains("expected model.safetensors or model.safetensors.index.json, found config.json"), "{text}");
    assert!(open(&dir.path().join("nowhere")).unwrap_err().contains("config.json: cannot read"));
}

#[test]
fn configurations_are_checked() {
    let path = Path::new("config.json");
    let config = LlamaConfig {
        rope_scaling: RotaryScaling::Llama3 { factor: 8.0, low_frequency: 1.0, high_frequency: 4.0, original_places: 32 },
        ..folder::llama_config()
    };
    let good = config.to_json();
    assert_eq!(LlamaConfig::from_json(&good, path).unwrap(), config);
    let refused = |field: &str, value: Value| {
        let mut json = good.clone();
        json[field] = value;
        LlamaConfig::from_json(&json, path).map(|_| ()).unwrap_err().to_string()
    };
    assert!(refused("model_type", json!("gpt2")).ends_with("expected model_type to be llama, found \"gpt2\""));
    assert!(refused("hidden_act", json!("gelu")).contains("hidden_act to be silu"));
    assert!(
        refused("rope_scaling", json!({"rope_type": "yarn", "factor": 2.0}))
            .contains("rope_type to be default, linear or llama3, found yarn")
    );
    assert!(refused("rope_scaling", json!({"type": "linear"})).contains("rope_scaling.factor to be there"));
    assert!(refused("num_key_value_heads", json!(3)).contains("a divisor of num_attention_heads, 4"));
    assert!(refused("head_dim", json!(5)).contains("an even number"));
    assert!(refused("hidden_size", json!(1u64 << 60)).contains("hidden_size to be a whole number from 1 to 16777216"));
    assert!(refused("vocab_size", Value::Null).contains("vocab_size to be there"));
    assert!(refused("rms_norm_eps", json!("small")).contains("rms_norm_eps to be a number"));
    // The form of transformers 5.
    let mut new = good.clone();
    new.as_object_mut().unwrap().retain(|field, _| !field.starts_with("rope"));
    new["rope_parameters"] = json!({"rope_type": "linear", "factor": 2.0, "rope_theta": 77.0});
    let read = LlamaConfig::from_json(&new, path).unwrap();
    assert_eq!((read.rope_theta, read.rope_scaling), (77.0, RotaryScaling::Linear { factor: 2.0 }));
}

#[test]
fn encoders_may_have_a_prefix_and_heads() {
    let config = folder::bert_config();
    let plain = folder::bert(&config);
    let mut prefixed: Arrays = plain.iter().map(|(name, a)| (format!("bert.{name}"), a.clone())).collect();
    for extra in ["bert.pooler.dense.weight", "cls.predictions.bias", "bert.embeddings.position_ids"] {
        prefixed.insert(extra.into(), Array { shape: vec![1, 2], values: vec![0.0; 2] });
    }
    let old = plain
        .iter()
        .map(|(name, a)| (name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"), a.clone()));
    for arrays in [plain.clone(), prefixed, old.collect()] {
        let dir = tempfile::tempdir().unwrap();
        folder::write(dir.path(), &folder::bert_json(&config), &arrays);
        let (model, _) = Bert::<Cpu>::from_folder(dir.path(), Precision::F32, &CpuDevice::default()).unwrap();
        assert_eq!(numbers(model.layers[1].attention_norm.gamma.val()), plain["encoder.layer.1.attention.output.LayerNorm.weight"].values);
    }
    let mut extra = plain;
    extra.insert("classifier.weight".into(), Array { shape: vec![2, 15], values: vec![0.0; 30] });
    let dir = tempfile::tempdir().unwrap();
    folder::write(dir.path(), &folder::bert_json(&config), &extra);
    let text = Bert::<Cpu>::from_folder(dir.path(), Precision::F32, &CpuDevice::default()).map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("the network has no place for classifier.weight"), "{text}");
}

#[test]
fn a_saved_decoder_is_the_same() {
    for tied in [false, true] {
        let config = LlamaConfig { tie_word_embeddings: tied, ..folder::llama_config() };
        let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let arrays = folder::llama(&config);
        folder::write(first.path(), &config.to_json(), &arrays);
        open(first.path()).unwrap().save(&config, second.path()).unwrap();
        assert_eq!(LlamaConfig::from_folder(second.path()).unwrap(), config);
        let again = hypergraphql_models::import::StateDict::open_folder(second.path());
        let mut again = again.unwrap();
        for (name, array) in &arrays {
            let values = again.take(name, &array.shape).unwrap();
            assert!(values.iter().zip(&array.values).all(|(a, b)| f64::from(*a) == *b), "{name}");
        }
        again.finish().unwrap();
        assert_eq!(std::fs::read_dir(second.path()).unwrap().count(), 2, "no file is left beside");
    }
}
