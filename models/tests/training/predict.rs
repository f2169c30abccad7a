//! A trained network predicts on a hypergraph that it has not seen.

use hypergraphql_framework::encodings::Encoding;
use hypergraphql_framework::generate::{StochasticBlock, stochastic_block};
use hypergraphql_framework::{Dataset, Features, Relations, Tags};
use hypergraphql_models::checkpoint;
use hypergraphql_models::task::{NodeTask, SyntheticFeatures, TaskConfig, predict};
use hypergraphql_models::train::Trainer;
use hypergraphql_models::{LayerKind, typed};
use hypergraphql_ops::Cpu;
use ndarray::Array2;

use super::{CLASSES, config, dataset, network, run, split, stored, task};

fn unseen() -> Dataset {
    let sizes = StochasticBlock { nodes: 97, hyperedges: 151, size: 4, classes: CLASSES, homophily: 0.9 };
    stochastic_block(&sizes, 71).unwrap()
}

#[test]
fn an_unseen_hypergraph_is_classified_and_another_width_is_refused() {
    let (task, split) = (task(&dataset()), split());
    let mut trainer = Trainer::new(&task, &split, &network(LayerKind::Hgnn), &config()).unwrap();
    run(&mut trainer, 30);
    let folder = stored(&trainer);
    let path = folder.path().join("c");

    let data = unseen();
    let predictions = predict::<Cpu>(checkpoint::read(&path).unwrap(), &path, &data, &Default::default()).unwrap();
    let labels = &data.labels.as_ref().unwrap().of;
    let right = (0..97).filter(|i| Some(predictions.top(*i, 1)[0].0 as u32) == labels[*i]).count();
    assert!(right > 65, "{right} of 97");
    assert_eq!(predictions.probabilities.len(), 97 * CLASSES);
    for node in 0..97 {
        assert!((predictions.of(node).iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let top = predictions.top(node, 5);
        assert_eq!(top.len(), CLASSES);
        assert!(top.windows(2).all(|w| w[0].1 >= w[1].1));
    }

    let mut narrow = data.clone();
    narrow.features = Features::Dense(Array2::zeros((97, 99)));
    let error = predict::<Cpu>(checkpoint::read(&path).unwrap(), &path, &narrow, &Default::default()).unwrap_err().to_string();
    assert!(error.contains("99") && error.contains("100"), "{error}");
    let mut unlabelled = data;
    unlabelled.labels = None;
    let error = predict::<Cpu>(checkpoint::read(&path).unwrap(), &path, &unlabelled, &Default::default()).unwrap_err().to_string();
    assert!(error.contains("features"), "{error}");
}

/// Hyperedges of two types, members that come first as subjects; the names of both in this order.
fn related(mut dataset: Dataset, types: [&str; 2]) -> Dataset {
    let (hyperedges, ptr) = (dataset.hypergraph.hyperedges(), dataset.hypergraph.edge_major().ptr().to_vec());
    let names = types.map(str::to_owned).to_vec();
    // The type does not depend on the order of names.
    let id = |e: u32| names.iter().position(|n| *n == ["even", "odd"][e as usize % 2]).unwrap() as u32;
    let relations = (0..hyperedges as u32).map(|e| (e, id(e))).collect();
    let roles = ptr[..hyperedges].iter().map(|first| (*first, 0)).collect();
    let incidences = dataset.hypergraph.incidences();
    dataset.relations = Some(Relations {
        relations: Tags::from_pairs(names.clone(), hyperedges, relations).unwrap(),
        roles: Tags::from_pairs(vec!["subject".to_owned()], incidences, roles).unwrap(),
    });
    dataset.check().unwrap();
    dataset
}

#[test]
fn encodings_and_kinds_come_back_from_a_checkpoint() {
    let data = related(dataset(), ["even", "odd"]);
    let synthetic = Some(SyntheticFeatures { width: 100, sigma: 0.3, seed: 9 });
    for (layer, encoding) in [(LayerKind::Relational, Encoding::RandomWalk(3)), (LayerKind::StarE, "laplacian:5:7".parse().unwrap())] {
        let config_ = TaskConfig { self_loops: true, synthetic, encoding };
        let prepared = config_.prepare(&data).unwrap();
        prepared.check().unwrap();
        assert_eq!(prepared.features.width(), 100 + encoding.width());
        let mut network = network(layer);
        network.features = prepared.features.width();
        network.kinds = Some(typed::kinds(&prepared.hypergraph, prepared.relations.as_ref()));
        // Both types with and without a role, and the self-loops.
        assert_eq!(network.kinds.as_ref().map(Vec::len), Some(5));
        let task = NodeTask::<Cpu>::new(&data, &prepared, config_, &Default::default()).unwrap();
        let split = split();
        let mut trainer = Trainer::new(&task, &split, &network, &config()).unwrap();
        run(&mut trainer, 30);
        let test = trainer.outcome().unwrap().test.accuracy.unwrap();
        assert!(test > 0.7, "{layer}: {test}");
        let folder = stored(&trainer);
        let path = folder.path().join("c");
        let predicted = |data: &Dataset| predict::<Cpu>(checkpoint::read(&path).unwrap(), &path, data, &Default::default());
        let own = predicted(&data).unwrap();
        let labels = &data.labels.as_ref().unwrap().of;
        let known: Vec<u32> = split.test.iter().copied().filter(|v| labels[*v as usize].is_some()).collect();
        let right = known.iter().filter(|v| Some(own.top(**v as usize, 1)[0].0 as u32) == labels[**v as usize]).count();
        assert!((right as f64 / known.len() as f64 - test).abs() < 1e-9, "{layer}: the features of the training");
        assert_eq!(predicted(&related(dataset(), ["odd", "even"])).unwrap(), own, "{layer}: names, not numbers");
        let error = predicted(&dataset()).unwrap_err().to_string();
        assert!(error.starts_with("kind of an incidence is relation none with role none"), "{error}");
    }
}
