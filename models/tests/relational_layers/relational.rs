//! The relational convolution.

use hypergraphql_framework::{Duplicates, Hypergraph, Relations, Tags};
use hypergraphql_models::layers::{HgnnPlus, RelationalConv, RelationalConvConfig, WeightStream};
use hypergraphql_models::typed::{kinds, typed_incidences};
use hypergraphql_models::{GraphInput, NodeFeatures, Precision, TypedHyperedges, TypedIncidence, Way};
use hypergraphql_ops::{Cpu, HyperBackend, Incidence, SparseMatrix};

use super::{Ad, Rows, add, assert_rows, check_gradients, device, matrix, rows, stirred, times, to_rows, values};

const NODES: usize = 6;
const HYPEREDGES: usize = 4;
const KINDS: usize = 3;
const FEATURES: usize = 5;
const OUTPUTS: usize = 2;

/// Hyperedge 1 is directed, hyperedge 2 has no senders, hyperedge 3 no members; node 3 plays two parts in hyperedge 0; node 5 is isolated.
fn typed() -> Vec<TypedIncidence> {
    let all = [
        (0, 0, 1, Way::Both),
        (3, 0, 0, Way::Both),
        (3, 0, 2, Way::Both),
        (1, 0, 0, Way::Both),
        (2, 1, 0, Way::Sends),
        (0, 1, 0, Way::Sends),
        (4, 1, 1, Way::Receives),
        (3, 1, 1, Way::Receives),
        (4, 2, 2, Way::Receives),
    ];
    all.into_iter().map(|(node, hyperedge, kind, way)| TypedIncidence { node, hyperedge, kind, way }).collect()
}

fn expected<B: HyperBackend>(layer: &RelationalConv<B>, x: &Rows, typed: &[TypedIncidence], hyperedges: usize) -> Rows {
    let [matrices, features, outputs] = layer.weight.dims();
    let flat = values(layer.weight.val());
    let base = |m: usize, f: usize, o: usize| flat[(m * features + f) * outputs + o];
    let shares = layer.shares.as_ref().map(|s| to_rows(s.val()));
    let weight = |k: usize| -> Rows {
        let of = |f: usize, o: usize| match &shares {
            None => base(k, f, o),
            Some(shares) => (0..matrices).map(|m| shares[k][m] * base(m, f, o)).sum(),
        };
        (0..features).map(|f| (0..outputs).map(|o| of(f, o)).collect()).collect()
    };
    let gates = layer.gates.as_ref().map(|g| to_rows(g.val()));
    let mut z = vec![vec![0.0; outputs]; hyperedges];
    for (e, z) in z.iter_mut().enumerate() {
        let senders: Vec<_> = typed.iter().filter(|t| t.hyperedge as usize == e && t.way != Way::Receives).collect();
        for t in &senders {
            add(z, 1.0 / senders.len() as f64, &times(&x[t.node as usize], &weight(t.kind as usize)));
        }
    }
    (0..x.len())
        .map(|v| {
            let mut y = layer.root.as_ref().map_or(vec![0.0; outputs], |w| times(&x[v], &to_rows(w.val())));
            let received: Vec<_> = typed.iter().filter(|t| t.node as usize == v && t.way != Way::Sends).collect();
            for t in &received {
                let gate = gates.as_ref().map_or(vec![1.0; outputs], |g| g[t.kind as usize].clone());
                let gated: Vec<f64> = z[t.hyperedge as usize].iter().zip(gate).map(|(z, g)| z * g).collect();
                add(&mut y, 1.0 / received.len() as f64, &gated);
            }
            layer.bias.iter().for_each(|b| add(&mut y, 1.0, &values(b.val())));
            y
        })
        .collect()
}

fn layer<B: HyperBackend>(kinds: usize, bases: usize) -> RelationalConv<B> {
    let config = RelationalConvConfig::new(FEATURES, OUTPUTS).with_kinds(kinds).with_bases(bases);
    stirred(config.init(&B::Device::default(), &mut WeightStream::new(1)).unwrap())
}

#[test]
fn it_equals_its_formula_with_and_without_bases_types_and_sparse_features() {
    let x = rows(NODES, FEATURES, 1);
    let untyped: Vec<TypedIncidence> = typed().into_iter().filter(|t| t.kind != 2).map(|t| TypedIncidence { kind: 0, ..t }).collect();
    for (kinds, bases, typed) in [(KINDS, 0, typed()), (KINDS, 2, typed()), (KINDS, 3, typed()), (1, 0, untyped)] {
        let layer = layer::<Cpu>(kinds, bases);
        assert_eq!(layer.shares.is_some(), bases == 2);
        let on_device = TypedHyperedges::new(&typed, [NODES, HYPEREDGES, kinds], &device()).unwrap();
        let expected = expected(&layer, &x, &typed, HYPEREDGES);
        let values = x.iter().flatten().copied().collect();
        let (ptr, col) = ((0..=NODES as u32).map(|i| i * FEATURES as u32).collect(), (0..NODES).flat_map(|_| 0..FEATURES as u32).collect());
        let sparse = SparseMatrix::from_csr(ptr, col, FEATURES, Some(values), &device()).unwrap();
        for features in [NodeFeatures::Dense(matrix(&x, FEATURES)), NodeFeatures::Sparse(sparse)] {
            let got = layer.forward(&features, &on_device, Precision::F64).unwrap();
            assert_rows(&to_rows(got), &expected, &format!("{kinds} kinds, {bases} bases"));
        }
    }
}

