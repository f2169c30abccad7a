"""Times torch's product and topk, its float product and its dynamically quantised linear layer beside `hgql bench kernels`, and prints the ratios.

    .venv/bin/python benches/peers/discrete.py --hgql target/release/hgql

The same sizes, numbers of their own. knn: `(q @ items.T).topk(k)`, whole and in blocks of queries, of which the faster counts. int8_matmul: torch's
product with a matrix of floats, and on the CPU its dynamically quantised `Linear`, each a row of its own. Both take turns for some rounds and the
medians over the rounds count. Set up as `run.py` says.
"""

import argparse
import json
import os
import subprocess
import sys
import warnings

import torch

from run import DTYPES, median_ms, medians

warnings.filterwarnings("ignore")

SEARCHES = [(1000, 100_000), (16, 1_000_000)]
WIDTH, K, BLOCK = 128, 10, 64
SIDE = 4096


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hgql", required=True, help="the binary to compare")
    p.add_argument("--device", default="cpu", help="cpu or cuda")
    p.add_argument("--dtype", default="f32", choices=DTYPES)
    p.add_argument("--rounds", type=int, default=3, help="turns of hgql and torch")
    p.add_argument("--reps", type=int, default=5, help="samples per case and turn")
    p.add_argument("--threads", type=int, help="threads of torch; by default as many as it chooses")
    p.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    return p.parse_args()


def hgql(args, verified):
    """Our times in milliseconds by case and sizes."""
    command = [args.hgql, "bench", "kernels", "--json", "--device", args.device, "--dtype", args.dtype, "--case", "knn,int8_matmul",
               "--reps", str(args.reps), *(["--no-verify"] if verified else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"hgql failed with exit code {done.returncode}: {' '.join(command)}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {(line["case"], line["rows"], line.get("n") or line["d"]): line["ms"] for line in lines if line["kind"] == "bench"}


def peer(args):
    """torch's times in milliseconds by case, sizes and what ran."""
    device, dtype = torch.device(args.device), DTYPES[args.dtype]
    torch.manual_seed(0)
    found = {}
    for queries, items in SEARCHES:
        q, x = (torch.randn(rows, WIDTH).to(device, dtype) for rows in (queries, items))

        def whole():
            return (q @ x.T).topk(K)

        def blocks():
            return [(part @ x.T).topk(K) for part in q.split(BLOCK)]

        found["knn", queries, items, "matmul + topk"] = min(median_ms(args, whole), median_ms(args, blocks))
    linear = torch.nn.Linear(SIDE, SIDE, bias=False)
    floats = linear.weight.detach().to(device, dtype)
    integers = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(linear), {torch.nn.Linear}) if device.type == "cpu" else None
    for rows in (1, 16, 64):
        x = torch.randn(rows, SIDE).to(device, dtype)
        found["int8_matmul", rows, SIDE, f"{args.dtype} product"] = median_ms(args, lambda: x @ floats.T)
        if integers:
            x = x.float()
            found["int8_matmul", rows, SIDE, "quantised Linear"] = median_ms(args, lambda: integers(x))
    return found


def main():
    args = parse()
    if args.threads:
        torch.set_num_threads(args.threads)
    with torch.no_grad():
        turns = [(hgql(args, verified=turn > 0), peer(args)) for turn in range(args.rounds)]
    ours, theirs = (medians(side) for side in zip(*turns))
    if not args.json:
        print(f"\n{args.dtype}, {args.device}; torch {torch.__version__}, load average {os.getloadavg()[0]:.1f}")
        print(f"{'case':13}{'rows':>7}{'of':>9}  {'torch':18}{'torch ms':>12}{'hgql ms':>12}{'ratio':>9}")
    for (case, rows, size, name), peer_ms in theirs.items():
        own = ours[case, rows, size]
        if args.json:
            print(json.dumps({"kind": "ratio", "case": case, "rows": rows, "of": size, "dtype": args.dtype, "device": args.device,
                              "peer": f"torch {name}", "peer_ms": peer_ms, "hgql_ms": own, "ratio": peer_ms / own}))
        else:
            print(f"{case:13}{rows:7}{size:9}  {name:18}{peer_ms:12.3f}{own:12.3f}{peer_ms / own:9.2f}")


if __name__ == "__main__":
    main()
