//! StarE.

use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_models::layers::{Composition, Masks, StarE, StarEConfig, StarENodesConfig, WeightStream};
use hypergraphql_models::{GraphInput, NodeFeatures, Precision, StatementList, Statements};
use hypergraphql_ops::{Cpu, HyperBackend, Incidence};

use super::{Ad, Rows, add, assert_rows, check_gradients, device, matrix, rows, stirred, times, to_rows, values};

const ENTITIES: usize = 7;
const RELATIONS: usize = 3;
const FEATURES: usize = 4;
const OUTPUTS: usize = 5;

/// Entity 6 takes part in nothing, a statement is there twice, an entity speaks of itself.
fn list() -> StatementList {
    let mut list = StatementList::new();
    list.push([0, 2, 1], &[(1, 3), (0, 4)]);
    list.push([1, 0, 2], &[]);
    list.push([0, 2, 1], &[(2, 0)]);
    list.push([5, 1, 5], &[]);
    list.push([2, 1, 3], &[(1, 3)]);
    list
}

fn plain(x: &[f64], z: &[f64], composition: Composition) -> Vec<f64> {
    let half = x.len() / 2;
    match composition {
        Composition::Mult => x.iter().zip(z).map(|(x, z)| x * z).collect(),
        Composition::Rotate => {
            let re = (0..half).map(|i| x[i] * z[i] - x[half + i] * z[half + i]);
            re.chain((0..half).map(|i| x[i] * z[half + i] + x[half + i] * z[i])).collect()
        }
    }
}

/// The formula of the documentation, statement by statement.
fn expected<B: HyperBackend>(layer: &StarE<B>, x: &Rows, z: &Rows, list: &StatementList) -> (Rows, Rows) {
    let weight = |w: &burn::module::Param<burn::tensor::Tensor<B, 2>>| to_rows(w.val());
    let relations = z.len() / 2;
    let own = weight(&layer.self_relation);
    let mut sums = vec![vec![vec![0.0; x[0].len()]; x.len()]; 2];
    for i in 0..list.len() {
        let [head, relation, tail] = list.triple(i).map(|id| id as usize);
        let mut h = vec![0.0; x[0].len()];
        for (q, u) in list.qualifiers_of(i) {
            add(&mut h, 1.0, &plain(&x[*u as usize], &z[*q as usize], layer.composition));
        }
        let h = layer.qualifier.as_ref().map_or(h.clone(), |w| times(&h, &weight(w)));
        for (way, [from, to], relation) in [(0, [head, tail], relation), (1, [tail, head], relation + relations)] {
            let ends = |j: usize| {
                let [head, _, tail] = list.triple(j).map(|id| id as usize);
                if way == 0 { [head, tail] } else { [tail, head] }
            };
            let sent = (0..list.len()).filter(|j| ends(*j)[0] == from).count() as f64;
            let received = (0..list.len()).filter(|j| ends(*j)[1] == to).count() as f64;
            let gamma: Vec<f64> = z[relation].iter().zip(&h).map(|(z, h)| layer.alpha * z + (1.0 - layer.alpha) * h).collect();
            add(&mut sums[way][to], 1.0 / (sent * received).sqrt(), &plain(&x[from], &gamma, layer.composition));
        }
    }
    let bias = layer.bias.as_ref().map(|b| values(b.val()));
    let y = (0..x.len()).map(|v| {
        let mut y = times(&plain(&x[v], &own[0], layer.composition), &weight(&layer.to_self));
        add(&mut y, 1.0, &times(&sums[0][v], &weight(&layer.to_tails)));
        add(&mut y, 1.0, &times(&sums[1][v], &weight(&layer.to_heads)));
        y.iter_mut().for_each(|y| *y /= 3.0);
        if let Some(bias) = &bias {
            add(&mut y, 1.0, bias);
        }
        y
    });
    let updated = layer.relation.as_ref().map(|w| z.iter().map(|z| times(z, &weight(w))).collect());
    (y.collect(), updated.unwrap_or_default())
}

fn layer<B: HyperBackend>(composition: Composition) -> StarE<B> {
    let config = StarEConfig::new(FEATURES, OUTPUTS).with_composition(composition).with_alpha(0.7);
    stirred(config.init(&B::Device::default(), &mut WeightStream::new(3)).unwrap())
}

