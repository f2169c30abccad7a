//! Graphs without pairs, of one pair and with isolated nodes; bad input.

use hypergraphql_framework::links::{Link, LinkDataset};
use hypergraphql_models::layers::Masks;
use hypergraphql_models::pairs::{
    CandidateOptions, Connection, End, IndexOptions, Messages, PairCheckpoint, PairConfig, PairData, PairFinder, PairOptions,
    PairTrainConfig, PairTrainer, PairWeights, TrainedPairs,
};
use hypergraphql_models::{NodeFeatures, Precision};
use hypergraphql_ops::Cpu;

use super::{blocks, connection, device, matrix, network, options, rows, small, stirred, values, with_features};

fn one_pair(nodes: usize) -> PairData {
    let link = Link { subject: 1, relation: 0, object: 0, qualifiers: vec![] };
    let names = (0..nodes).map(|i| format!("e{i}")).collect();
    let data = LinkDataset { entities: names, relations: vec!["r".to_owned()], train: vec![link], valid: vec![], test: vec![] };
    PairData::of_links(&data, &PairOptions::default()).unwrap()
}

#[test]
fn nodes_without_messages_have_states_of_their_own() {
    let config = PairConfig::new(5).with_relations(2).with_width(6).with_heads(3).with_relation_width(3);
    let model = stirred(config.init::<Cpu>(&device(), 1).unwrap());
    let of = |connections: &[Connection]| {
        let messages = Messages::new(connections, &config, &device()).unwrap();
        values(model.encode(&messages, None, Precision::F64, &Masks::none()).unwrap())
    };
    let (none, one) = (of(&[]), of(&[connection(1, 3, 1)]));
    assert_eq!(none.len(), 5 * 6);
    assert!(none.iter().all(|x| x.is_finite()));
    for node in 0..5 {
        let same = (0..6).all(|i| (none[node * 6 + i] - one[node * 6 + i]).abs() < 1e-12);
        assert_eq!(same, node != 1 && node != 3, "node {node}");
    }
    for bad in [connection(1, 5, 0), connection(0, 1, 2)] {
        assert!(Messages::<Cpu>::new(&[bad], &config, &device()).is_err(), "{bad:?}");
    }
    // No layers: the embeddings themselves.
    let bare = config.clone().with_layers(0).init::<Cpu>(&device(), 1).unwrap();
    let messages = Messages::new(&[], &config, &device()).unwrap();
    let states = bare.encode(&messages, None, Precision::F32, &Masks::none()).unwrap();
    assert_eq!(values(states), values(bare.embeddings.as_ref().unwrap().val()));
    let features = NodeFeatures::Dense(matrix(&rows(5, 4, 1), 4));
    let error = model.encode(&messages, Some(&features), Precision::F64, &Masks::none()).unwrap_err().to_string();
    assert_eq!(error, "features of nodes is 4, expected 0 of each node");
}

