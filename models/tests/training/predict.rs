//! A trained network predicts on a hypergraph that it has not seen.

use hypergraphql_framework::generate::{StochasticBlock, stochastic_block};
use hypergraphql_framework::{Dataset, Features};
use hypergraphql_models::LayerKind;
use hypergraphql_models::checkpoint;
use hypergraphql_models::task::predict;
use hypergraphql_models::train::Trainer;
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
    assert!(right > 70, "{right} of 97");
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