#[test]
fn it_equals_its_formula() {
    let (x, z) = (rows(ENTITIES, FEATURES, 1), rows(2 * RELATIONS, FEATURES, 2));
    let mut bare = StatementList::new();
    bare.push([3, 0, 4], &[]);
    for list in [list(), bare, StatementList::new()] {
        let statements = Statements::<Cpu>::new(&list, ENTITIES, RELATIONS, &device()).unwrap();
        for composition in [Composition::Mult, Composition::Rotate] {
            let layer = layer::<Cpu>(composition);
            let (y, updated) =
                layer.forward(matrix(&x, FEATURES), matrix(&z, FEATURES), &statements, Precision::F64, &Masks::none()).unwrap();
            let (expected, relations) = expected(&layer, &x, &z, &list);
            assert_rows(&to_rows(y), &expected, &format!("{composition}, {} statements", list.len()));
            assert_rows(&to_rows(updated.unwrap()), &relations, "relations");
        }
    }
    let none = Statements::<Cpu>::new(&StatementList::new(), 0, RELATIONS, &device()).unwrap();
    let x = burn::tensor::Tensor::zeros([0, FEATURES], &device());
    let (y, _) = layer::<Cpu>(Composition::Mult).forward(x, matrix(&z, FEATURES), &none, Precision::F64, &Masks::none()).unwrap();
    assert_eq!(y.dims(), [0, OUTPUTS]);
}

#[test]
fn its_gradients_are_right() {
    let statements = Statements::<Ad>::new(&list(), ENTITIES, RELATIONS, &device()).unwrap();
    for composition in [Composition::Mult, Composition::Rotate] {
        let inputs = [rows(ENTITIES, FEATURES, 1), rows(2 * RELATIONS, FEATURES, 2)];
        check_gradients(&layer::<Ad>(composition), &inputs, |layer, x| {
            let (y, z) = layer.forward(x[0].clone(), x[1].clone(), &statements, Precision::F64, &Masks::none()).unwrap();
            burn::tensor::Tensor::cat(vec![y, z.unwrap()], 0)
        });
    }
}

#[test]
fn misfits_are_named() {
    let list = list();
    let refused = |entities, relations| Statements::<Cpu>::new(&list, entities, relations, &device()).unwrap_err().to_string();
    assert_eq!(refused(5, RELATIONS), "entity of a statement is 5, expected an id below 5");
    assert_eq!(refused(ENTITIES, 2), "relation of a statement is 2, expected an id below 2");
    let statements = Statements::<Cpu>::new(&list, ENTITIES, RELATIONS, &device()).unwrap();
    let forward = |layer: StarE<Cpu>, entities: usize, relations: usize| {
        let (x, z) = (rows(entities, FEATURES, 1), rows(relations, FEATURES, 2));
        let out = layer.forward(matrix(&x, FEATURES), matrix(&z, FEATURES), &statements, Precision::F64, &Masks::none());
        out.map(|_| ()).unwrap_err().to_string()
    };
    assert_eq!(forward(layer(Composition::Mult), 6, 6), "entities has shape [6, 4], expected [7, 4]");
    assert_eq!(forward(layer(Composition::Mult), 7, 3), "relations and their inverses has shape [3, 4], expected [6, 4]");
    let bare = StarEConfig::new(FEATURES, OUTPUTS).with_qualifiers(false).init(&device(), &mut WeightStream::new(1)).unwrap();
    assert!(forward(bare, 7, 6).starts_with("W_q of StarE is none"));
    let odd = StarEConfig::new(5, OUTPUTS).with_composition(Composition::Rotate).init::<Cpu>(&device(), &mut WeightStream::new(1));
    assert_eq!(odd.unwrap_err().to_string(), "features of StarE with rotate is 5, expected an even number");
}

#[test]
fn a_hyperedge_is_an_entity_whose_incidences_are_statements() {
    let h = Hypergraph::from_members(5, [vec![0, 2, 3], vec![1], vec![2, 3]], Duplicates::Error).unwrap();
    let layer = StarENodesConfig::new(FEATURES).init::<Cpu>(&device(), &mut WeightStream::new(2)).unwrap();
    let layer = stirred(layer);
    let x = rows(5, FEATURES, 4);
    let input = GraphInput::new(Incidence::new(&h, &device()).unwrap(), NodeFeatures::Dense(matrix::<Cpu>(&x, FEATURES))).unwrap();
    let got = to_rows(layer.forward(&input, Precision::F64, &Masks::none()).unwrap());
    let (mut entities, mut list) = (x, StatementList::new());
    for members in h.edge_major().iter_rows() {
        let mut mean = vec![0.0; FEATURES];
        members.iter().for_each(|v| add(&mut mean, 1.0 / members.len() as f64, &entities[*v as usize].clone()));
        members.iter().for_each(|v| list.push([*v, 0, entities.len() as u32], &[]));
        entities.push(mean);
    }
    let (expected, _) = expected(&layer.conv, &entities, &to_rows(layer.relations.val()), &list);
    assert_rows(&got, &expected[..5].to_vec(), "nodes");
}
