#!/usr/bin/env python3
"""Writes a checkpoint of a real model's shape with random weights in shards of 2 GB, for measuring how it loads and runs.

    python random_checkpoint.py qwen3-4b FOLDER [--dtype bf16|f16|f32]        needs numpy only

Decoders are in bf16 where nothing is said, networks that read a source in f32. What they write makes no sense. The vocabulary are the
256 bytes and a few marks, or (Marian, NLLB) the small SentencePiece models of the tests, filled up to the real size with placeholders
that no text has: peers that know tokens by their strings need a distinct one for every row.
"""
import argparse
import json
import pathlib
import shutil

import numpy as np

SHARD = 2 << 30
FIXTURES = pathlib.Path(__file__).parents[1] / "tests/fixtures/spm"
DTYPES = {"bf16": ("BF16", 2, "bfloat16"), "f16": ("F16", 2, "float16"), "f32": ("F32", 4, "float32")}


def stacks(layers, heads, wide):
    return {f"{side}_{key}": value for side in ("encoder", "decoder")
            for key, value in [("layers", layers), ("attention_heads", heads), ("ffn_dim", wide)]}


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
    "marian-base": dict(model_type="marian", d_model=512, **stacks(6, 8, 2048), num_hidden_layers=6, vocab_size=32001,
                        decoder_vocab_size=32001, max_position_embeddings=512, scale_embedding=True, activation_function="swish",
                        static_position_embeddings=True, share_encoder_decoder_embeddings=True, bos_token_id=0, eos_token_id=0,
                        forced_eos_token_id=0, pad_token_id=32000, decoder_start_token_id=32000),
    "nllb-600m": dict(model_type="m2m_100", d_model=1024, **stacks(12, 16, 4096), num_hidden_layers=12, vocab_size=256206,
                      max_position_embeddings=1024, scale_embedding=True, activation_function="relu", bos_token_id=0,
                      pad_token_id=1, eos_token_id=2, decoder_start_token_id=2),
    "bart-large": dict(model_type="bart", d_model=1024, **stacks(12, 16, 4096), num_hidden_layers=12, vocab_size=50264,
                       max_position_embeddings=1024, scale_embedding=False, activation_function="gelu", bos_token_id=0,
                       pad_token_id=1, eos_token_id=2, decoder_start_token_id=2, forced_bos_token_id=0, forced_eos_token_id=2),
}
CLASSES = {"marian": "MarianMTModel", "m2m_100": "M2M100ForConditionalGeneration", "bart": "BartForConditionalGeneration"}
# How the published ones write: opus-mt, nllb-200-distilled-600M, bart-large-cnn.
WRITES = {
    "marian": dict(num_beams=4, max_length=512, bad_words_ids=[[32000]], renormalize_logits=True),
    "m2m_100": dict(max_length=200),
    "bart": dict(num_beams=4, max_length=142, min_length=56, length_penalty=2.0, no_repeat_ngram_size=3, early_stopping=True),
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


def seq2seq_tensors(c):
    """As the BART family is saved: tables that are the shared one, and positions that are computed, are not in the file."""
    width, kind = c["d_model"], c["model_type"]

    def linear(name, out, into):
        return [(f"{name}.weight", (out, into)), (f"{name}.bias", (out,))]

    def norm(name):
        return [(f"{name}.weight", (width,)), (f"{name}.bias", (width,))]

    yield "model.shared.weight", (c["vocab_size"], width)
    if kind != "m2m_100":
        yield "final_logits_bias", (1, c["vocab_size"])
    for side, attentions in [("encoder", ["self_attn"]), ("decoder", ["self_attn", "encoder_attn"])]:
        if kind == "bart":
            # Its positions begin with the third row.
            yield f"model.{side}.embed_positions.weight", (c["max_position_embeddings"] + 2, width)
            yield from norm(f"model.{side}.layernorm_embedding")
        for index in range(c[f"{side}_layers"]):
            layer = f"model.{side}.layers.{index}"
            for attention in attentions:
                for part in ["q_proj", "k_proj", "v_proj", "out_proj"]:
                    yield from linear(f"{layer}.{attention}.{part}", width, width)
                yield from norm(f"{layer}.{attention}_layer_norm")
            yield from linear(f"{layer}.fc1", c[f"{side}_ffn_dim"], width)
            yield from linear(f"{layer}.fc2", width, c[f"{side}_ffn_dim"])
            yield from norm(f"{layer}.final_layer_norm")
        if kind == "m2m_100":
            yield from norm(f"model.{side}.layer_norm")


def shards(all_tensors, width):
    shard, size = [], 0
    for name, shape in all_tensors:
        bytes_ = width * int(np.prod(shape))
        if shard and size + bytes_ > SHARD:
            yield shard
            shard, size = [], 0
        shard.append((name, shape, bytes_))
        size += bytes_
    yield shard


def values(name, count, seq2seq, random):
    """Spread so that what goes through the layers neither dies away nor grows. (Greedily, such a network says one token over and over.)"""
    if seq2seq and name.endswith("bias"):
        return np.zeros(count, np.float32)
    if seq2seq and "norm" in name:
        return np.ones(count, np.float32)
    table = "shared" in name or "embed_" in name
    spread = (0.02 if table else 0.05) if seq2seq else 0.1 if "norm" in name else 0.02
    return random.standard_normal(count, dtype=np.float32) * np.float32(spread)


def encoded(floats, dtype):
    if dtype == "bf16":
        return (floats.view(np.uint32) >> 16).astype(np.uint16).tobytes()
    return floats.astype(DTYPES[dtype][2]).tobytes()


def tokenizer(marks, before):
    """The bytes, and marks before or after them; marks before them are BART's, and stand around every text."""
    others = iter(range(256, 512))
    first = len(marks) if before else 0
    spelled = {chr(b if 33 <= b <= 126 or 161 <= b <= 172 or 174 <= b else next(others)): first + b for b in range(256)}
    level = dict(type="ByteLevel", add_prefix_space=False, trim_offsets=False, use_regex=True)
    plain = dict(single_word=False, lstrip=False, rstrip=False, normalized=False, special=True)
    added = [dict(id=(0 if before else 256) + at, content=mark, **plain) for at, mark in enumerate(marks)]
    around = dict(type="RobertaProcessing", sep=["</s>", 2], cls=["<s>", 0], trim_offsets=True, add_prefix_space=False)
    vocabulary = ({mark: at for at, mark in enumerate(marks)} if before else {}) | spelled
    return dict(version="1.0", added_tokens=added, pre_tokenizer=level, post_processor=around if before else None, decoder=level,
                model=dict(type="BPE", vocab=vocabulary, merges=[]))


def marian_vocabulary(size):
    pieces = [piece for piece in json.loads((FIXTURES / "marian/vocab.json").read_text()) if piece != "<pad>"]
    pieces += [f"placeholder{id_}" for id_ in range(len(pieces), size - 1)]
    return {piece: id_ for id_, piece in enumerate([*pieces, "<pad>"])}


def nllb_pieces(model, size):
    """More pieces, of the type that no text is cut into, at the end of a SentencePiece model (where a list's fields may go on), until
    the languages have the ids that they have in the published model: eng_Latn 256047."""
    at, pieces = 0, 0
    while model[at] == 0x0A:
        at, pieces = at + 2 + model[at + 1], pieces + 1
    more = []
    for number in range(pieces, size):
        text = f"placeholder{number}".encode()
        piece = bytes([0x0A, len(text)]) + text + bytes([0x18, 5])
        more.append(bytes([0x0A, len(piece)]) + piece)
    return model + b"".join(more)


def write_words(folder, config):
    """The tokenizer's files."""
    kind = config["model_type"]
    if kind in ("marian", "m2m_100"):
        fixture = FIXTURES / ("marian" if kind == "marian" else "nllb")
        for path in fixture.iterdir():
            if path.name not in ("config.json", "vocab.json"):
                shutil.copy(path, folder)
        if kind == "marian":
            (folder / "vocab.json").write_text(json.dumps(marian_vocabulary(config["vocab_size"]), ensure_ascii=False))
        else:
            pieces = folder / "sentencepiece.bpe.model"
            pieces.write_bytes(nllb_pieces(pieces.read_bytes(), 256000))
        return
    if kind == "bart":
        settings = dict(tokenizer_class="BartTokenizer", bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
        written = tokenizer(["<s>", "<pad>", "</s>", "<unk>"], True)
    else:
        template = "{% for message in messages %}{{ message.content }}\n{% endfor %}"
        settings = dict(chat_template=template, eos_token="<|end|>")
        written = tokenizer(["<|end|>"], False)
    (folder / "tokenizer.json").write_text(json.dumps(written))
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def write_weights(folder, config, dtype):
    name_of, width, _ = DTYPES[dtype]
    seq2seq = "d_model" in config
    random = np.random.default_rng(7)
    parts = list(shards((seq2seq_tensors if seq2seq else tensors)(config), width))
    places = {}
    for number, part in enumerate(parts, 1):
        name = f"model-{number:05}-of-{len(parts):05}.safetensors"
        header, offset = {"__metadata__": {"format": "pt"}}, 0
        for tensor, dimensions, size in part:
            header[tensor] = dict(dtype=name_of, shape=list(dimensions), data_offsets=[offset, offset + size])
            offset, places[tensor] = offset + size, name
        text = json.dumps(header).encode()
        text += b" " * (-len(text) % 8)
        with open(folder / name, "wb") as out:
            out.write(len(text).to_bytes(8, "little") + text)
            for tensor, dimensions, size in part:
                begin = out.tell()
                for start in range(0, size // width, 1 << 24):
                    out.write(encoded(values(tensor, min(1 << 24, size // width - start), seq2seq, random), dtype))
                if tensor == "model.shared.weight":
                    # Padding is nothing: Marian begins with it, and CTranslate2 takes its row to be zero.
                    row = dimensions[1] * width
                    out.seek(begin + config["pad_token_id"] * row)
                    out.write(bytes(row))
                    out.seek(begin + size)
    total = sum(size for part in parts for _, _, size in part)
    (folder / "model.safetensors.index.json").write_text(json.dumps(dict(metadata=dict(total_size=total), weight_map=places)))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("shape", choices=SHAPES)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--dtype", choices=DTYPES)
    arguments = arguments.parse_args()
    config, folder = dict(SHAPES[arguments.shape]), arguments.folder
    kind = config["model_type"]
    dtype = arguments.dtype or ("f32" if kind in CLASSES else "bf16")
    folder.mkdir(parents=True, exist_ok=True)
    if kind in CLASSES:
        config |= dict(architectures=[CLASSES[kind]], is_encoder_decoder=True, tie_word_embeddings=True)
        marks = {key: value for key, value in config.items() if key.endswith("_token_id")}
        (folder / "generation_config.json").write_text(json.dumps(marks | WRITES[kind], indent=2))
    else:
        config |= dict(eos_token_id=256)
    (folder / "config.json").write_text(json.dumps(config | dict(torch_dtype=DTYPES[dtype][2]), indent=2))
    write_words(folder, config)
    write_weights(folder, config, dtype)


if __name__ == "__main__":
    main()
