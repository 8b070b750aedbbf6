#!/usr/bin/env python3
"""Writes a checkpoint of a real model's shape with random weights in bf16 and shards of 2 GB, for measuring how it loads and runs.

    python random_checkpoint.py qwen3-4b FOLDER        needs numpy only

Its vocabulary are the 256 bytes and an end token; what it writes makes no sense.
"""
import json
import pathlib
import sys

import numpy as np

SHARD = 2 << 30
SHAPES = {
    "qwen3-4b": dict(model_type="qwen3", hidden_size=2560, intermediate_size=9728, num_hidden_layers=36, num_attention_heads=32,
                     num_key_value_heads=8, head_dim=128, vocab_size=151936, max_position_embeddings=40960, rms_norm_eps=1e-6,
                     tie_word_embeddings=True, rope_theta=1000000.0),
    "gemma3-4b": dict(model_type="gemma3_text", hidden_size=2560, intermediate_size=10240, num_hidden_layers=34, num_attention_heads=8,
                      num_key_value_heads=4, head_dim=256, vocab_size=262208, max_position_embeddings=131072, rms_norm_eps=1e-6,
                      tie_word_embeddings=True, rope_theta=1000000.0, rope_local_base_freq=10000.0, sliding_window=1024,
                      rope_scaling=dict(rope_type="linear", factor=8.0), query_pre_attn_scalar=256),
    "smollm2-360m": dict(model_type="llama", hidden_size=960, intermediate_size=2560, num_hidden_layers=32, num_attention_heads=15,
                         num_key_value_heads=5, vocab_size=49152, max_position_embeddings=8192, rms_norm_eps=1e-5, tie_word_embeddings=True),
}


def tensors(c):
    hidden, head = c["hidden_size"], c.get("head_dim", c["hidden_size"] // c["num_attention_heads"])
    queries, keys, wide = c["num_attention_heads"] * head, c["num_key_value_heads"] * head, c["intermediate_size"]
    yield "model.embed_tokens.weight", (c["vocab_size"], hidden)
    norms = ["input_layernorm", "post_attention_layernorm"]
    if "gemma" in c["model_type"]:
        norms += ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
    for index in range(c["num_hidden_layers"]):
        layer = f"model.layers.{index}."
        for norm in norms:
            yield f"{layer}{norm}.weight", (hidden,)
        if c["model_type"] != "llama":
            for norm in ["q_norm", "k_norm"]:
                yield f"{layer}self_attn.{norm}.weight", (head,)
        for name, shape in [("q_proj", (queries, hidden)), ("k_proj", (keys, hidden)), ("v_proj", (keys, hidden)), ("o_proj", (hidden, queries))]:
            yield f"{layer}self_attn.{name}.weight", shape
        for name, shape in [("gate_proj", (wide, hidden)), ("up_proj", (wide, hidden)), ("down_proj", (hidden, wide))]:
            yield f"{layer}mlp.{name}.weight", shape
    yield "model.norm.weight", (hidden,)


def shards(all_tensors):
    shard, size = [], 0
    for name, shape in all_tensors:
        bytes_ = 2 * int(np.prod(shape))
        if shard and size + bytes_ > SHARD:
            yield shard
            shard, size = [], 0
        shard.append((name, shape, bytes_))
        size += bytes_
    yield shard


def random_bf16(count, spread, random):
    floats = random.standard_normal(count, dtype=np.float32) * np.float32(spread)
    return (floats.view(np.uint32) >> 16).astype(np.uint16).tobytes()


def tokenizer():
    others = iter(range(256, 512))
    spelled = {chr(b if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b else next(others)): b for b in range(256)}
    level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=False, use_regex=True)
    end = dict(id=256, content="<|end|>", single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    return dict(version="1.0", added_tokens=[end], pre_tokenizer=level, decoder=level, model=dict(type="BPE", vocab=spelled, merges=[]))


def main(shape, folder):
    config, folder = dict(SHAPES[shape], eos_token_id=256), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(7)
    parts = list(shards(tensors(config)))
    places = {}
    for number, part in enumerate(parts, 1):
        name = f"model-{number:05}-of-{len(parts):05}.safetensors"
        header, offset = {}, 0
        for tensor, dimensions, size in part:
            header[tensor] = dict(dtype="BF16", shape=list(dimensions), data_offsets=[offset, offset + size])
            offset, places[tensor] = offset + size, name
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / name, "wb") as out:
            out.write(len(text).to_bytes(8, "little") + text)
            for tensor, dimensions, size in part:
                spread = 0.02 if len(dimensions) == 2 else 0.1
                for start in range(0, size // 2, 1 << 24):
                    out.write(random_bf16(min(1 << 24, size // 2 - start), spread, random))
    (folder / "model.safetensors.index.json").write_text(json.dumps(dict(weight_map=places)))
    (folder / "config.json").write_text(json.dumps(config, indent=2))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer()))
    template = "{% for message in messages %}{{ message.content }}\n{% endfor %}"
    (folder / "tokenizer_config.json").write_text(json.dumps(dict(chat_template=template, eos_token="<|end|>")))


if __name__ == "__main__":
    main(*sys.argv[1:])
