//! What is learned, resumed and found.

use std::collections::BTreeSet;

use hypergraphql_models::pairs::{
    CandidateOptions, End, IndexOptions, PairCheckpoint, PairConfig, PairData, PairFinder, PairOptions, PairTrainConfig, PairTrainer,
    TrainedPairs,
};
use hypergraphql_ops::Cpu;

use super::{blocks, device, network, options, rows, with_features};

fn trained<'a>(data: &'a PairData, config: &PairConfig, options: &PairTrainConfig) -> PairTrainer<'a, Cpu> {
    let mut trainer = PairTrainer::<Cpu>::new(data, config, options, &device()).unwrap();
    while !trainer.is_finished() {
        trainer.epoch(|_, loss| loss.is_finite()).unwrap().unwrap();
    }
    trainer
}

#[test]
fn blocks_and_their_types_are_learned() {
    for directed in [false, true] {
        let data = blocks(20, &PairOptions { directed, seed: 5, ..PairOptions::default() });
        let trainer = trained(&data, &network(&data), &options(40));
        let test = trainer.test().unwrap();
        let scores = test.scores;
        assert_eq!(scores.pairs, data.test.len() as u64);
        let (auc, ap) = (scores.auc.unwrap(), scores.average_precision.unwrap());
        assert!(auc > 0.7 && ap > 0.7 && scores.ranks.mrr > 0.2, "directed {directed}: {scores:?}");
        assert!(scores.type_accuracy.unwrap() > 0.9 && scores.macro_f1.unwrap() > 0.9, "directed {directed}: {scores:?}");
        assert_eq!(test.confusion.unwrap().total(), scores.pairs);
        let best = trainer.progress().best.unwrap();
        let all = trainer.progress().curve.iter().filter_map(|epoch| epoch.valid);
        assert_eq!(best.valid.unwrap().ranks.mrr, all.map(|valid| valid.ranks.mrr).fold(0.0, f64::max));
        let (first, last) = (trainer.progress().curve[0], *trainer.progress().curve.last().unwrap());
        assert!(last.edge < first.edge && last.candidate < first.candidate && last.types < first.types, "{first:?}, {last:?}");
    }
}

#[test]
fn a_resumed_training_ends_as_one_that_ran_through() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.safetensors");
    let plain = blocks(9, &PairOptions::default());
    let featured = with_features(plain.clone(), &rows(plain.nodes.len(), 4, 2));
    for data in [&plain, &featured] {
        let config = network(data).with_dropout(0.3);
        let options = PairTrainConfig { evaluate_every: 2, ..options(6) };
        let through = trained(data, &config, &options);
        let mut half = PairTrainer::<Cpu>::new(data, &config, &options, &device()).unwrap();
        for _ in 0..3 {
            half.epoch(|_, _| true).unwrap().unwrap();
        }
        assert!(half.steps() > 1);
        assert!(half.epoch(|step, _| step < 2).unwrap().is_none(), "stopped in its second step");
        half.checkpoint().unwrap().write(&file).unwrap();
        let mut resumed = PairTrainer::<Cpu>::resume(data, PairCheckpoint::read(&file).unwrap(), &device()).unwrap();
        while !resumed.is_finished() {
            resumed.epoch(|_, _| true).unwrap().unwrap();
        }
        assert_eq!(resumed.progress(), through.progress());
        assert_eq!(resumed.test().unwrap(), through.test().unwrap());
        let (a, b) = (resumed.checkpoint().unwrap(), through.checkpoint().unwrap());
        assert!(a.current == b.current && a.best == b.best && a.moments == b.moments && a.states == b.states);
    }
}

#[test]
fn patience_ends_a_training_that_gets_no_better() {
    let data = blocks(7, &PairOptions::default());
    let mut options = PairTrainConfig { evaluate_every: 1, ..options(400) };
    options.train.patience = Some(3);
    // A rate so small that no rank ever changes.
    options.train.lr = 1e-30;
    options.train.weight_decay = 0.0;
    let trainer = trained(&data, &network(&data), &options);
    assert_eq!((trainer.progress().curve.len(), trainer.progress().best.unwrap().epoch), (4, 1));
}

