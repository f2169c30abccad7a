//! Slots and memory layers against plain loops.

use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_models::Precision;
use hypergraphql_models::graph_memory::{FactList, Gathered, HypergraphTransformer, HypergraphTransformerConfig, MemoryContext};
use hypergraphql_models::layers::{LayerNorm, Mlp};
use hypergraphql_models::transformer::{Projection, TokenBatch};
use hypergraphql_ops::Cpu;

use super::{Rows, base_config, config, device, facts, graph, near, stirred, to_rows, values};

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

fn scaled(a: &[f64], factor: f64) -> Vec<f64> {
    a.iter().map(|a| a * factor).collect()
}

fn swiglu(x: &[f64], [gate, up, down]: [&Projection<Cpu>; 3]) -> Vec<f64> {
    let gated: Vec<f64> = times(x, gate).iter().zip(times(x, up)).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect();
    times(&gated, down)
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

/// Linear maps with ReLU between them.
fn mlp(x: &[f64], mlp: &Mlp<Cpu>) -> Vec<f64> {
    let mut x = x.to_vec();
    for (i, linear) in mlp.linears.iter().enumerate() {
        let (w, b) = (to_rows(linear.weight.val()), values(linear.bias.val()));
        x = (0..b.len()).map(|o| b[o] + x.iter().zip(&w).map(|(x, row)| x * row[o]).sum::<f64>()).collect();
        if i + 1 < mlp.linears.len() {
            x.iter_mut().for_each(|x| *x = x.max(0.0));
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
    vec![(0, vec![(0, 0), (1, 1)]), (1, vec![(2, 0), (0, 1), (3, 2), (4, 3)]), (0, vec![(0, 0)]), (1, vec![(3, 0), (0, 2), (3, 3)])]
}

/// u of tokens.
fn token_states(model: &HypergraphTransformer<Cpu>, tokens: &[u32]) -> Rows {
    let (embeddings, t) = (to_rows(model.base.embedding.val()), &model.tokens);
    tokens.iter().map(|&token| times(&rms_norm(&embeddings[token as usize], &values(t.norm.val()), t.epsilon), &t.map)).collect()
}

/// x, r and ρ by the formulas.
fn names_by_loops(model: &HypergraphTransformer<Cpu>) -> [Rows; 3] {
    let n = &model.names;
    let (places, seeds) = (to_rows(n.places.val()), to_rows(n.seeds.weight.val()));
    let pooled = |name: &[u32]| {
        let u = token_states(model, name);
        let keys: Rows = u.iter().enumerate().map(|(j, u)| plus(&times(u, &n.key), &places[j.min(places.len() - 1)])).collect();
        let head = |seed: &Vec<f64>| {
            let shares = softmax(&keys.iter().map(|key| dot(seed, key)).collect::<Vec<_>>());
            u.iter().zip(shares).fold(vec![0.0; 8], |sum, (u, b)| plus(&sum, &scaled(u, b)))
        };
        seeds.iter().flat_map(head).collect::<Vec<f64>>()
    };
    let (relations, roles) = ([vec![9], vec![10, 11]], [vec![12], vec![13], vec![12, 14], vec![15]]);
    [
        facts().entities().iter().map(|name| times(&pooled(name), &n.entity)).collect(),
        relations.iter().map(|name| times(&pooled(name), &n.relation)).collect(),
        roles.iter().map(|name| times(&pooled(name), &n.role)).collect(),
    ]
}

/// zb of every slot by the formulas.
fn slots_by_loops(config: &HypergraphTransformerConfig) -> Rows {
    let model = stirred::<Cpu>(config);
    let [x, r, rho] = names_by_loops(&model);
    let (f, facts, d) = (&model.facts, plain(), config.width);
    let (gamma, delta) = (values(f.role_share.val())[0], values(f.heard_share.val())[0]);
    let modulated = |a: &[f64], role: &[f64]| a.iter().zip(role).map(|(a, r)| a * (1.0 + gamma * r)).collect::<Vec<f64>>();
    // m and score of a member with the vector x in a role of a fact.
    let member = |x: &[f64], role: usize, relation: usize| {
        let m = modulated(&times(x, &f.member), &rho[role]);
        let hidden: Vec<f64> =
            plus(&times(&m, &f.member_score), &times(&r[relation], &f.relation_score)).iter().map(|h| h.tanh()).collect();
        let score = times(&hidden, &f.score)[0];
        (m, score)
    };
    let pooled = |members: &[(Vec<f64>, f64)]| {
        let shares = softmax(&members.iter().map(|m| m.1).collect::<Vec<_>>());
        members.iter().zip(shares).fold(vec![0.0; d], |sum, (m, a)| sum.iter().zip(&m.0).map(|(s, m)| s + a * m).collect())
    };
    let fact = |relation: usize, sum: &[f64]| {
        let beside = mlp(&[r[relation].as_slice(), sum].concat(), &f.fact);
        layer_norm(&plus(&plus(&r[relation], sum), &beside), &f.fact_norm)
    };
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
        layer_norm(&plus(&plus(&x[v], &scaled(&mean, delta)), &mlp(&mean, &f.entity)), &f.entity_norm)
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
    let c: Rows = (0..3).map(|i| (0..24).map(|j| ((i * 24 + j) as f64 * 0.7 + 2.0).cos()).collect()).collect();
    let tensor = |x: &Rows| Tensor::<Cpu, 2>::from_data(TensorData::new(x.concat(), [3, x[0].len()]), (&device(), DType::F64));
    let gathered = Gathered { normed: tensor(&x).mul_scalar(0.5), context: tensor(&c) };
    let (got, read) = layer.forward(tensor(&x), gathered, &keys, config.top_k, P).unwrap();
    let scores = values(layer.scores(read.queries.clone(), &keys, P));
    let [zb, rho, v] = [slots.facts, slots.roles, slots.entities].map(to_rows);
    let count = zb.len();
    let by_head = |x: Vec<f64>| x.chunks(5).map(<[f64]>::to_vec).collect::<Rows>();
    let k: Vec<Rows> = (0..count)
        .map(|m| by_head(plus(&times(&zb[m], &layer.fact_key), &times(&rho[m], &layer.role_key))))
        .map(|heads| heads.iter().map(|k| layer_norm(k, &layer.key_norm)).collect())
        .collect();
    let v: Vec<Rows> = v.iter().map(|v| by_head(times(v, &layer.value))).collect();
    let null: Rows = to_rows(layer.null.val()).iter().map(|k| layer_norm(k, &layer.key_norm)).collect();
    let kept = values(read.weights);
    let picked = read.slots.read().unwrap();
    let mut expected = Vec::new();
    for (i, h) in x.iter().enumerate() {
        let maker = &layer.query;
        let sum = plus(&scaled(&times(&c[i], &maker.gathered), 3f64.sqrt()), &swiglu(&c[i], [&maker.gate, &maker.up, &maker.down]));
        let sum = plus(&sum, &times(&scaled(h, 0.5), &maker.hidden));
        let q = by_head(times(&rms_norm(&sum, &values(maker.output_norm.val()), maker.epsilon), &maker.output));
        let mut read = Vec::new();
        for (head, q) in q.iter().enumerate() {
            let mut s: Vec<(f64, usize)> = (0..count).map(|m| (dot(q, &k[m][head]) / 5f64.sqrt(), m)).collect();
            let first = dot(q, &null[head]) / 5f64.sqrt();
            let all: Vec<f64> = [first].into_iter().chain(s.iter().map(|s| s.0)).collect();
            near(&scores[(head * 3 + i) * (count + 1)..(head * 3 + i + 1) * (count + 1)], &all, "scores");
            s.sort_by(|a, b| b.0.total_cmp(&a.0));
            s.truncate(config.top_k);
            let weights = softmax(&[first].into_iter().chain(s.iter().map(|s| s.0)).collect::<Vec<_>>());
            let at = head * 3 + i;
            near(&kept[at * 5..(at + 1) * 5], &weights, "A");
            assert_eq!(picked[at * 4..(at + 1) * 4], s.iter().map(|s| s.1 as u32).collect::<Vec<_>>());
            let sum = s
                .iter()
                .zip(&weights[1..])
                .fold(vec![0.0; 5], |sum, (s, a)| sum.iter().zip(&v[s.1][head]).map(|(sum, v)| sum + a * v).collect());
            read.extend(sum);
        }
        let open = |gate: Vec<f64>, x: Vec<f64>| x.iter().map(|x| gate[0].tanh() * x).collect::<Vec<f64>>();
        let h = plus(h, &open(values(layer.alpha.val()), times(&read, &layer.output)));
        let m = rms_norm(&h, &values(layer.feed_forward_norm.val()), layer.epsilon);
        expected.push(plus(&h, &open(values(layer.beta.val()), swiglu(&m, [&layer.gate, &layer.up, &layer.down]))));
    }
    near(&values(got), &expected.concat(), "h");
}

/// Pairs of the two halves of x, turned by the angles of its place.
fn turned(x: &[f64], place: usize) -> Vec<f64> {
    let half = x.len() / 2;
    let angle = |i: usize| place as f64 / 10_000f64.powf(i as f64 / half as f64);
    let first = (0..half).map(|i| x[i] * angle(i).cos() - x[i + half] * angle(i).sin());
    let second = (0..half).map(|i| x[i + half] * angle(i).cos() + x[i] * angle(i).sin());
    first.chain(second).collect()
}

#[test]
fn queries_gather_the_tokens_before_them() {
    let model = stirred::<Cpu>(&config());
    let maker = &model.layers[0].query;
    let sequences = [vec![3, 1, 4], vec![1, 5]];
    let (batch, context) =
        (TokenBatch::new(&sequences).unwrap(), MemoryContext::<Cpu>::new(&config(), &base_config(), P, &device()).unwrap());
    let h: Rows = (0..5).map(|i| (0..12).map(|j| ((i * 12 + j) as f64 * 1.3).sin()).collect()).collect();
    let tensor = |x: &Rows| Tensor::<Cpu, 2>::from_data(TensorData::new(x.concat(), [5, x[0].len()]), (&device(), DType::F64));
    let u = token_states(&model, batch.ids());
    let got = maker.gather(tensor(&h), &tensor(&u), &context.queries.pass(&batch, None).unwrap(), None).unwrap();
    let n: Rows = h.iter().map(|h| rms_norm(h, &values(maker.norm.val()), maker.epsilon)).collect();
    near(&values(got.normed), &n.concat(), "n");
    let mut expected = Vec::new();
    for (start, length) in [(0, 3), (3, 2)] {
        for i in 0..length {
            for head in times(&n[start + i], &maker.query).chunks(8) {
                let q = turned(head, i);
                let score = |j: usize| dot(&q, &turned(&times(&n[start + j], &maker.key), j)) / 8f64.sqrt();
                let shares = softmax(&(0..=i).map(score).collect::<Vec<_>>());
                expected.extend(shares.iter().enumerate().fold(vec![0.0; 8], |sum, (j, a)| plus(&sum, &scaled(&u[start + j], *a))));
            }
        }
    }
    near(&values(got.context), &expected, "c");
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
