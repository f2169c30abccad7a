//! `hgql import`: state dicts written here, and ones that PyTorch Geometric saved.
#![allow(clippy::unwrap_used, reason = "a test fails where it panics")]

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use crate::training::{Folder, NODES, dataset};

const WIDTH: usize = 11;
const HIDDEN: usize = 6;
const CLASSES: usize = 3;

/// The small data set with 11 columns of features, with and without labels.
fn folder() -> Folder {
    let folder = Folder::new(&dataset());
    let row = |i: usize| {
        (0..WIDTH).filter(|j| (i * 7 + j * 13).is_multiple_of(3) || i == j + 1).map(|j| j.to_string()).collect::<Vec<_>>().join(" ")
    };
    let features = (0..NODES).map(|i| row(i) + "\n").collect::<String>();
    folder.write("data/features.txt", &features);
    fs::create_dir(folder.at("unlabelled")).unwrap();
    for name in ["features.txt", "hyperedges.txt"] {
        fs::copy(folder.at("data").join(name), folder.at("unlabelled").join(name)).unwrap();
    }
    folder
}

/// A safetensors file of f32 tensors with values that differ.
fn write_state_dict(path: &std::path::Path, tensors: &[(&str, &[usize])]) {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, shape) in tensors {
        let begin = data.len();
        let count: usize = shape.iter().product();
        data.extend((0..count).flat_map(|i| (((i * 29 + begin) % 23) as f32 / 23.0 - 0.5).to_le_bytes()));
        header.insert((*name).to_owned(), json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]}));
    }
    let header = serde_json::to_vec(&Value::Object(header)).unwrap();
    fs::write(path, [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()).unwrap();
}

const TENSORS: [(&str, &[usize]); 4] = [
    ("convs.0.lin.weight", &[HIDDEN, WIDTH]),
    ("convs.0.bias", &[HIDDEN]),
    ("convs.1.lin.weight", &[CLASSES, HIDDEN]),
    ("convs.1.bias", &[CLASSES]),
];

#[test]
fn an_imported_network_predicts_and_is_trained_further() {
    let at = folder();
    write_state_dict(&at.at("m.safetensors"), &TENSORS);
    let line = at.lines("import m.safetensors --layer conv --data data --out imported --epochs 5 --lr 0.01 --json").remove(0);
    let expected = json!({"kind": "imported", "output": "imported", "layer": "conv", "layers": 2, "features": WIDTH, "hidden": HIDDEN,
        "classes": CLASSES, "parameters": HIDDEN * WIDTH + HIDDEN + CLASSES * HIDDEN + CLASSES, "resumable": true});
    assert_eq!(line, expected);
    let before = at.lines("predict --model imported --data data --top 3 --json");
    assert_eq!(before.len(), 3 * NODES);
    assert!(["red", "green", "blue"].contains(&before[0]["label"].as_str().unwrap()), "classes have their names");
    let trained = at.lines("train node-classification --data data --resume imported --out out --json");
    assert_eq!(trained.last().unwrap()["epochs"], 5);
    assert_eq!(trained[0]["options"]["self-loops"], "off");
    assert_ne!(at.lines("predict --model out/run-0 --data data --top 3 --json"), before);

    at.ok("import m.safetensors --layer conv --data unlabelled --out predicts");
    let unlabelled = at.lines("predict --model predicts --data unlabelled --top 3 --json");
    let probabilities = |lines: &[Value]| lines.iter().map(|l| l["probability"].clone()).collect::<Vec<_>>();
    assert_eq!(probabilities(&unlabelled), probabilities(&before));
}

#[test]
fn what_does_not_fit_is_named() {
    let at = folder();
    write_state_dict(&at.at("m.safetensors"), &TENSORS);
    at.run("import m.safetensors --data data --out o").fails(2, &["--layer"]);
    at.run("import m.safetensors --layer hgnn --data data --out o").fails(2, &["m.safetensors", "theta.weight", "convs.0.bias"]);
    at.run("import m.safetensors --layer conv --data data --out o --hidden 7").fails(2, &["hidden is 6, not 7"]);
    at.run("import data/labels.txt --layer conv --data data --out o").fails(2, &["labels.txt", "safetensors"]);
    at.run("import none --layer conv --data data --out o").fails(2, &["none: cannot read"]);
    write_state_dict(&at.at("wide.safetensors"), &[("lin.weight", &[CLASSES, WIDTH + 1]), ("bias", &[CLASSES])]);
    at.run("import wide.safetensors --layer conv --data data --out o").fails(2, &["11 feature columns, expected 12"]);
    write_state_dict(&at.at("many.safetensors"), &[("lin.weight", &[CLASSES + 1, WIDTH]), ("bias", &[CLASSES + 1])]);
    at.run("import many.safetensors --layer conv --data data --out o").fails(2, &["3 classes, expected 4"]);
    assert!(!at.at("o").exists());
    at.run("import m.safetensors --layer conv --data data --out data").fails(2, &["data", "expected nothing"]);
}

const PYTHON: &str = r#"
import json, sys
import torch
from safetensors.torch import save_file
from torch_geometric.nn import HypergraphConv
torch.manual_seed(3)
folder, width, hidden, classes = sys.argv[1], *map(int, sys.argv[2:5])
pairs = [(int(n), e) for e, line in enumerate(open(f"{folder}/data/hyperedges.txt")) for n in line.split(",")]
index = torch.tensor(pairs).t()
rows = [[int(c) for c in line.split()] for line in open(f"{folder}/data/features.txt")]
x = torch.tensor([[float(j in row) for j in range(width)] for row in rows])
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = torch.nn.ModuleList([HypergraphConv(width, hidden), HypergraphConv(hidden, classes)])
    def forward(self, x):
        return self.convs[1](self.convs[0](x, index).relu(), index)
net = Net()
for p in net.parameters():
    torch.nn.init.normal_(p, std=0.5)
save_file(net.state_dict(), f"{folder}/pyg.safetensors")
json.dump(net(x).softmax(1).tolist(), open(f"{folder}/pyg.json", "w"))
"#;

#[test]
fn a_network_that_pytorch_geometric_saved_predicts_the_same() {
    let python = std::env::var("HGQL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import torch_geometric, safetensors.torch"]).output();
    if !has.is_ok_and(|o| o.status.success()) {
        let name = "a_network_that_pytorch_geometric_saved_predicts_the_same";
        eprintln!("SKIPPED {name}: {python} (HGQL_PYTHON) has no torch_geometric and safetensors");
        return;
    }
    let at = folder();
    let sizes = [WIDTH, HIDDEN, CLASSES].map(|n| n.to_string());
    let ran = Command::new(&python).args(["-c", PYTHON]).arg(at.at("")).args(sizes).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    at.ok("import pyg.safetensors --layer conv --data data --out imported");
    let expected = at.json("pyg.json");
    let found = at.lines("predict --model imported --data data --top 3 --json");
    assert_eq!(found.len(), 3 * NODES);
    for row in found {
        let [node, class] = ["node", "class"].map(|key| row[key].as_u64().unwrap() as usize);
        let (a, b) = (row["probability"].as_f64().unwrap(), expected[node][class].as_f64().unwrap());
        assert!((a - b).abs() < 1e-5, "node {node}, class {class}: {a}, PyTorch Geometric {b}");
    }
}
