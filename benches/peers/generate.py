"""Times a Llama decoder of Python's transformers for `hgql bench generate --peer PYTHON`, which starts this script and talks to it by lines of JSON.

    .venv/bin/python benches/peers/generate.py FOLDER --dtype f32 --threads 4

It prints {"name"}, then for each line {"prompts", "new"} a line {"prefill", "decode", "tokens"}: seconds until the first token of each prompt, seconds
for the others, and the tokens, the most probable ones. It ends with its input. Needs torch and transformers.
"""

import argparse
import json
import sys
import time

import torch
import transformers

DTYPES = {"f32": torch.float32, "f64": torch.float64, "f16": torch.float16, "bf16": torch.bfloat16}


def wait(device):
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@torch.inference_mode()
def run(model, prompts, new, device):
    """Reads the prompts, all of one length, and makes `new` tokens of each."""
    ids = torch.tensor(prompts, device=device)
    wait(device)
    start = time.perf_counter()
    out = model(input_ids=ids, use_cache=True, logits_to_keep=1)
    token = out.logits[:, -1].argmax(-1, keepdim=True)
    wait(device)
    prefill = time.perf_counter() - start
    tokens = [token]
    start = time.perf_counter()
    for _ in range(new - 1):
        out = model(input_ids=token, past_key_values=out.past_key_values, use_cache=True)
        token = out.logits[:, -1].argmax(-1, keepdim=True)
        tokens.append(token)
    wait(device)
    decode = time.perf_counter() - start
    return {"prefill": prefill, "decode": decode, "tokens": torch.cat(tokens, 1).tolist()}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", help="Hugging Face folder of a Llama decoder")
    p.add_argument("--dtype", default="f32", choices=DTYPES)
    p.add_argument("--device", default="cpu")
    p.add_argument("--threads", type=int, help="threads of torch; by default as many as it chooses")
    args = p.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    device = torch.device(args.device)
    model = transformers.AutoModelForCausalLM.from_pretrained(args.folder, dtype=DTYPES[args.dtype]).to(device).eval()
    print(json.dumps({"name": f"transformers {transformers.__version__}, torch {torch.__version__}"}), flush=True)
    warm = False
    for line in sys.stdin:
        request = json.loads(line)
        if not warm:
            run(model, request["prompts"], 2, device)
            warm = True
        print(json.dumps(run(model, request["prompts"], request["new"], device)), flush=True)


if __name__ == "__main__":
    main()
