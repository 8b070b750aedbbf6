#!/usr/bin/env python3
"""What the reference implementation makes of the real GGUF files: token ids of whole corpora, logits over a page of news.

Run by hand, where ../fixtures/models/requirements.txt is installed:
    python real.py EVAL_FOLDER NAME=FILE.gguf ...   > real.json
Only small things are written: sums of ids; of the logits (weights dequantised to f32) the likeliest token at each position and a
few values of it.
"""
import hashlib
import json
import pathlib
import sys

import torch
import transformers
from tokenizers import pre_tokenizers
from transformers import AutoModelForCausalLM, AutoTokenizer

CORPORA = ["ntrex-dev.en", "ntrex-dev.ko", "flores-dev.en", "flores-dev.ko"]
FIRST, TOKENS = 100, 512


# What transformers forgets when it reads a vocabulary from GGUF: SmolLM2's own tokenizer.json takes digits one by one.
SPLITS = {"smollm2-135m": pre_tokenizers.Sequence(
    [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])}


def measure(folder, name, path):
    path = pathlib.Path(path)
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    if name in SPLITS:
        tokenizer.backend_tokenizer.pre_tokenizer = SPLITS[name]
    encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
    sums = {}
    for corpus in CORPORA:
        lines = (folder / corpus).read_text().splitlines()
        ids = "".join(",".join(map(str, encode(line))) + "\n" for line in lines)
        sums[corpus] = hashlib.sha256(ids.encode()).hexdigest()
    text = "\n".join((folder / "ntrex-dev.en").read_text().splitlines()[FIRST:])
    ids = encode(text[:8000])[:TOKENS]
    model = AutoModelForCausalLM.from_pretrained(path.parent, gguf_file=path.name, dtype=torch.float32).eval()
    with torch.no_grad():
        logits = model(torch.tensor([ids])).logits[0]
    at = list(range(0, logits.shape[1], logits.shape[1] // 6))
    return dict(sums=sums, ids=ids, top=logits.argmax(-1).tolist(), at=at,
                logits={str(p): [round(logits[p, a].item(), 4) for a in at] for p in range(3, TOKENS, 64)})


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    result = dict(transformers=transformers.__version__, torch=torch.__version__)
    for argument in sys.argv[2:]:
        name, path = argument.split("=", 1)
        result[name] = measure(folder, name, path)
        print(name, "done", file=sys.stderr)
    print(json.dumps(result))