#[test]
fn one_pair_trains_where_there_is_a_negative() {
    // Two nodes that are connected have no negative.
    let data = one_pair(2);
    let mut trainer = PairTrainer::<Cpu>::new(&data, &network(&data), &options(2), &device()).unwrap();
    let error = trainer.epoch(|_, _| true).unwrap_err().to_string();
    assert!(error.contains("pairs that are not connected is none"), "{error}");
    // With features a third node is one, though nothing leads to it.
    let data = with_features(blocks(2, &PairOptions { split: Some([1.0, 0.0, 0.0]), ..PairOptions::default() }), &rows(6, 3, 1));
    let data = PairData { train: data.train[..1].to_vec(), ..data };
    let mut trainer = PairTrainer::<Cpu>::new(&data, &network(&data), &options(2), &device()).unwrap();
    assert_eq!(trainer.steps(), 1);
    let epoch = trainer.epoch(|_, _| true).unwrap().unwrap();
    assert!(epoch.loss.is_finite() && epoch.valid.is_none());
    // Nothing to choose by: the last epoch is the best.
    trainer.epoch(|_, _| true).unwrap().unwrap();
    assert_eq!(trainer.progress().best.unwrap().epoch, 2);
    let test = trainer.test().unwrap();
    assert_eq!((test.scores.pairs, test.scores.auc, test.scores.type_accuracy), (0, None, None));
    let checkpoint = trainer.checkpoint().unwrap();
    let trained = TrainedPairs::<Cpu>::new(&checkpoint, &device()).unwrap();
    let finder = PairFinder::new(&trained, End::Source, CandidateOptions::default()).unwrap();
    let all: Vec<u32> = (0..6).collect();
    assert_eq!(finder.best(&all, 99, |_| true).unwrap().unwrap().len(), 14, "15 pairs, of which one is known");
    assert!(finder.best(&[], 9, |_| true).unwrap().unwrap().is_empty());
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let data = small(false);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pairs.safetensors");
    let trainer = PairTrainer::<Cpu>::new(&data, &network(&data), &options(1), &device()).unwrap();
    trainer.checkpoint().unwrap().write(&file).unwrap();
    let read = || PairCheckpoint::read(&file).unwrap();
    for other in [small(true), blocks(5, &PairOptions::default()), with_features(data.clone(), &rows(7, 2, 1))] {
        let error = PairTrainer::<Cpu>::resume(&other, read(), &device()).err().unwrap().to_string();
        assert!(error.contains("expected the data it was trained on (7 nodes of 0 features"), "{error}");
    }
    let checkpoint = read();
    let trained = TrainedPairs::<Cpu>::new(&checkpoint, &device()).unwrap();
    assert!(trained.score(&[(0, 7)]).unwrap_err().to_string().contains("node of a pair is 7"));
    let refused = |options: CandidateOptions| PairFinder::new(&trained, End::Source, options).err().unwrap().to_string();
    assert!(refused(CandidateOptions { per_node: 0, ..CandidateOptions::default() }).contains("candidates is 0"));
    assert!(refused(CandidateOptions { probes: 0, ..CandidateOptions::default() }).contains("probes is 0"));
    let lists = IndexOptions { lists: Some(8), ..IndexOptions::default() };
    assert!(refused(CandidateOptions { index: lists, ..CandidateOptions::default() }).contains("lists is 8, expected 1 to 7"));
    let finder = PairFinder::new(&trained, End::Source, CandidateOptions::default()).unwrap();
    assert!(finder.candidates(&[7]).unwrap_err().to_string().contains("node is 7, expected an id below 7"));

    let whole = std::fs::read(&file).unwrap();
    for cut in [0, 7, 100, whole.len() - 1] {
        std::fs::write(&file, &whole[..cut]).unwrap();
        let error = PairCheckpoint::read(&file).unwrap_err().to_string();
        assert!(error.contains("pairs.safetensors: expected a whole safetensors file"), "{error}");
    }
    // A connection of a node that is not there, in a file of the same length.
    let place = whole.windows(7).position(|seven| seven == b"[0,1,0]").unwrap();
    let mut changed = whole.clone();
    changed[place + 3] = b'7';
    std::fs::write(&file, &changed).unwrap();
    let error = PairCheckpoint::read(&file).unwrap_err().to_string();
    assert!(error.contains("connections of its nodes and relations"), "{error}");

    let refused = |network: PairConfig, options: PairTrainConfig| {
        PairTrainer::<Cpu>::new(&data, &network, &options, &device()).err().unwrap().to_string()
    };
    assert!(refused(network(&data).with_heads(3), options(1)).contains("heads is 3, expected a number that divides the hidden width 16"));
    assert!(refused(network(&data).with_dropout(1.0), options(1)).contains("dropout is 1"));
    assert!(refused(network(&data).with_types(2), options(1)).contains("types is 2, expected 3, as the data has"));
    assert!(refused(network(&data).with_directed(true), options(1)).contains("directed is true"));
    assert!(refused(network(&data), PairTrainConfig { negatives: 0, ..options(1) }).contains("negatives is 0"));
    let weights = PairWeights { types: -1.0, ..PairWeights::default() };
    assert!(refused(network(&data), PairTrainConfig { weights, ..options(1) }).contains("type-weight is -1"));
    let mut half = options(1);
    half.train.precision = Precision::F16;
    assert!(refused(network(&data), half).contains("precision is f16"));
    let mut wild = options(40);
    (wild.train.lr, wild.train.weight_decay) = (1e30, 0.0);
    let mut trainer = PairTrainer::<Cpu>::new(&data, &network(&data), &wild, &device()).unwrap();
    let error = loop {
        match trainer.epoch(|_, _| true) {
            Ok(_) => assert!(!trainer.is_finished(), "a rate of 1e30 diverges"),
            Err(error) => break error.to_string(),
        }
    };
    assert!(error.contains("the loss of epoch"), "{error}");
}
