"""Times PyTorch Geometric, torch.sparse and torch.mm beside `hgql bench kernels`, on the very same incidences, and prints the ratios.

    python3 -m venv .venv && .venv/bin/pip install -r benches/peers/requirements.txt
    cargo build --release
    .venv/bin/python benches/peers/run.py --hgql target/release/hgql

For each size hgql draws the hypergraph, writes its incidences and times itself; the peers then read them. Both take turns for some rounds and
the medians over the rounds count, so that a disturbance does not fall on one of them only. Run it on a quiet machine all the same: the load
average is printed because OpenMP's barriers, which the peers use, suffer more from other programs than rayon does.
"""

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch_geometric.nn import HypergraphConv
from torch_geometric.nn.dense import HeteroLinear
from torch_geometric.utils import scatter, softmax

warnings.filterwarnings("ignore")

SIZES = [(20_000, 20_000, 10, 64), (200_000, 100_000, 20, 128)]
DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}
CASES = ["conv_fwd", "conv_fwd_bwd", "att_fwd", "att_fwd_bwd", "spmm"]
MORE = ["set_fwd", "set_fwd_bwd", "relation_fwd", "relation_fwd_bwd"]
RELATIONS = 500


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hgql", required=True, help="the binary to compare")
    p.add_argument("--device", default="cpu", help="cpu or cuda")
    p.add_argument("--dtype", default="f32", choices=DTYPES)
    p.add_argument("--heads", type=int, default=1)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--case", default=",".join(CASES), help=f"these, separated by commas; there are {', '.join(MORE)} besides")
    p.add_argument("--rounds", type=int, default=3, help="turns of hgql and the peers")
    p.add_argument("--reps", type=int, default=5, help="samples per case and turn")
    p.add_argument("--threads", type=int, help="threads of torch; by default as many as it chooses")
    p.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    for name in ("n", "m", "k", "d"):
        p.add_argument(f"--{name}", type=int, help="one size instead of the two of the report")
    args = p.parse_args()
    if not args.n and (args.m or args.k or args.d):
        p.error("--m, --k and --d need --n: without it the two sizes of the report run")
    args.case = args.case.split(",")
    if unknown := set(args.case) - set(CASES + MORE):
        p.error(f"--case: unknown {', '.join(sorted(unknown))}; expected {', '.join(CASES + MORE)}")
    return args


