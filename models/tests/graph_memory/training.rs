//! Trainings: resumed ones are those that ran through, they learn, and what goes wrong is said.

use burn::backend::Autodiff;
use hypergraphql_models::ModelError;
use hypergraphql_models::episodes::{NameOptions, Names, QuestionKind, Schema, corpus};
use hypergraphql_models::graph_memory::protocol::{Arm, ProtocolOptions, Retrained, protocol};
use hypergraphql_models::graph_memory::train::{
    MemoryCheckpoint, MemorySetup, MemoryTrainConfig, MemoryTrainer, Stage, StageConfig, StepLosses, Told,
};
use hypergraphql_models::graph_memory::{HypergraphTransformerConfig, MemoryContext, Words};
use hypergraphql_models::text::{BpeOptions, Tokenizer};
use hypergraphql_models::transformer::LlamaConfig;
use hypergraphql_ops::Cpu;

use super::device;

fn setup(width: usize) -> MemorySetup {
    let schema = Schema::synthetic();
    let text = corpus(&schema, &Names::new(&NameOptions::default()).unwrap());
    let tokenizer = Tokenizer::train(text.lines(), &BpeOptions { vocabulary: 512, ..BpeOptions::default() }).unwrap();
    let words = Words { start: tokenizer.id("<s>"), end: tokenizer.id("</s>").unwrap(), tokenizer };
    let base = LlamaConfig { max_position_embeddings: 256, ..LlamaConfig::new(words.tokenizer.size(), width, 2 * width, 2, 2) };
    let memory = HypergraphTransformerConfig {
        width,
        name_heads: 2,
        head_width: width,
        feed_forward: width,
        query_heads: 4,
        blocks: vec![1],
        ..HypergraphTransformerConfig::default()
    };
    MemorySetup { schema, words, base, memory }
}

fn config(base: usize, memory: usize) -> MemoryTrainConfig {
    MemoryTrainConfig {
        base: StageConfig { steps: base, lr: 2e-3, warmup: 2 },
        memory: StageConfig { steps: memory, lr: 2e-3, warmup: 2 },
        questions: 12,
        slots: [60, 90],
        evaluate_every: 2,
        evaluation_slots: 80,
        evaluation_questions: 8,
        ..MemoryTrainConfig::default()
    }
}

fn trainer(width: usize, config: &MemoryTrainConfig) -> MemoryTrainer<Cpu> {
    MemoryTrainer::new(setup(width), config, None, &device()).unwrap()
}

fn run(trainer: &mut MemoryTrainer<Cpu>, steps: usize) -> Vec<StepLosses> {
    (0..steps).map(|_| trainer.step(&mut |_| {}).unwrap()).collect()
}

#[test]
fn a_resumed_training_is_the_one_that_ran_through() {
    let config = config(3, 4);
    let mut through = trainer(16, &config);
    run(&mut through, 7);
    let expected = through.checkpoint();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    // In stage 0, between the stages, in stage 1 between evaluations, and after one.
    for stopped in [2, 3, 4, 5] {
        let mut first = trainer(16, &config);
        run(&mut first, stopped);
        first.save(&path).unwrap();
        drop(first);
        let mut second = MemoryTrainer::<Cpu>::resume(MemoryCheckpoint::read(&path).unwrap(), &device()).unwrap();
        assert_eq!(second.stage().0, if stopped < 3 { Stage::Decoder } else { Stage::Memory });
        run(&mut second, 7 - stopped);
        let got = second.checkpoint();
        assert!(second.is_finished());
        assert_eq!(got.progress, expected.progress, "stopped after {stopped}");
        assert_eq!(
            (&got.current, &got.best, &got.moments),
            (&expected.current, &expected.best, &expected.moments),
            "stopped after {stopped}"
        );
    }
    assert_eq!(expected.progress.losses.len(), 7);
    assert_eq!(expected.progress.evaluations.iter().map(|e| e.step).collect::<Vec<_>>(), [5, 7]);
    // The network is the same after reading.
    let path_of_all = dir.path().join("all.safetensors");
    through.save(&path_of_all).unwrap();
    let read = MemoryCheckpoint::read(&path_of_all).unwrap();
    read.model::<Cpu>(&device()).unwrap();
    assert_eq!((read.best, read.setup.memory), (expected.best, expected.setup.memory));
}

#[test]
fn stage_one_leaves_the_decoder_and_moves_all_else() {
    let mut trainer = trainer(16, &config(2, 2));
    run(&mut trainer, 2);
    let before = trainer.checkpoint().current;
    run(&mut trainer, 2);
    let after = trainer.checkpoint().current;
    for (name, tensor) in &before {
        let same = tensor == &after[name];
        // The link loss has no weight unless asked for.
        assert_eq!(same, name.starts_with("base.") || name.starts_with("link."), "{name}");
    }
}

