//! Slots and memory layers against plain loops.

use burn::tensor::{DType, Tensor, TensorData};
use hypergraphql_framework::{Duplicates, Hypergraph};
use hypergraphql_models::Precision;
use hypergraphql_models::graph_memory::{
    FactIndex, FactList, HypergraphTransformer, HypergraphTransformerConfig, MemoryLayer, Prefix, RowQueries,
};
use hypergraphql_models::layers::{LayerNorm, Mlp};
use hypergraphql_models::transformer::{Projection, TokenBatch};
use hypergraphql_ops::{Cpu, Incidence};

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

/// zb and zh of every slot by the formulas.
fn slots_by_loops(config: &HypergraphTransformerConfig) -> [Rows; 2] {
    let model = stirred::<Cpu>(config);
    let [x, r, rho] = names_by_loops(&model);
    let (f, facts, d) = (&model.facts, plain(), config.width);
    let (gamma, eta) = (values(f.role_share.val())[0], values(f.heard_share.val())[0]);
    let modulated = |a: &[f64], role: &[f64], share: f64| a.iter().zip(role).map(|(a, r)| a * (1.0 + share * r)).collect::<Vec<f64>>();
    let slots: Vec<(usize, usize)> =
        facts.iter().enumerate().flat_map(|(e, (_, members))| (0..members.len()).map(move |i| (e, i))).collect();
    let beside = |e: usize, i: usize, of: &dyn Fn(usize) -> Vec<f64>| {
        (0..facts[e].1.len()).filter(|&j| j != i).fold(vec![0.0; d], |sum, j| plus(&sum, &of(j)))
    };
    let zb = |(e, i): (usize, usize)| {
        let (relation, members) = &facts[e];
        let told = beside(e, i, &|j| modulated(&times(&x[members[j].0], &f.member), &rho[members[j].1], gamma));
        let mlp = mlp(&[r[*relation].as_slice(), &told].concat(), &f.fact);
        layer_norm(&plus(&plus(&r[*relation], &told), &mlp), &f.fact_norm)
    };
    let t = |(e, i): (usize, usize)| layer_norm(&times(&plus(&zb((e, i)), &rho[facts[e].1[i].1]), &f.message), &f.message_norm);
    let n = |e: usize, i: usize| {
        let entity = facts[e].1[i].0;
        let elsewhere: Vec<_> = slots.iter().filter(|&&(other, at)| other != e && facts[other].1[at].0 == entity).collect();
        let sum = elsewhere.iter().fold(vec![0.0; d], |sum, slot| plus(&sum, &t(**slot)));
        scaled(&sum, 1.0 / elsewhere.len().max(1) as f64)
    };
    let zh = |(e, i): (usize, usize)| {
        if !config.message_passing {
            return vec![0.0; d];
        }
        let heard = beside(e, i, &|j| modulated(&n(e, j), &rho[facts[e].1[j].1], eta));
        layer_norm(&plus(&heard, &mlp(&heard, &f.heard)), &f.heard_norm)
    };
    [slots.iter().map(|slot| zb(*slot)).collect(), slots.iter().map(|slot| zh(*slot)).collect()]
}

#[test]
fn slots_are_their_formulas() {
    for message_passing in [true, false] {
        let config = HypergraphTransformerConfig { message_passing, ..config() };
        let got = stirred::<Cpu>(&config).slots(&graph(&facts()), P).unwrap();
        let [zb, zh] = slots_by_loops(&config);
        assert_eq!(zb.len(), facts().slots());
        near(&values(got.facts), &zb.concat(), "zb");
        near(&values(got.heard), &zh.concat(), "zh");
    }
}

/// Whether the tokens of a question are told by the fact of a slot, and by it or the best other fact of one of its members.
fn told(question: &[u32], slot: usize) -> [Vec<bool>; 2] {
    let (facts, list) = (plain(), facts());
    let (relations, roles) = ([vec![9], vec![10, 11]], [vec![12], vec![13], vec![12, 14], vec![15]]);
    let words = |e: usize, but: Option<usize>| -> Vec<u32> {
        let (relation, members) = &facts[e];
        let named = members.iter().enumerate().filter(|(i, _)| Some(*i) != but).flat_map(|(_, (v, _))| list.entities()[*v].clone());
        relations[*relation].iter().copied().chain(members.iter().flat_map(|(_, p)| roles[*p].clone())).chain(named).collect()
    };
    let e = list.fact_of(slot);
    let i = slot - list.slots_of(e).start;
    let first = words(e, Some(i));
    let beside: Vec<usize> = facts[e].1.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, (v, _))| *v).collect();
    let others = (0..facts.len()).filter(|other| *other != e && facts[*other].1.iter().any(|(v, _)| beside.contains(v)));
    let tells = |other: usize| {
        let words = words(other, None);
        question.iter().map(|id| !first.contains(id) && words.contains(id)).collect::<Vec<bool>>()
    };
    let best = others.map(tells).fold(vec![false; question.len()], |best, next| {
        let count = |x: &[bool]| x.iter().filter(|x| **x).count();
        if count(&next) > count(&best) { next } else { best }
    });
    let first: Vec<bool> = question.iter().map(|id| first.contains(id)).collect();
    let both = first.iter().zip(best).map(|(a, b)| *a || b).collect();
    [first, both]
}

