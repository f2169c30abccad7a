//! Gradients of the losses against central differences.

use burn::module::Module;
use hypergraphql_models::Precision;
use hypergraphql_models::graph_memory::{Asking, HypergraphTransformer, LossWeights, Losses, MemoryContext};

use super::parameters::{Ad, Nudge, gradients, values};
use super::{base_config, config, device, facts, graph, names, questions, stirred};

const STEP: f64 = 1e-5;

fn losses(model: &HypergraphTransformer<Ad>) -> Losses<Ad> {
    let (list, names) = (facts(), names());
    let context = MemoryContext::new(&config(), &base_config(), Precision::F64, &device()).unwrap();
    let graph = graph(&list);
    let weights = LossWeights { retrieval: 0.9, link: 0.4, null: 0.7 };
    model.losses(&questions(), &Asking { graph: &graph, names: &names }, &context, weights).unwrap()
}

#[test]
fn of_the_losses() {
    let model = stirred::<Ad>(&config());
    let tape = losses(&model).total.backward();
    let (mut compared, mut counted) = (0, 0);
    for (parameter, gradient) in gradients(&model, &tape).iter().enumerate() {
        assert!(!gradient.is_empty(), "parameter {parameter} has no gradient");
        for element in [0, gradient.len() / 3, gradient.len() - 1] {
            let at = |step| values(losses(&model.clone().map(&mut Nudge { parameter, element, step, at: 0 })).total)[0];
            let expected = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let got = gradient[element];
            assert!((got - expected).abs() < 1e-6 * (1.0 + expected.abs()), "parameter {parameter}, element {element}: {got}, {expected}");
            compared += usize::from(got != 0.0);
            counted += 1;
        }
    }
    assert!(compared * 10 > counted * 8, "{compared} of {counted} gradients are not zero");
}

#[test]
fn the_total_is_the_weighted_sum() {
    let Losses { total, answer, retrieval, null, link } = losses(&stirred::<Ad>(&config()));
    let [total, answer, retrieval, null, link] = [total, answer, retrieval, null, link].map(|x| values(x)[0]);
    assert!((total - (answer + 0.9 * retrieval + 0.7 * null + 0.4 * link)).abs() < 1e-12);
    assert!(answer > 0.0 && retrieval > 0.0 && null > 0.0 && link > 0.0);
}

#[test]
fn a_frozen_decoder_has_no_gradients() {
    let model = stirred::<Ad>(&config()).freeze_base();
    let tape = losses(&model).total.backward();
    assert!(gradients(&model.base, &tape).iter().all(Vec::is_empty));
    assert!(gradients(&model.layers, &tape).iter().all(|gradient| !gradient.is_empty()));
}