def hgql(args, size, dump, verified):
    """Our times in milliseconds by case."""
    n, m, k, d = size
    command = [args.hgql, "bench", "kernels", "--json", "--device", args.device, "--dtype", args.dtype, "--case", ",".join(args.case),
               "--dump", str(dump), "--heads", str(args.heads), "--seed", str(args.seed), "--reps", str(args.reps),
               *(["--no-verify"] if verified else []), "--n", str(n), "--m", str(m), "--k", str(k), "--d", str(d)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"hgql failed with exit code {done.returncode}: {' '.join(command)}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["case"]: line["ms"] for line in lines if line["kind"] == "bench"}


def incidences(dump, device):
    """node and hyperedge of every incidence, int64, as PyG wants them."""
    (folder,) = Path(dump).iterdir()
    node, edge = (torch.from_numpy(np.fromfile(folder / f"{name}.u32", dtype="<u4").astype(np.int64)) for name in ("node", "hyperedge"))
    return torch.stack([node, edge]).to(device)


def median_ms(args, work):
    wait = torch.cuda.synchronize if args.device.startswith("cuda") else (lambda: None)
    samples = []
    for rep in range(3 + args.reps):
        wait()
        start = time.perf_counter()
        work()
        wait()
        if rep >= 3:
            samples.append((time.perf_counter() - start) * 1e3)
    return statistics.median(samples)


def averaging(h, n, m, dtype):
    """B^-1 H^T as CSR: the mean of the members of each hyperedge."""
    node, edge = h.cpu()
    size = torch.bincount(edge, minlength=m).clamp(min=1)
    matrix = torch.sparse_coo_tensor(torch.stack([edge, node]), (1.0 / size)[edge], (m, n)).coalesce().to_sparse_csr()
    return matrix.to(h.device).to(dtype)


def pooling(args, h, m, q, k, v):
    """AllSetTransformer's PMA between its linear layers, as PyTorch Geometric writes attention: softmax, then scatter."""
    node, edge = h
    k, v = (x.view(len(x), args.heads, -1) for x in (k, v))
    p = softmax(F.leaky_relu((k * q.view(1, args.heads, -1)).sum(-1), 0.2)[node], edge, num_nodes=m)
    return scatter(p.unsqueeze(-1) * v[node], edge, 0, m, reduce="sum")


def relational(n, d, device, dtype):
    """Products of n rows with the weights of their relations: one product per relation, and HeteroLinear. The same relations as hgql has."""
    u = (np.arange(n, dtype=np.uint64) * 2_654_435_761 % 2**32) / 2**32
    ids = torch.from_numpy((RELATIONS * u**3).astype(np.int64)).to(device)
    order = ids.argsort(stable=True)
    back, ends = order.argsort(), torch.bincount(ids, minlength=RELATIONS).cumsum(0).tolist()
    starts = [0, *ends[:-1]]

    def by_products(x, w):
        x = x[order]
        return torch.cat([x[a:b] @ w[r] for r, (a, b) in enumerate(zip(starts, ends)) if b > a])[back]

    layer = HeteroLinear(d, d, RELATIONS, bias=False).to(device, dtype)

    def by_layer(x, _):
        return layer(x, ids)

    return layer.weight, [by_products, by_layer]


def peers(args, size, dump):
    """Their times in milliseconds by case; spmm is torch.sparse, the others are PyTorch Geometric, for relation_* the faster of it and torch.mm."""
    n, m, _, d = size
    device, dtype = torch.device(args.device), DTYPES[args.dtype]
    h = incidences(dump, device)
    torch.manual_seed(args.seed)
    x, z = (torch.randn(rows, d).to(device, dtype) for rows in (n, m))
    plain = HypergraphConv(d, d).to(device, dtype)
    attentive = HypergraphConv(d, d // args.heads, use_attention=True, heads=args.heads).to(device, dtype)

    def backward(layer, **more):
        leaf = x.detach().requires_grad_()
        layer(leaf, h, num_edges=m, **more).sum().backward()

    def set_backward():
        leaves = [t.detach().requires_grad_() for t in (seed, x, values)]
        pooling(args, h, m, *leaves).sum().backward()

    def relation_backward(product):
        product(x.detach().requires_grad_(), weight).sum().backward()

    mean = averaging(h, n, m, dtype)
    seed, values = torch.randn(1, d).to(device, dtype), torch.randn(n, d).to(device, dtype)
    weight, products = relational(n, d, device, dtype)
    work = {
        "conv_fwd": lambda: plain(x, h, num_edges=m),
        "conv_fwd_bwd": lambda: backward(plain),
        "att_fwd": lambda: attentive(x, h, hyperedge_attr=z, num_edges=m),
        "att_fwd_bwd": lambda: backward(attentive, hyperedge_attr=z),
        "set_fwd": lambda: pooling(args, h, m, seed, x, values),
        "set_fwd_bwd": set_backward,
        "spmm": lambda: mean @ x,
    }
    several = {
        "relation_fwd": [lambda f=f: f(x, weight) for f in products],
        "relation_fwd_bwd": [lambda f=f: relation_backward(f) for f in products],
    }
    if args.dtype != "f32" and device.type == "cpu":
        del work["spmm"]  # torch has no half-precision CSR product on CPUs
    found = {}
    for case in args.case:
        ways = several.get(case) or filter(None, [work.get(case)])
        with torch.set_grad_enabled(case.endswith("bwd")):
            times = [median_ms(args, way) for way in ways]
        if times:
            found[case] = min(times)
    return found


def medians(rounds):
    return {case: statistics.median(r[case] for r in rounds) for case in rounds[0]}


def report(args, size, ours, theirs):
    n, m, _, d = size
    if not args.json:
        print(f"\nn {n}, m {m}, d {d}, heads {args.heads}, {args.dtype}, {args.device}; load average {os.getloadavg()[0]:.1f}")
        print(f"{'case':18}{'peer':>14}{'peer ms':>12}{'hgql ms':>12}{'ratio':>9}")
    ratios = []
    for case in filter(theirs.get, args.case):
        peer = "torch.sparse" if case == "spmm" else "torch, PyG" if case.startswith("relation") else "PyG"
        ratio = theirs[case] / ours[case]
        if peer == "PyG":
            ratios.append(ratio)
        if args.json:
            print(json.dumps({"kind": "ratio", "case": case, "n": n, "m": m, "d": d, "heads": args.heads, "dtype": args.dtype,
                              "device": args.device, "peer": peer, "peer_ms": theirs[case], "hgql_ms": ours[case], "ratio": ratio}))
        else:
            print(f"{case:18}{peer:>14}{theirs[case]:12.3f}{ours[case]:12.3f}{ratio:9.1f}")
    return ratios


def main():
    args = parse()
    if args.threads:
        torch.set_num_threads(args.threads)
    one = (args.n, args.m or args.n, args.k or 10, args.d or 64)
    ratios = []
    for size in [one] if args.n else SIZES:
        with tempfile.TemporaryDirectory() as dump:
            turns = [(hgql(args, size, dump, verified=turn > 0), peers(args, size, dump)) for turn in range(args.rounds)]
            ours, theirs = (medians(side) for side in zip(*turns))
            ratios += report(args, size, ours, theirs)
    if not ratios:
        return
    mean = math.exp(statistics.fmean(math.log(r) for r in ratios))
    summary = {"kind": "summary", "geometric_mean": mean, "least": min(ratios)}
    print(json.dumps(summary) if args.json else f"\ngeometric mean over PyG {mean:.1f}, least {min(ratios):.1f}")


if __name__ == "__main__":
    main()
