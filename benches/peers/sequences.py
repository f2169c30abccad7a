"""Times torch's scaled_dot_product_attention, cross_entropy, a rotary embedding and a top-k memory beside `hgql bench kernels`, and prints the ratios.

    .venv/bin/python benches/peers/sequences.py --hgql target/release/hgql

The same sizes and types, numbers of their own: nothing here depends on the values. Both take turns for some rounds and the medians over the
rounds count. Set up as `run.py` says.
"""

import argparse
import json
import os
import subprocess
import sys

import torch
import torch.nn.functional as F

from run import DTYPES, median_ms, medians

CASES = ["flash_fwd", "flash_fwd_bwd", "memory_fwd", "memory_fwd_bwd", "rope", "cross_entropy"]
CLASSES = 32_000
SLOTS, KEPT = 10_000, 64


def parse():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--hgql", required=True, help="the binary to compare")
    p.add_argument("--device", default="cpu", help="cpu or cuda")
    p.add_argument("--dtype", default="f32", choices=DTYPES)
    p.add_argument("--tokens", default="2048,8192", help="numbers of tokens, separated by commas")
    p.add_argument("--heads", type=int, default=8)
    p.add_argument("--d", type=int, default=64, help="features of a head")
    p.add_argument("--case", default=",".join(CASES), help="only these, separated by commas")
    p.add_argument("--rounds", type=int, default=3, help="turns of hgql and torch")
    p.add_argument("--reps", type=int, default=3, help="samples per case and turn")
    p.add_argument("--threads", type=int, help="threads of torch; by default as many as it chooses")
    p.add_argument("--json", action="store_true", help="JSON lines instead of a table")
    args = p.parse_args()
    args.case = args.case.split(",")
    if unknown := set(args.case) - set(CASES):
        p.error(f"--case: unknown {', '.join(sorted(unknown))}; expected {', '.join(CASES)}")
    args.tokens = [int(t) for t in args.tokens.split(",")]
    return args


def hgql(args, tokens, verified):
    """Our times in milliseconds by case."""
    command = [args.hgql, "bench", "kernels", "--json", "--device", args.device, "--dtype", args.dtype, "--case", ",".join(args.case),
               "--tokens", str(tokens), "--token-heads", str(args.heads), "--head-width", str(args.d), "--reps", str(args.reps),
               *(["--no-verify"] if verified else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"hgql failed with exit code {done.returncode}: {' '.join(command)}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["case"]: line["ms"] for line in lines if line["kind"] == "bench"}


def peer(args, tokens):
    """torch's times in milliseconds by case."""
    device, dtype = torch.device(args.device), DTYPES[args.dtype]
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, args.heads, tokens, args.d).to(device, dtype) for _ in range(3))
    angle = torch.outer(torch.arange(tokens), 1e4 ** (-torch.arange(0, args.d, 2) / args.d)).repeat(1, 2)
    cos, sin = angle.cos().to(device, dtype), angle.sin().to(device, dtype)

    def attention(*qkv):
        return F.scaled_dot_product_attention(*qkv, is_causal=True)

    def attention_backward():
        attention(*(x.detach().requires_grad_() for x in (q, k, v))).sum().backward()

    def memory(q, k, v, null):
        """The whole matrix of scores, its k largest entries, and the rows that they name."""
        scale = args.d ** -0.5
        scores, slots = (q @ k.transpose(-1, -2) * scale).topk(KEPT, dim=-1)
        of_null = (q * null[:, None]).sum(-1, keepdim=True) * scale
        weights = torch.cat((of_null, scores), dim=-1).softmax(-1)
        heads = torch.arange(args.heads, device=device)[:, None, None]
        return (weights[..., 1:, None] * v[0][heads, slots[0]]).sum(-2), weights

    def memory_backward():
        out, weights = memory(*(x.detach().requires_grad_() for x in (q, keys, values, null)))
        (out.sum() + weights.sum()).backward()

    def rope():
        low, high = q.chunk(2, dim=-1)
        return q * cos + torch.cat((-high, low), dim=-1) * sin

    def loss():
        F.cross_entropy(logits.detach().requires_grad_(), targets, reduction="sum").backward()

    if any(case.startswith("memory") for case in args.case):
        keys, values = (torch.randn(1, args.heads, SLOTS, args.d).to(device, dtype) for _ in range(2))
        null = keys[0, :, 0]
    if "cross_entropy" in args.case:
        logits = torch.randn(tokens, CLASSES).to(device, dtype)
        targets = (torch.arange(tokens) * 7919 % CLASSES).to(device)
    work = {"flash_fwd": lambda: attention(q, k, v), "flash_fwd_bwd": attention_backward,
            "memory_fwd": lambda: memory(q, keys, values, null), "memory_fwd_bwd": memory_backward, "rope": rope, "cross_entropy": loss}
    found = {}
    for case in args.case:
        with torch.set_grad_enabled(case.endswith("bwd") or case == "cross_entropy"):
            found[case] = median_ms(args, work[case])
    return found


def main():
    args = parse()
    if args.threads:
        torch.set_num_threads(args.threads)
    for tokens in args.tokens:
        turns = [(hgql(args, tokens, verified=turn > 0), peer(args, tokens)) for turn in range(args.rounds)]
        ours, theirs = (medians(side) for side in zip(*turns))
        if not args.json:
            print(f"\n{tokens} tokens, {args.heads} heads of {args.d}, causal, {args.dtype}, {args.device}; torch {torch.__version__}, "
                  f"load average {os.getloadavg()[0]:.1f}")
            print(f"{'case':16}{'torch ms':>12}{'hgql ms':>12}{'ratio':>9}")
        for case in args.case:
            ratio = theirs[case] / ours[case]
            if args.json:
                print(json.dumps({"kind": "ratio", "case": case, "tokens": tokens, "heads": args.heads, "d": args.d, "dtype": args.dtype,
                                  "device": args.device, "peer": "torch", "peer_ms": theirs[case], "hgql_ms": ours[case], "ratio": ratio}))
            else:
                print(f"{case:16}{theirs[case]:12.3f}{ours[case]:12.3f}{ratio:9.2f}")


if __name__ == "__main__":
    main()
