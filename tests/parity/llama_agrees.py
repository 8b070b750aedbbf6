#!/usr/bin/env python3
"""Compares llama.cpp's logits for the tiny GGUF checkpoints with what the reference implementation computed.

    python llama_agrees.py [--fixtures DIR | --gguf DIR --models DIR] [--kl 0.01] [--off 0.01]

needs llama-cpp-python, gguf and numpy. Every DIR/gguf/NAME.gguf belongs to DIR/models/NAME/expected.json. A file that lacks what
llama.cpp demands (`tokenizer.ggml.model`, the size of the vocabulary) is loaded with those two values given from outside, and is
said to lack them. Exit status 1: some file's next-token distribution is further than --kl from the reference's, or (the random
networks' distributions are flat, so that a wrong mechanism may move them little) one of its logits is further than --off.
"""
import argparse
import contextlib
import ctypes
import json
import os
import pathlib
import sys

import gguf
import llama_cpp
import numpy as np

F32 = 0  # GGML_TYPE_F32
LOG = []


@llama_cpp.llama_log_callback
def collect(_level, text, _data):
    LOG.append(text.decode("utf-8", "replace"))


def log_softmax(x):
    x = np.asarray(x, np.float64)
    x = x - x.max()
    return x - np.log(np.exp(x).sum())


def field(reader, key):
    found = reader.get_field(key)
    return None if found is None else found.contents()


def complaint():
    """What llama.cpp said last about why it would not load."""
    lines = [line for line in "".join(LOG).splitlines() if "error" in line.lower()]
    # The innermost message: "key not found in model: x", "tensor … has wrong shape", "unknown model architecture: 'x'".
    best = [line for line in lines if "error loading model" in line.lower()] or lines
    return best[0].split("error loading model:")[-1].strip() if best else "no message"


def load(path, overrides):
    LOG.clear()
    llama_cpp.llama_log_set(collect, ctypes.c_void_p(0))
    with open(os.devnull, "w") as null, contextlib.redirect_stderr(null):
        return llama_cpp.Llama(model_path=str(path), n_ctx=256, n_batch=256, n_ubatch=256, logits_all=True, type_k=F32, type_v=F32,
                               n_threads=1, n_gpu_layers=0, use_mmap=False, verbose=True, kv_overrides=overrides)


def run(path, expected, limit, widest):
    reader = gguf.GGUFReader(path)
    arch = field(reader, "general.architecture")
    vocabulary = int(next(t for t in reader.tensors if t.name == "token_embd.weight").shape[1])
    notes, overrides = [], {}
    if field(reader, "tokenizer.ggml.model") is None:
        overrides["tokenizer.ggml.model"] = "no_vocab"
        overrides[f"{arch}.vocab_size"] = vocabulary
        notes.append("lacks tokenizer.ggml.model and vocab_size (given)")
    row = dict(file=path.name, arch=arch, positions=len(expected["logits"]), kl=float("nan"), off=float("nan"), notes=notes)
    try:
        model = load(path, overrides or None)
    except (ValueError, RuntimeError, AssertionError):
        why = complaint()
        unknown = "unknown model architecture" in why
        return row | dict(verdict="unknown to this llama.cpp" if unknown else "NOT LOADED", notes=notes + [why])
    assert model.n_vocab() == vocabulary, (model.n_vocab(), vocabulary)

    def worst(tokens_at_once):
        """The worst divergence and difference over all recorded positions."""
        model.reset()
        prompt = expected["prompt"]
        for at in range(0, len(prompt), tokens_at_once):
            model.eval(prompt[at:at + tokens_at_once])
        kl = off = 0.0
        for at, logits in expected["logits"].items():
            ours = np.array(model.scores[int(at)], np.float64)
            theirs = np.array(logits, np.float64)
            p, q = log_softmax(theirs), log_softmax(ours)
            kl = max(kl, float((np.exp(p) * (p - q)).sum()))
            off = max(off, float(np.abs(ours - theirs).max()))
        return kl, off

    whole, stepped = worst(len(expected["prompt"])), worst(1)
    # The reference's own continuation: how far llama.cpp takes the same tokens.
    model.reset()
    model.eval(expected["prompt"])
    same = 0
    for token in expected["greedy"]:
        if int(np.argmax(model.scores[model.n_tokens - 1])) != token:
            break
        same += 1
        model.eval([token])
    row |= dict(kl=max(whole[0], stepped[0]), off=max(whole[1], stepped[1]))
    notes.append(f"greedy {same}/{len(expected['greedy'])}")
    model.close()
    return row | dict(verdict="agrees" if row["kl"] < limit and row["off"] < widest else "DISAGREES")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fixtures", type=pathlib.Path, default=pathlib.Path(__file__).parent.parent / "fixtures")
    parser.add_argument("--gguf", type=pathlib.Path)
    parser.add_argument("--models", type=pathlib.Path)
    parser.add_argument("--kl", type=float, default=0.01)
    parser.add_argument("--off", type=float, default=0.01)
    args = parser.parse_args()
    files = sorted((args.gguf or args.fixtures / "gguf").glob("*.gguf"))
    models = args.models or args.fixtures / "models"
    print(f"llama-cpp-python {llama_cpp.__version__}, {len(files)} files, limits: KL {args.kl}, logits {args.off}")
    heads = f"{'file':28} {'architecture':14} {'positions':>9} {'max KL':>10} {'max |Δlogit|':>12}  verdict"
    print(heads)
    bad = 0
    for path in files:
        expected = json.loads((models / path.stem / "expected.json").read_text())
        row = run(path, expected, args.kl, args.off)
        bad += row["verdict"] in ("DISAGREES", "NOT LOADED")
        print(f"{row['file']:28} {row['arch']:14} {row['positions']:9} {row['kl']:10.2e} {row['off']:12.2e}  {row['verdict']}; "
              + "; ".join(row["notes"]), flush=True)
    return 1 if bad or not files else 0


if __name__ == "__main__":
    sys.exit(main())
