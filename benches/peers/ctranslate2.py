#!/usr/bin/env python3
"""How many tokens a second CTranslate2 writes with a Marian model in int8, and malmoi beside it, by turns: what the machine does
meanwhile is then in both numbers.

    python ../random_checkpoint.py marian-base FOLDER
    python ctranslate2.py FOLDER [--malmoi-bench ../target/release/sources]        needs what requirements.txt says

Both get the same tokens, not texts, and write exactly as many as they are told to: neither tokenizers nor where a text ends have a part
in it. CTranslate2 takes strings, so the ids are looked up in vocab.json, and every id needs a string of its own. Loading is not
measured; CTranslate2 sorts the sources by length before it batches them. Prints JSON lines, and with malmoi a table.
"""
import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

# This file would be found in the place of the library of its name.
sys.path = [path for path in sys.path if pathlib.Path(path).resolve() != pathlib.Path(__file__).resolve().parent]
import ctranslate2  # noqa: E402
from ctranslate2.converters import TransformersConverter  # noqa: E402

CASES = {"batch 1, greedy": (1, 1), "batch 32, greedy": (32, 1), "batch 32, beam 4": (32, 4)}
COUNT, SHORTEST, LONGEST = 64, 15, 40


def sources_for(vocabulary, end, avoid):
    """Ids with the end, as the tokenizer would give them."""
    chosen = random.Random(7)
    ids = sorted(set(vocabulary.values()) - avoid)
    return [[*chosen.choices(ids, k=chosen.randint(SHORTEST, LONGEST)), end] for _ in range(COUNT)]


def converted(folder, into):
    """A model of an earlier run is taken as it is."""
    into = pathlib.Path(into)
    if not (into / "model.bin").exists():
        TransformersConverter(str(folder)).convert(str(into), quantization="int8", force=True)
    return str(into)


def theirs(translator, tokens, batch, beams, length):
    start = time.perf_counter()
    results = translator.translate_batch(tokens, max_batch_size=batch, beam_size=beams, min_decoding_length=length,
                                         max_decoding_length=length)
    seconds = time.perf_counter() - start
    assert all(len(result.hypotheses[0]) == length for result in results), "not as many tokens as asked for"
    return length * len(results) / seconds


def ours(program, folder, sources, batch, beams, length):
    command = [program, folder, "--quantize", "q8_0", "--sources", sources]
    command += ["--batch", batch, "--beams", beams, "--tokens", length, "--runs", 1]
    out = subprocess.run([str(word) for word in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(out)["tokens_per_second"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--malmoi-bench", help="the program `sources`")
    arguments.add_argument("--converted", help="where CTranslate2's model is, or is to be kept; a temporary folder where not given")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--tokens", type=int, default=32)
    arguments.add_argument("--threads", type=int, default=2)
    arguments = arguments.parse_args()
    config = json.loads((arguments.folder / "config.json").read_text())
    vocabulary = json.loads((arguments.folder / "vocab.json").read_text())
    spelled = {id_: piece for piece, id_ in vocabulary.items()}
    assert len(spelled) == len(vocabulary) == config["vocab_size"], "every id needs a string of its own"
    marks = {config["eos_token_id"], config["pad_token_id"], vocabulary["<unk>"]}
    sources = sources_for(vocabulary, config["eos_token_id"], marks)
    tokens = [[spelled[id_] for id_ in source] for source in sources]
    with tempfile.TemporaryDirectory() as scratch:
        listed = pathlib.Path(scratch) / "sources.json"
        listed.write_text(json.dumps(sources))
        model = converted(arguments.folder, arguments.converted or pathlib.Path(scratch) / "model")
        translator = ctranslate2.Translator(model, device="cpu", compute_type="int8", inter_threads=1, intra_threads=arguments.threads)
        theirs(translator, tokens[:4], 4, 1, 4)
        table = ["| | CTranslate2 | malmoi | ratio |", "|---|---|---|---|"]
        for case, (batch, beams) in CASES.items():
            rates = {f"ctranslate2 {ctranslate2.__version__}": [], "malmoi": []}
            cts, malmoi = rates.values()
            for _ in range(arguments.runs):
                cts.append(theirs(translator, tokens, batch, beams, arguments.tokens))
                if arguments.malmoi_bench:
                    malmoi.append(ours(arguments.malmoi_bench, arguments.folder, listed, batch, beams, arguments.tokens))
            for program, numbers in rates.items():
                if numbers:
                    print(json.dumps(dict(case=case, program=program, tokens_per_second=round(statistics.median(numbers), 1),
                                          least=round(min(numbers), 1), most=round(max(numbers), 1))), flush=True)
            if malmoi:
                left, right = statistics.median(cts), statistics.median(malmoi)
                table.append(f"| {case} | {left:.1f} tokens/s | {right:.1f} tokens/s | {right / left:.2f} |")
        if arguments.malmoi_bench:
            print("\n" + "\n".join(table))


if __name__ == "__main__":
    main()
