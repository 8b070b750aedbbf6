#!/usr/bin/env python3
"""How many articles a minute llama.cpp's server and malmoi summarize with the same GGUF files, by turns: what the machine does meanwhile is
then in both numbers.

    pip install -r llama_cpp.txt
    cargo build --release                                                       in the repository
    python llama_server.py NAME=FILE.gguf [NAME=FILE.gguf …] [--work FOLDER] [--articles 50] [--runs 3]

`malmoi bench --only feed` summarizes the example article, its paragraphs in other orders, from its text to a checked summary, and leaves
what the model was given and how much it wrote. The server (built as `llama_cpp.py` builds its siblings) gets the same token ids, all
articles at a time, and is asked for as many tokens, greedily; it is started anew for each run, which is not counted, has as many slots as
malmoi has texts at once, and keeps prompts in its cache. Prints JSON lines and a table of medians.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

import llama_cpp

PORT = 8917
ADDRESS = f"http://127.0.0.1:{PORT}"


def ours(program, model, threads, articles, slots, prompts):
    command = [program, "bench", "--model", model, "--threads", threads, "--json", "--runs", 1, "--only", "feed", "--articles", articles,
               "--batch", slots, "--prompts", prompts]
    return next(line["median"] for line in llama_cpp.lines(command) if line["part"] == "feed")


def ask(prompt):
    body = dict(prompt=prompt["ids"], n_predict=prompt["tokens"], temperature=0, cache_prompt=True, ignore_eos=True)
    request = urllib.request.Request(f"{ADDRESS}/completion", json.dumps(body).encode(), {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)["tokens_predicted"]


def theirs(bin_, model, threads, prompts, slots, flash):
    longest = max(len(prompt["ids"]) + prompt["tokens"] for prompt in prompts) + 16
    command = [bin_ / "llama-server", "-m", model, "-t", threads, "-np", slots, "-c", slots * longest, "-fa", flash, "--port", PORT]
    with subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(600):
                try:
                    urllib.request.urlopen(f"{ADDRESS}/health").close()
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.1)
            else:
                raise SystemExit("llama-server does not answer")
            began = time.monotonic()
            with concurrent.futures.ThreadPoolExecutor(len(prompts)) as pool:
                wrote = sum(pool.map(ask, prompts))
            return len(prompts) * 60 / (time.monotonic() - began), wrote
        finally:
            server.terminate()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("models", nargs="+", metavar="NAME=FILE.gguf")
    arguments.add_argument("--work", type=pathlib.Path, default=pathlib.Path("peers-work"), help="where llama.cpp is built")
    arguments.add_argument("--malmoi", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "target" / "release" / "malmoi")
    arguments.add_argument("--articles", type=int, default=50)
    arguments.add_argument("--slots", type=int, default=16)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("--flash", default="auto", choices=["on", "off", "auto"], help="the server's flash attention")
    arguments.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments = arguments.parse_args()
    bin_ = llama_cpp.built(arguments.work.resolve())
    table = ["| | malmoi, articles a minute | llama.cpp's server | ratio |", "|---|---|---|---|"]
    for given in arguments.models:
        name, _, model = given.rpartition("=")
        rates = {"malmoi": [], "llama.cpp": []}
        for _ in range(arguments.runs):
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "prompts.jsonl"
                rates["malmoi"].append(ours(arguments.malmoi, model, arguments.threads, arguments.articles, arguments.slots, file))
                prompts = [json.loads(line) for line in file.read_text().splitlines()]
            rate, wrote = theirs(bin_, model, arguments.threads, prompts, arguments.slots, arguments.flash)
            rates["llama.cpp"].append(rate)
            print(json.dumps(dict(model=name or model, prompts=len(prompts), read=sum(len(prompt["ids"]) for prompt in prompts),
                                  malmoi_wrote=sum(prompt["tokens"] for prompt in prompts), llama_cpp_wrote=wrote)), flush=True)
        for who, runs in rates.items():
            print(json.dumps(dict(model=name or model, what="feed", program=who, articles_per_minute=round(statistics.median(runs), 2),
                                  least=round(min(runs), 2), most=round(max(runs), 2))), flush=True)
        a, b = statistics.median(rates["malmoi"]), statistics.median(rates["llama.cpp"])
        table.append(f"| {name or model} | {a:.1f} | {b:.1f} | {a / b:.2f} |")
    print("\n" + "\n".join(table))


if __name__ == "__main__":
    main()