#[test]
fn a_memory_is_learned_to_be_read() {
    let config =
        MemoryTrainConfig { memory: StageConfig { steps: 120, lr: 4e-3, warmup: 5 }, questions: 32, evaluate_every: 120, ..config(5, 120) };
    let mut trainer = trainer(48, &config);
    let losses = run(&mut trainer, 125);
    let mean = |losses: &[StepLosses]| losses.iter().map(|l| l.retrieval).sum::<f32>() / losses.len() as f32;
    let (first, last) = (mean(&losses[5..8]), mean(&losses[115..]));
    // ln 80 = 4.4 is the loss of a guess among 80 slots.
    assert!(first > 3.0 && last < 0.75 * first, "{first} {last}");
    assert!(trainer.progress().evaluations[0].scores.recall() > 0.5, "{:?}", trainer.progress().evaluations);
}

#[test]
fn the_arms_of_the_protocol_are_asked() {
    let mut trainer = trainer(16, &config(2, 2));
    run(&mut trainer, 4);
    let checkpoint = trainer.checkpoint();
    let model = trainer.best();
    let context =
        MemoryContext::<Cpu>::new(&checkpoint.setup.memory, &checkpoint.setup.base, checkpoint.config.precision, &device()).unwrap();
    let network = |arm, told| Retrained { arm, model, context: &context, words: &checkpoint.setup.words, told };
    let options =
        ProtocolOptions { seeds: vec![1, 2], questions: 24, slots: 1000, large_slots: 1200, edits: 2, ..ProtocolOptions::default() };
    let others = [network(Arm::Clique, Told::Clique), network(Arm::Star, Told::Star)];
    let found = protocol(&network(Arm::True, Told::Hyperedges), &others, &checkpoint.setup.schema, &options, &mut |_, _, _| {}).unwrap();
    assert_eq!(found.arms.len(), 7);
    for arm in &found.arms {
        assert_eq!(arm.seeds.len(), 2, "{:?}", arm.arm);
        let asked: usize = arm.all().0.values().map(|score| score.asked).sum();
        assert_eq!(asked, 48, "{:?}", arm.arm);
    }
    assert_eq!(found.edits.edits, 4);
    assert!(found.edits.changed >= 4 && found.edits.others > 0 && found.edits.unchanged <= found.edits.others);
    assert!(found.bit_equal && found.text_recall > 0.5 && found.chance[&QuestionKind::OneHop] < 0.5);
    let none = ProtocolOptions { seeds: vec![], ..options };
    assert!(protocol(&network(Arm::True, Told::Hyperedges), &[], &checkpoint.setup.schema, &none, &mut |_, _, _| {}).is_err());
}

#[test]
fn a_training_that_diverges_keeps_what_it_had() {
    let mut trainer = trainer(16, &MemoryTrainConfig { memory: StageConfig { steps: 9, lr: 1e30, warmup: 0 }, ..config(0, 9) });
    let error = (0..9).find_map(|_| trainer.step(&mut |_| {}).err()).unwrap();
    let ModelError::Diverged { step, tensor, .. } = &error else { panic!("{error}") };
    assert_eq!(*step, trainer.progress().losses.len() + 1);
    assert!(tensor.contains("loss") || tensor.contains("gradient"), "{tensor}");
    assert!(error.to_string().contains("lower learning rate"), "{error}");
}

#[test]
fn bad_options_and_damaged_checkpoints_are_refused() {
    let refused = |config: MemoryTrainConfig| MemoryTrainer::<Cpu>::new(setup(16), &config, None, &device()).err().unwrap().to_string();
    assert!(refused(MemoryTrainConfig { slots: [9, 8], ..config(1, 1) }).contains("9 to 8"));
    assert!(refused(MemoryTrainConfig { questions: 0, ..config(1, 1) }).starts_with("questions of a step is 0"));
    assert!(refused(config(1, 0)).starts_with("steps is 0"));
    assert!(refused(MemoryTrainConfig { precision: hypergraphql_models::Precision::F16, ..config(1, 1) }).contains("f32 or bf16"));
    let decoder = setup(16).base.init::<Autodiff<Cpu>>(0, &device()).unwrap();
    let error = MemoryTrainer::<Cpu>::new(setup(16), &config(1, 1), Some(decoder), &device()).err().unwrap().to_string();
    assert!(error.starts_with("steps of stage 0 is 1, expected 0"), "{error}");
    let mut wrong = setup(16);
    wrong.memory.blocks = vec![2];
    let error = MemoryTrainer::<Cpu>::new(wrong, &config(1, 1), None, &device()).err().unwrap().to_string();
    assert!(error.starts_with("blocks with a memory layer is [2]"), "{error}");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    trainer(16, &config(1, 1)).save(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    let error = |bytes: &[u8]| {
        std::fs::write(&path, bytes).unwrap();
        MemoryCheckpoint::read(&path).unwrap_err().to_string()
    };
    assert!(error(&whole[..whole.len() / 2]).contains("expected a whole safetensors file"));
    assert!(error(&[&(1u64 << 60).to_le_bytes()[..], &whole[8..]].concat()).contains("expected a whole safetensors file"));
    let text = String::from_utf8_lossy(&whole).into_owned();
    assert!(text.contains("\\\"version\\\":1"));
    let at = whole.windows(13).position(|window| window == b"\\\"version\\\":1").unwrap();
    let mut newer = whole.clone();
    newer[at + 12] = b'7';
    assert!(error(&newer).contains("expected version 1, found 7"));
}
