"""Writes random-weight Hugging Face folders with what `transformers` computes from them, for the tests `parity`.

    python3 -m venv V && V/bin/pip install torch transformers numpy && V/bin/python models/tests/language/parity/make.py DIR
    HGQL_PARITY=DIR cargo test --test language parity

Each folder of DIR has config.json, its weights and parity.json:
Llama: sequences of tokens, logits [T, V] of each, and the greedy continuation of each; BERT: sequences, types, hidden states [T, d] of each, read as one
padded batch with its mask, and the normalised means over the tokens.
"""

import json
import sys
from pathlib import Path

import torch
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM

LENGTHS = [1, 7, 12, 7, 3]
NEW_TOKENS = 9

LLAMA = {
    # Shared keys, an output layer of its own, frequencies as they are, in two files.
    "llama-gqa": dict(
        vocab_size=97, hidden_size=24, intermediate_size=52, num_hidden_layers=3, num_attention_heads=6, num_key_value_heads=2, head_dim=4,
        rms_norm_eps=1e-5, max_position_embeddings=64, tie_word_embeddings=False,
    ),
    # The embedding as output layer, biases, heads wider than d / H, frequencies divided, weights in bf16.
    "llama-tied-linear": dict(
        vocab_size=61, hidden_size=20, intermediate_size=36, num_hidden_layers=2, num_attention_heads=5, num_key_value_heads=5, head_dim=6,
        rms_norm_eps=1e-6, max_position_embeddings=48, tie_word_embeddings=True, attention_bias=True, mlp_bias=True,
        rope={"rope_type": "linear", "factor": 3.0}, theta=1000.0,
    ),
    # The frequencies of Llama 3, with an original context that is short enough for all three ranges.
    "llama-3-scaling": dict(
        vocab_size=83, hidden_size=32, intermediate_size=44, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=1, head_dim=16,
        rms_norm_eps=1e-5, max_position_embeddings=128, tie_word_embeddings=False,
        rope={"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 32},
        theta=500.0,
    ),
}

BERT = {
    "bert-tiny": dict(
        vocab_size=71, hidden_size=18, intermediate_size=40, num_hidden_layers=2, num_attention_heads=3, max_position_embeddings=32,
        type_vocab_size=2, layer_norm_eps=1e-12,
    ),
    "bert-relu": dict(
        vocab_size=59, hidden_size=28, intermediate_size=30, num_hidden_layers=3, num_attention_heads=7, max_position_embeddings=16,
        type_vocab_size=3, layer_norm_eps=1e-6, hidden_act="relu",
    ),
    # Half precision in the file, the names of a model with a head before its tensors.
    "bert-prefixed": dict(
        vocab_size=67, hidden_size=16, intermediate_size=52, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=24,
        type_vocab_size=2, layer_norm_eps=1e-12,
    ),
}


def scatter(model, generator):
    """Weights wide enough that activations are far from linear; norms away from 1, biases away from 0."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            noise = torch.randn(p.shape, generator=generator)
            p.copy_(1 + 0.3 * noise if "norm.weight" in name.lower() or "layernorm.weight" in name.lower() else 0.25 * noise)


def sequences(vocabulary, generator):
    return [torch.randint(0, vocabulary, (n,), generator=generator).tolist() for n in LENGTHS]


def llama(folder, options, seed):
    rope, theta = options.pop("rope", {"rope_type": "default"}), options.pop("theta", 10000.0)
    config = LlamaConfig(**options, rope_parameters={**rope, "rope_theta": theta}, bos_token_id=None, eos_token_id=None, pad_token_id=None)
    generator = torch.Generator().manual_seed(seed)
    model = LlamaForCausalLM(config).eval()
    scatter(model, generator)
    if folder.name == "llama-tied-linear":
        # Read again, as the conversion rounds the frequencies too, which no file has.
        model.to(torch.bfloat16).save_pretrained(folder)
        model = LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    else:
        model.save_pretrained(folder, max_shard_size="12KB" if folder.name == "llama-gqa" else "1GB")
    inputs = sequences(config.vocab_size, generator)
    with torch.no_grad():
        logits = [model(torch.tensor([ids])).logits[0].tolist() for ids in inputs]
        greedy = []
        for ids in inputs:
            row = list(ids)
            for _ in range(NEW_TOKENS):
                row.append(int(model(torch.tensor([row])).logits[0, -1].argmax()))
            greedy.append(row[len(ids):])
    return {"kind": "llama", "sequences": inputs, "logits": logits, "greedy": greedy}


def bert(folder, options, seed):
    config = BertConfig(**options, pad_token_id=0)
    generator = torch.Generator().manual_seed(seed)
    model = BertModel(config).eval()
    scatter(model, generator)
    if folder.name == "bert-prefixed":
        model = model.half().float()
        model.save_pretrained(folder)
        from safetensors.torch import load_file, save_file

        tensors = load_file(folder / "model.safetensors")
        tensors = {f"bert.{name}": t.half().contiguous() for name, t in tensors.items() if "position_ids" not in name}
        tensors["bert.embeddings.position_ids"] = torch.arange(config.max_position_embeddings)[None]
        tensors["cls.predictions.bias"] = torch.zeros(config.vocab_size)
        save_file(tensors, folder / "model.safetensors")
    else:
        model.save_pretrained(folder)
    inputs = sequences(config.vocab_size, generator)
    types = [torch.randint(0, config.type_vocab_size, (len(ids),), generator=generator).tolist() for ids in inputs]
    longest = max(LENGTHS)
    pad = lambda rows: torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = pad([[1] * len(ids) for ids in inputs])
    with torch.no_grad():
        hidden = model(input_ids=pad(inputs), token_type_ids=pad(types), attention_mask=mask).last_hidden_state
        means = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        embeddings = torch.nn.functional.normalize(means, dim=-1)
    rows = [hidden[i, : len(ids)].tolist() for i, ids in enumerate(inputs)]
    return {"kind": "bert", "sequences": inputs, "types": types, "hidden": rows, "embeddings": embeddings.tolist()}


def main():
    torch.set_num_threads(1)
    root = Path(sys.argv[1])
    for make, cases in [(llama, LLAMA), (bert, BERT)]:
        for seed, (name, options) in enumerate(cases.items(), 11):
            folder = root / name
            folder.mkdir(parents=True, exist_ok=True)
            result = make(folder, dict(options), seed)
            (folder / "parity.json").write_text(json.dumps(result))
            print(name, sorted(p.name for p in folder.iterdir()))


if __name__ == "__main__":
    main()