/// A of scores `s` of slots, that of the null slot being `null`.
fn second_look(null: f64, s: &[(f64, usize)], question: &[u32], gates: &Rows, layer: &MemoryLayer<Cpu>) -> Vec<f64> {
    let count = gates[0].len() / 2;
    let missing = |slot: usize| -> Vec<f64> {
        let told = told(question, slot);
        let sum = |told: &[bool], g: usize| gates.iter().zip(told).filter(|(_, told)| !**told).map(|(gates, _)| gates[g]).sum::<f64>();
        (0..2 * count).map(|g| sum(&told[g / count], g)).collect()
    };
    let c: Rows = s.iter().map(|s| missing(s.1)).collect();
    let scores: Vec<f64> = s.iter().zip(&c).map(|(s, c)| s.0 - null + 5.0 * mlp(c, &layer.bonus)[0]).collect();
    let p = softmax(&scores);
    let mean = p.iter().zip(&c).fold(vec![0.0; 2 * count], |sum, (p, c)| plus(&sum, &scaled(c, *p)));
    let most = |x: &[f64]| x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let doubt = 5.0 * mlp(&[vec![most(&scores) / 5.0, -most(&p).ln() / 5.0], mean].concat(), &layer.doubt)[0];
    softmax(&[vec![doubt], scores].concat())
}

#[test]
fn a_memory_layer_is_its_formula() {
    // Some slots kept, and all.
    for top_k in [4, 90] {
        memory_layer(&HypergraphTransformerConfig { top_k, ..config() });
    }
}