#[test]
fn its_gradients_are_right() {
    for bases in [0, 2] {
        let typed = TypedHyperedges::<Ad>::new(&typed(), [NODES, HYPEREDGES, KINDS], &device()).unwrap();
        check_gradients(&layer::<Ad>(KINDS, bases), &[rows(NODES, FEATURES, 1)], |layer, x| {
            layer.forward(&NodeFeatures::Dense(x[0].clone()), &typed, Precision::F64).unwrap()
        });
    }
}

#[test]
fn one_kind_is_the_mean_convolution_of_hgnn_plus() {
    let h = Hypergraph::from_members(NODES, [vec![0, 2, 5], vec![3], vec![1, 2, 4, 5], vec![0, 1]], Duplicates::Error).unwrap();
    let config = RelationalConvConfig::new(FEATURES, OUTPUTS).with_root(false).with_bias(false);
    let layer = stirred(config.init::<Cpu>(&device(), &mut WeightStream::new(1)).unwrap());
    let mean = HgnnPlus { theta: burn::module::Param::from_tensor(layer.weight.val().reshape([FEATURES, OUTPUTS])), bias: None };
    let x = NodeFeatures::Dense(matrix(&rows(NODES, FEATURES, 1), FEATURES));
    let (typed, hyperedges) = typed_incidences(&h, None, &kinds(&h, None)).unwrap();
    let on_device = TypedHyperedges::new(&typed, [NODES, hyperedges, 1], &device()).unwrap();
    let got = layer.forward(&x, &on_device, Precision::F64).unwrap();
    let input = GraphInput::new(Incidence::new(&h, &device()).unwrap(), x).unwrap();
    assert_rows(&to_rows(got), &to_rows(mean.forward(&input, Precision::F64).unwrap()), "HGNN+");
}

#[test]
fn relations_and_roles_become_kinds() {
    let h = Hypergraph::from_members(4, [vec![0, 1, 3], vec![1, 2]], Duplicates::Error).unwrap();
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    // Hyperedge 0 has two relations, hyperedge 1 none; node 3 two roles in hyperedge 0.
    let relations = Tags::from_pairs(names(&["b", "a"]), 2, vec![(0, 0), (0, 1)]).unwrap();
    let roles = Tags::from_pairs(names(&["tail", "https://e.x/head", "x"]), 5, vec![(0, 0), (1, 1), (2, 1), (2, 2)]).unwrap();
    let relations = Relations { relations, roles };
    let kinds = kinds(&h, Some(&relations));
    let texts: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    assert_eq!(texts[0], "relation none with role none");
    assert_eq!(texts.len(), 1 + 2 * 3);
    assert_eq!(texts[1], "relation a with role https://e.x/head");
    let (typed, hyperedges) = typed_incidences(&h, Some(&relations), &kinds).unwrap();
    assert_eq!((typed.len(), hyperedges), (2 * 4 + 2, 3));
    let of = |hyperedge: u32| typed.iter().filter(|t| t.hyperedge == hyperedge).map(|t| (t.node, t.way)).collect::<Vec<_>>();
    let first = [(0, Way::Sends), (1, Way::Receives), (3, Way::Receives), (3, Way::Both)];
    assert_eq!((of(0), of(1)), (first.to_vec(), first.to_vec()));
    assert_eq!(of(2), [(1, Way::Both), (2, Way::Both)]);
    let error = typed_incidences(&h, Some(&relations), &kinds[1..]).unwrap_err().to_string();
    assert!(error.starts_with("kind of an incidence is relation none with role none, expected one of the 6"), "{error}");
    // Kinds are names, so that another order of names gives the same numbers.
    let swapped = Tags::from_pairs(names(&["a", "b"]), 2, vec![(0, 0), (0, 1)]).unwrap();
    let swapped = Relations { relations: swapped, ..relations };
    assert_eq!(hypergraphql_models::typed::kinds(&h, Some(&swapped)), kinds);
}

#[test]
fn misfits_are_named() {
    let refused = |sizes| TypedHyperedges::<Cpu>::new(&typed(), sizes, &device()).unwrap_err().to_string();
    assert_eq!(refused([4, HYPEREDGES, KINDS]), "node of an incidence is 4, expected an id below 4");
    assert_eq!(refused([NODES, 2, KINDS]), "hyperedge of an incidence is 2, expected an id below 2");
    assert_eq!(refused([NODES, HYPEREDGES, 2]), "kind of an incidence is 2, expected an id below 2");
    assert_eq!(refused([NODES, HYPEREDGES, 0]), "kinds of incidences is 0, expected at least 1");
    let typed = TypedHyperedges::<Cpu>::new(&typed(), [NODES, HYPEREDGES, KINDS], &device()).unwrap();
    let refused = |layer: RelationalConv<Cpu>, count: usize| {
        let x = NodeFeatures::Dense(matrix(&rows(count, FEATURES, 1), FEATURES));
        layer.forward(&x, &typed, Precision::F64).unwrap_err().to_string()
    };
    assert_eq!(refused(layer(2, 0), NODES), "kinds of incidences is 3, expected 2, as the layer was made for");
    assert_eq!(refused(layer(KINDS, 0), 5), "node features has shape [5, 5], expected [6, 5]");
    let none = TypedHyperedges::<Cpu>::new(&[], [0, 0, KINDS], &device()).unwrap();
    let nobody = NodeFeatures::Dense(burn::tensor::Tensor::<Cpu, 2>::zeros([0, FEATURES], (&device(), burn::tensor::DType::F64)));
    assert_eq!(layer::<Cpu>(KINDS, 2).forward(&nobody, &none, Precision::F64).unwrap().dims(), [0, OUTPUTS]);
}