#[test]
fn predictions_leave_out_what_is_known_and_are_the_best_of_all_pairs() {
    for directed in [false, true] {
        let data = blocks(12, &PairOptions { directed, ..PairOptions::default() });
        let checkpoint = trained(&data, &network(&data), &options(10)).checkpoint().unwrap();
        let trained = TrainedPairs::<Cpu>::new(&checkpoint, &device()).unwrap();
        let (known, count) = (data.known(), data.nodes.len() as u32);
        // All lists are read and all candidates scored: the very best of all missing pairs.
        let everything =
            CandidateOptions { per_node: data.nodes.len(), probes: 99, index: IndexOptions { lists: Some(5), ..IndexOptions::default() } };
        let finder = PairFinder::new(&trained, End::Source, everything).unwrap();
        let all: Vec<u32> = (0..count).collect();
        let found = finder.best(&all, 25, |_| true).unwrap().unwrap();
        let missing: Vec<(u32, u32)> = (0..count)
            .flat_map(|u| (0..count).map(move |v| (u, v)))
            .filter(|&(u, v)| u != v && (directed || u < v) && !known.contains(u, v))
            .collect();
        let mut expected = trained.score(&missing).unwrap();
        expected.sort_by(|a, b| b.logit.total_cmp(&a.logit).then((a.source, a.target).cmp(&(b.source, b.target))));
        let pairs =
            |found: &[hypergraphql_models::pairs::FoundPair]| found.iter().map(|pair| (pair.source, pair.target)).collect::<Vec<_>>();
        assert_eq!(pairs(&found), pairs(&expected[..25]), "directed {directed}");
        assert!(found.iter().all(|pair| (0.0..=1.0).contains(&pair.score()) && pair.kind.unwrap().0 < 3));
        let exact = finder.verify(&all, 5).unwrap();
        assert_eq!((exact.search_recall, exact.top_recall, exact.compared), (Some(1.0), Some(1.0), 1.0));

        // Few lists: still only missing pairs, each once, of the nodes that were asked.
        let few = CandidateOptions { per_node: 4, probes: 1, ..CandidateOptions::default() };
        let finder = PairFinder::new(&trained, End::Source, few).unwrap();
        let some = finder.best(&[3, 17], 6, |_| true).unwrap().unwrap();
        let distinct: BTreeSet<_> = pairs(&some).into_iter().collect();
        assert_eq!(distinct.len(), some.len());
        assert!(!some.is_empty() && some.iter().all(|p| !known.contains(p.source, p.target) && p.source != p.target));
        assert!(some.iter().all(|p| [3, 17].contains(&p.source) || (!directed && [3, 17].contains(&p.target))));
        let measured = finder.verify(&all, 3).unwrap();
        assert!(measured.compared < 1.0 && measured.search_recall.unwrap() > 0.2, "{measured:?}");
        assert!(finder.best(&all, 5, |_| false).unwrap().is_none());

        match PairFinder::new(&trained, End::Target, few) {
            Ok(finder) => {
                let sources = finder.best(&[3], 4, |_| true).unwrap().unwrap();
                assert!(directed && sources.iter().all(|p| p.target == 3 && !known.contains(p.source, 3)));
            }
            Err(error) => assert!(!directed && error.to_string().contains("no direction"), "{error}"),
        }
    }
}

#[test]
fn states_in_half_precision_are_near() {
    let data = blocks(9, &PairOptions::default());
    let mut half = options(3);
    half.train.precision = "bf16".parse().unwrap();
    let [a, b] = [options(3), half].map(|options| trained(&data, &network(&data), &options).progress().curve[0].loss);
    assert!((a - b).abs() < 0.05 * a && a != b, "{a}, {b}");
}
