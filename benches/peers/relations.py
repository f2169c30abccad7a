"""Times torch's sort, cumsum, searchsorted, isin, masked_select, unique_consecutive, segment sums and topk beside `hgql bench kernels`.

    .venv/bin/python benches/peers/relations.py --hgql target/release/hgql

Columns of the same length and kind, numbers of their own. torch has int32 and no unsigned sort, and its sort always returns the permutation: it is
the peer of our keys with payload and of our keys alone. Both take turns for some rounds and the medians over the rounds count. Set up as
`run.py` says.
"""

import argparse
import json
import os
import subprocess
import sys

import torch

from run import median_ms, medians

CASES = ["scan", "sort_keys", "sort", "search_sorted", "extend", "intersect", "compact", "distinct", "segment_reduce", "top_k"]


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hgql", required=True, help="the binary to compare")
    p.add_argument("--device", default="cpu", help="cpu or cuda")
    p.add_argument("--rows", type=int, default=10_000_000)
    p.add_argument("--case", default=",".join(CASES), help="only these, separated by commas")
    p.add_argument("--rounds", type=int, default=3, help="turns of hgql and torch")
    p.add_argument("--reps", type=int, default=5, help="samples per case and turn")
    p.add_argument("--threads", type=int, help="threads of torch; by default as many as it chooses")
    p.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    args = p.parse_args()
    args.case = args.case.split(",")
    if unknown := set(args.case) - set(CASES):
        p.error(f"--case: unknown {', '.join(sorted(unknown))}; expected {', '.join(CASES)}")
    return args


def hgql(args, verified):
    """Our times in milliseconds by case."""
    command = [args.hgql, "bench", "kernels", "--json", "--device", args.device, "--case", ",".join(args.case), "--rows", str(args.rows),
               "--reps", str(args.reps), *(["--no-verify"] if verified else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"hgql failed with exit code {done.returncode}: {' '.join(command)}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["case"]: line["ms"] for line in lines if line["kind"] == "bench"}


def peer(args):
    """torch's times in milliseconds by case."""
    n, device = args.rows, torch.device(args.device)
    torch.manual_seed(0)
    order = torch.arange(n, dtype=torch.int32, device=device)
    keys = torch.randint(-2**31, 2**31 - 1, (n,), dtype=torch.int32, device=device)
    counts = torch.randint(0, 4, (n,), dtype=torch.int32, device=device)
    rising, flags = order // 2, counts != 0
    ranges = order % 3
    offsets = torch.arange(0, n + 1, 2, device=device)
    offsets[-1] = n
    sets = 2 * order, 2 * order + order % 2

    def extend():
        return torch.repeat_interleave(order, ranges), torch.arange(int(ranges.sum()), device=device)

    def segments():
        return torch.segment_reduce(counts.float(), "sum", offsets=offsets, axis=0)

    work = {
        "scan": lambda: torch.cumsum(counts, 0, dtype=torch.int32),
        "sort_keys": lambda: torch.sort(keys),
        "sort": lambda: torch.sort(keys, stable=True),
        "search_sorted": lambda: torch.searchsorted(rising, order, out_int32=True),
        "extend": extend,
        "intersect": lambda: torch.isin(sets[0], sets[1], assume_unique=True).nonzero(),
        "compact": lambda: torch.masked_select(order, flags),
        "distinct": lambda: torch.unique_consecutive(rising, return_counts=True),
        "segment_reduce": segments,
        "top_k": lambda: torch.topk(keys, 100),
    }
    return {case: median_ms(args, work[case]) for case in args.case}


def main():
    args = parse()
    if args.threads:
        torch.set_num_threads(args.threads)
    turns = [(hgql(args, verified=turn > 0), peer(args)) for turn in range(args.rounds)]
    ours, theirs = (medians(side) for side in zip(*turns))
    if not args.json:
        print(f"\n{args.rows} rows, {args.device}; torch {torch.__version__}, load average {os.getloadavg()[0]:.1f}")
        print(f"{'case':16}{'torch ms':>12}{'hgql ms':>12}{'ratio':>9}")
    for case in args.case:
        ratio = theirs[case] / ours[case]
        if args.json:
            print(json.dumps({"kind": "ratio", "case": case, "rows": args.rows, "device": args.device, "peer": "torch",
                              "peer_ms": theirs[case], "hgql_ms": ours[case], "ratio": ratio}))
        else:
            print(f"{case:16}{theirs[case]:12.3f}{ours[case]:12.3f}{ratio:9.2f}")


if __name__ == "__main__":
    main()
