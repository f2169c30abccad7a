//! Slots and memory layers against plain loops.

use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_models::Precision;
use hypergraphql_models::graph_memory::{FactList, HypergraphTransformerConfig};
use hypergraphql_models::layers::{LayerNorm, Mlp};
use hypergraphql_models::transformer::Projection;
use hypergraphql_ops::Cpu;

use super::{Rows, config, device, facts, graph, near, stirred, to_rows, values};

const P: Precision = Precision::F64;

/// x Wᵀ
fn times(x: &[f64], map: &Projection<Cpu>) -> Vec<f64> {
    to_rows(map.weight.val()).iter().map(|row| dot(row, x)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn plus(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

fn modulated(a: &[f64], role: &[f64]) -> Vec<f64> {
    a.iter().zip(role).map(|(a, r)| a * (1.0 + r)).collect()
}

fn layer_norm(x: &[f64], norm: &LayerNorm<Cpu>) -> Vec<f64> {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let deviation = (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n + 1e-5).sqrt();
    let (gamma, beta) = (values(norm.gamma.val()), values(norm.beta.val()));
    x.iter().zip(gamma.iter().zip(&beta)).map(|(x, (g, b))| g * (x - mean) / deviation + b).collect()
}

fn rms_norm(x: &[f64], weight: &[f64], epsilon: f64) -> Vec<f64> {
    let root = (dot(x, x) / x.len() as f64 + epsilon).sqrt();
    x.iter().zip(weight).map(|(x, w)| w * x / root).collect()
}

/// Linear maps with ReLU and layer normalisation between them.
fn mlp(x: &[f64], mlp: &Mlp<Cpu>) -> Vec<f64> {
    let mut x = x.to_vec();
    for (i, linear) in mlp.linears.iter().enumerate() {
        let (w, b) = (to_rows(linear.weight.val()), values(linear.bias.val()));
        x = (0..b.len()).map(|o| b[o] + x.iter().zip(&w).map(|(x, row)| x * row[o]).sum::<f64>()).collect();
        if i + 1 < mlp.linears.len() {
            x.iter_mut().for_each(|x| *x = x.max(0.0));
            x = layer_norm(&x, &mlp.norms[i]);
        }
    }
    x
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let sum: f64 = scores.iter().map(|s| s.exp()).sum();
    scores.iter().map(|s| s.exp() / sum).collect()
}

/// (relation, members as (entity, role)) of the facts of the tests, read from the list by its slots; relations and roles are those that were pushed.
fn plain() -> Vec<(usize, Vec<(usize, usize)>)> {
    vec![
        (0, vec![(0, 0), (1, 1)]),
        (1, vec![(2, 0), (0, 1), (3, 2), (4, 3)]),
        (0, vec![(0, 0)]),
        (1, vec![(3, 0), (0, 2), (3, 3)]),
    ]
}

/// zb of every slot by the formulas.
fn slots_by_loops(config: &HypergraphTransformerConfig) -> Rows {
    let model = stirred::<Cpu>(config);
    let names = model.names.forward(model.base.embedding.val(), &graph(&facts()), P).unwrap();
    let [x, r, rho] = [names.entities, names.relations, names.roles].map(to_rows);
    let (f, facts, d) = (&model.facts, plain(), config.width);
    // m and score of a member with the vector x in a role of a fact.
    let member = |x: &[f64], role: usize, relation: usize| {
        let m = modulated(&times(x, &f.member), &rho[role]);
        let hidden: Vec<f64> = plus(&times(&m, &f.member_score), &times(&r[relation], &f.relation_score)).iter().map(|h| h.tanh()).collect();
        let score = times(&hidden, &f.score)[0];
        (m, score)
    };
    let pooled = |members: &[(Vec<f64>, f64)]| {
        let shares = softmax(&members.iter().map(|m| m.1).collect::<Vec<_>>());
        members.iter().zip(shares).fold(vec![0.0; d], |sum, (m, a)| sum.iter().zip(&m.0).map(|(s, m)| s + a * m).collect())
    };
    let fact = |relation: usize, sum: &[f64]| layer_norm(&plus(&r[relation], &mlp(&[r[relation].as_slice(), sum].concat(), &f.fact)), &f.fact_norm);
    let z: Rows = facts
        .iter()
        .map(|(relation, members)| fact(*relation, &pooled(&members.iter().map(|&(v, p)| member(&x[v], p, *relation)).collect::<Vec<_>>())))
        .collect();
    let heard = |v: usize, e: usize| {
        let elsewhere: Vec<Vec<f64>> = facts
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != e && config.message_passing)
            .flat_map(|(other, (_, members))| members.iter().map(move |member| (other, *member)))
            .filter(|(_, (w, _))| *w == v)
            .map(|(other, (_, p))| modulated(&times(&z[other], &f.message), &rho[p]))
            .collect();
        let mut mean = vec![0.0; d];
        for term in &elsewhere {
            mean.iter_mut().zip(term).for_each(|(m, t)| *m += t / elsewhere.len() as f64);
        }
        layer_norm(&plus(&x[v], &mlp(&mean, &f.entity)), &f.entity_norm)
    };
    let mut slots = Vec::new();
    for (e, (relation, members)) in facts.iter().enumerate() {
        for i in 0..members.len() {
            let others = members.iter().enumerate().filter(|(j, _)| *j != i);
            let others: Vec<_> = others.map(|(_, &(v, p))| member(&heard(v, e), p, *relation)).collect();
            slots.push(fact(*relation, &pooled(&others)));
        }
    }
    slots
}

#[test]
fn slots_are_their_formulas() {
    for message_passing in [true, false] {
        let config = HypergraphTransformerConfig { message_passing, ..config() };
        let got = stirred::<Cpu>(&config).slots(&graph(&facts()), P).unwrap();
        let expected = slots_by_loops(&config);
        assert_eq!(expected.len(), facts().slots());
        near(&values(got.facts), &expected.concat(), "zb");
    }
}

#[test]
fn a_memory_layer_is_its_formula() {
    let config = config();
    let model = stirred::<Cpu>(&config);
    let slots = model.slots(&graph(&facts()), P).unwrap();
    let layer = &model.layers[1];
    let keys = layer.keys(&slots, P);
    let x: Rows = (0..3).map(|i| (0..12).map(|j| ((i * 12 + j) as f64 * 1.3).sin()).collect()).collect();
    let input = Tensor::from_data(TensorData::new(x.concat(), [3, 12]), (&device(), DType::F64));
    let (got, read) = layer.forward(input, &keys, config.top_k, P).unwrap();
    let scores = values(layer.scores(read.queries.clone(), &keys, P));
    let [zb, rho, v] = [slots.facts, slots.roles, slots.entities].map(to_rows);
    let count = zb.len();
    let by_head = |x: Vec<f64>| x.chunks(5).map(<[f64]>::to_vec).collect::<Rows>();
    let k: Vec<Rows> = (0..count)
        .map(|m| by_head(plus(&times(&zb[m], &layer.fact_key), &times(&rho[m], &layer.role_key))))
        .map(|heads| heads.iter().map(|k| layer_norm(k, &layer.key_norm)).collect())
        .collect();
    let v: Vec<Rows> = v.iter().map(|v| by_head(times(v, &layer.value))).collect();
    let (null, kept) = (to_rows(layer.null.val()), values(read.weights));
    let picked = read.slots.read().unwrap();
    let mut expected = Vec::new();
    for (i, h) in x.iter().enumerate() {
        let q = by_head(times(&rms_norm(h, &values(layer.norm.val()), layer.epsilon), &layer.query));
        let mut read = Vec::new();
        for (head, q) in q.iter().enumerate() {
            let bias = 100f64.ln() - (count as f64).ln();
            let mut s: Vec<(f64, usize)> = (0..count).map(|m| (dot(q, &k[m][head]) / 5f64.sqrt() + bias, m)).collect();
            let first = dot(q, &null[head]) / 5f64.sqrt();
            let all: Vec<f64> = [first].into_iter().chain(s.iter().map(|s| s.0)).collect();
            near(&scores[(head * 3 + i) * (count + 1)..(head * 3 + i + 1) * (count + 1)], &all, "scores");
            s.sort_by(|a, b| b.0.total_cmp(&a.0));
            s.truncate(config.top_k);
            let weights = softmax(&[first].into_iter().chain(s.iter().map(|s| s.0)).collect::<Vec<_>>());
            let at = head * 3 + i;
            near(&kept[at * 5..(at + 1) * 5], &weights, "A");
            assert_eq!(picked[at * 4..(at + 1) * 4], s.iter().map(|s| s.1 as u32).collect::<Vec<_>>());
            let sum = s.iter().zip(&weights[1..]).fold(vec![0.0; 5], |sum, (s, a)| {
                sum.iter().zip(&v[s.1][head]).map(|(sum, v)| sum + a * v).collect()
            });
            read.extend(sum);
        }
        let open = |gate: Vec<f64>, x: Vec<f64>| x.iter().map(|x| gate[0].tanh() * x).collect::<Vec<f64>>();
        let h = plus(h, &open(values(layer.alpha.val()), times(&read, &layer.output)));
        let m = rms_norm(&h, &values(layer.feed_forward_norm.val()), layer.epsilon);
        let gated: Vec<f64> = times(&m, &layer.gate).iter().zip(times(&m, &layer.up)).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
        expected.push(plus(&h, &open(values(layer.beta.val()), times(&gated, &layer.down))));
    }
    near(&values(got), &expected.concat(), "h");
}

/// A slot does not know its own member: another one there changes no key of it, and one elsewhere does.
#[test]
fn slots_leave_their_member_out() {
    let model = stirred::<Cpu>(&config());
    let with = |entity: u32| {
        let mut list = FactList::new(facts().entities().to_vec(), vec![vec![9]], vec![vec![12], vec![13]]).unwrap();
        list.push(0, &[(0, 0), (entity, 1)]).unwrap();
        to_rows(model.slots(&graph(&list), P).unwrap().facts)
    };
    let (one, other) = (with(1), with(4));
    near(&one[1], &other[1], "the slot of the member that changed");
    assert!(one[0].iter().zip(&other[0]).any(|(a, b)| (a - b).abs() > 1e-3), "the other slot has it in its key");
}