fn memory_layer(config: &HypergraphTransformerConfig) {
    let model = stirred::<Cpu>(config);
    let slots = model.slots(&graph(&facts()), P).unwrap();
    let layer = &model.layers[1];
    let keys = layer.keys(&slots, P).unwrap();
    let x: Rows = (0..3).map(|i| (0..12).map(|j| ((i * 12 + j) as f64 * 1.3).sin()).collect()).collect();
    let c: Rows = (0..3).map(|i| (0..10).map(|j| ((i * 10 + j) as f64 * 0.7 + 2.0).cos()).collect()).collect();
    let tensor = |x: &Rows| Tensor::<Cpu, 2>::from_data(TensorData::new(x.concat(), [3, x[0].len()]), (&device(), DType::F64));
    // The states of the tokens of three rows; the first two are of one question.
    let questions: [(&[u32], &[u32]); 3] =
        [(&[9, 12, 1, 13], &[0, 1, 2, 3]), (&[9, 12, 1, 13, 2], &[0, 1, 2, 3, 4]), (&[10, 7, 12, 14, 20, 4], &[5, 6, 7, 8, 9, 10])];
    let prefixes = questions.map(|(ids, states)| Prefix { ids: ids.to_vec(), states: states.to_vec() });
    let n: Rows = (0..11).map(|i| (0..12).map(|j| ((i * 12 + j) as f64 * 0.9 + 1.0).sin()).collect()).collect();
    let normed = Tensor::<Cpu, 2>::from_data(TensorData::new(n.concat(), [11, 12]), (&device(), DType::F64));
    let gates: Rows = n.iter().map(|n| times(n, &layer.missing).iter().map(|s| 1.0 / (1.0 + (1.0 - s).exp())).collect()).collect();
    let asked = RowQueries { queries: layer.query.queries(tensor(&c), P).unwrap(), gates: layer.gates(normed, P), prefixes: &prefixes };
    let index = FactIndex::new(facts());
    let (got, read) = layer.forward(tensor(&x), asked, (&keys, &index), config.top_k, P).unwrap();
    let scores = values(layer.scores(read.queries.clone(), &keys, P));
    let [zb, zh, rho, v] = [slots.facts, slots.heard, slots.roles, slots.entities].map(to_rows);
    let count = zb.len();
    let by_head = |x: Vec<f64>| x.chunks(5).map(<[f64]>::to_vec).collect::<Rows>();
    let key = |m: usize| plus(&plus(&times(&zb[m], &layer.fact_key), &times(&rho[m], &layer.role_key)), &times(&zh[m], &layer.heard_key));
    let k: Vec<Rows> =
        (0..count).map(|m| by_head(key(m))).map(|heads| heads.iter().map(|k| layer_norm(k, &layer.key_norm)).collect()).collect();
    let v: Vec<Rows> = v.iter().map(|v| by_head(times(v, &layer.value))).collect();
    let null: Rows = to_rows(layer.null.val()).iter().map(|k| layer_norm(k, &layer.key_norm)).collect();
    let kept = values(read.weights);
    let picked = read.slots;
    let most = config.top_k.min(count);
    let mut expected = Vec::new();
    for (i, h) in x.iter().enumerate() {
        let maker = &layer.query;
        let p = rms_norm(&c[i], &values(maker.sum_norm.val()), maker.epsilon);
        let p = plus(&p, &swiglu(&p, [&maker.gate, &maker.up, &maker.down]));
        let q = by_head(times(&rms_norm(&p, &values(maker.output_norm.val()), maker.epsilon), &maker.output));
        let mut read = Vec::new();
        for (head, q) in q.iter().enumerate() {
            let mut s: Vec<(f64, usize)> = (0..count).map(|m| (dot(q, &k[m][head]) / 5f64.sqrt(), m)).collect();
            let first = dot(q, &null[head]) / 5f64.sqrt();
            let at = head * 3 + i;
            let all: Vec<f64> = [first].into_iter().chain(s.iter().map(|s| s.0)).collect();
            near(&scores[at * (count + 1)..(at + 1) * (count + 1)], &all, "scores");
            s.sort_by(|a, b| b.0.total_cmp(&a.0));
            s.truncate(most);
            let open = questions[i].1.iter().map(|state| gates[*state as usize].clone()).collect();
            let weights = second_look(first, &s, questions[i].0, &open, layer);
            near(&kept[at * (most + 1)..(at + 1) * (most + 1)], &weights, "A");
            assert_eq!(picked[at * most..(at + 1) * most], s.iter().map(|s| s.1 as u32).collect::<Vec<_>>());
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

#[test]
fn queries_sum_the_tokens_before_them() {
    let model = stirred::<Cpu>(&config());
    let maker = &model.layers[0].query;
    let sequences = [vec![3, 1, 4], vec![1, 5]];
    let batch = TokenBatch::new(&sequences).unwrap();
    let h: Rows = (0..5).map(|i| (0..12).map(|j| ((i * 12 + j) as f64 * 1.3).sin()).collect()).collect();
    let tensor = |x: &Rows| Tensor::<Cpu, 2>::from_data(TensorData::new(x.concat(), [5, x[0].len()]), (&device(), DType::F64));
    let u = token_states(&model, batch.ids());
    let pairs = [(0, 0), (1, 0), (1, 1), (1, 2), (2, 3), (2, 4)];
    let prefixes = Incidence::new(&Hypergraph::from_pairs(3, 5, &pairs, Duplicates::Error).unwrap(), &device()).unwrap();
    let got = maker.sums(maker.normed(tensor(&h), P).unwrap(), &tensor(&u), &prefixes, P).unwrap();
    let t = |j: usize| {
        let n = rms_norm(&h[j], &values(maker.norm.val()), maker.epsilon);
        let g: Vec<f64> = times(&n, &maker.gates).iter().map(|s| 1.0 / (1.0 + (-s).exp())).collect();
        let half = |gates: &[f64], map| times(&gates.iter().flat_map(|g| scaled(&u[j], *g)).collect::<Vec<_>>(), map);
        let both = [half(&g[..3], &maker.told), half(&g[3..], &maker.heard)].concat();
        both.iter().zip(times(&n, &maker.modulation)).map(|(t, m)| t * (1.0 + m)).collect::<Vec<f64>>()
    };
    let sum = |tokens: &[usize]| tokens.iter().fold(vec![0.0; 10], |sum, j| plus(&sum, &t(*j)));
    near(&values(got), &[sum(&[0]), sum(&[0, 1, 2]), sum(&[3, 4])].concat(), "Σ t");
}

/// A slot does not know its own member: another one there changes no key of it, and one elsewhere does.
#[test]
fn slots_leave_their_member_out() {
    let model = stirred::<Cpu>(&config());
    let with = |entity: u32| {
        let mut list = FactList::new(facts().entities().to_vec(), vec![vec![9]], vec![vec![12], vec![13]]).unwrap();
        list.push(0, &[(0, 0), (entity, 1)]).unwrap();
        let slots = model.slots(&graph(&list), P).unwrap();
        let (facts, heard) = (to_rows(slots.facts), to_rows(slots.heard));
        facts.into_iter().zip(heard).map(|(facts, heard)| [facts, heard].concat()).collect::<Rows>()
    };
    let (one, other) = (with(1), with(4));
    near(&one[1], &other[1], "the slot of the member that changed");
    assert!(one[0].iter().zip(&other[0]).any(|(a, b)| (a - b).abs() > 1e-3), "the other slot has it in its key");
}
