#!/usr/bin/env python3
"""The server beside a batch of the same articles, and the wait for a short chat beside a long one.

    cargo build --release --features serve
    python benches/server.py target/release/malmoi --model smollm2-135m

Both parts run the program that is named, on loopback, without a memory. The articles are made of the paragraphs of
examples/articles/harbour.txt in different orders and numbers, so that all differ and have mixed lengths.
"""
import argparse
import concurrent.futures
import http.client
import itertools
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
PARAGRAPHS = [text for text in (HERE / "../examples/articles/harbour.txt").read_text().split("\n\n") if len(text) > 150]
OPTIONS = ["--repair", "off", "--no-memory"]


def articles(count):
    chance = random.Random(7)
    # Each once: a batch does equal articles once only.
    made = {}
    while len(made) < count:
        paragraphs = chance.sample(PARAGRAPHS, chance.randint(3, len(PARAGRAPHS)))
        made["\n\n".join(paragraphs)] = True
    return list(made)


def processor_seconds():
    """Time that the programs which have ended took of the processors."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Server:
    """A running server, ready."""

    def __init__(self, program, model, at_once):
        command = [program, "serve", "--listen", "127.0.0.1:0", "--model", model, "--at-once", str(at_once), *OPTIONS]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "listening on http://" in line:
                self.address = line.strip().rsplit("/", 1)[1]
            if line.strip() == "ready":
                break
        threading.Thread(target=self.process.stderr.read, daemon=True).start()

    def post(self, path, body):
        connection = http.client.HTTPConnection(self.address, timeout=3600)
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json"})
        return connection.getresponse()

    def end(self):
        self.process.terminate()
        self.process.wait()


def by_batch(program, model, texts, at_once, folder):
    inputs, results = folder / "in", folder / "out"
    inputs.mkdir()
    for index, text in enumerate(texts):
        (inputs / f"{index:04}.txt").write_text(text)
    command = [program, "batch", str(inputs), "-o", str(results), "--summarize", "--to", "en", "--model", model, "--quiet", "--at-once", str(at_once)]
    began = time.monotonic()
    subprocess.run(command + OPTIONS, check=True)
    seconds = time.monotonic() - began
    items = [json.loads(line) for line in (results / "items.jsonl").read_text().splitlines()]
    return seconds, {item["id"].rsplit("/", 1)[1]: item["summary"] for item in items}


def by_server(program, model, texts, at_once):
    began = time.monotonic()
    server = Server(program, model, at_once)

    def ask(text):
        answer = server.post("/api/v1/summarize", {"text": text, "from": "en", "to": "en"})
        body = json.load(answer)
        assert answer.status == 200, body
        return body

    with concurrent.futures.ThreadPoolExecutor(len(texts)) as clients:
        answers = list(clients.map(ask, texts))
    seconds = time.monotonic() - began
    server.end()
    return seconds, {f"{index:04}.txt": answer for index, answer in enumerate(answers)}


def throughput(program, model, count, at_once, rounds):
    texts = articles(count)
    taken, used = {"batch": [], "server": []}, {"batch": [], "server": []}
    for _ in range(rounds):
        before = processor_seconds()
        with tempfile.TemporaryDirectory() as folder:
            seconds, batch = by_batch(program, model, texts, at_once, pathlib.Path(folder))
        between = processor_seconds()
        taken["batch"].append(seconds)
        seconds, server = by_server(program, model, texts, at_once)
        taken["server"].append(seconds)
        used["batch"].append(between - before)
        used["server"].append(processor_seconds() - between)
        assert {name: one["text"] for name, one in batch.items()} == {name: one["text"] for name, one in server.items()}
    tokens = sum(answer["tokens"]["output"] for answer in server.values())
    print(f"{count} summaries of {tokens} tokens, {at_once} at once, the same texts from both:")
    for name, seconds in taken.items():
        best = min(seconds)
        shown = ", ".join(f"{one:.1f}" for one in seconds)
        busy = ", ".join(f"{one:.1f}" for one in used[name])
        print(f"  {name}: {shown} s, of the processors {busy} s; best {60 * count / best:.1f} summaries a minute, {tokens / best:.1f} tokens/s")
    ratio = min(taken["batch"]) / min(taken["server"])
    work = min(used["batch"]) / min(used["server"])
    print(f"  the server has {100 * ratio:.1f} % of the batch's throughput, and by time of the processors {100 * work:.1f} %")


def first_token(server, model, message, tokens):
    """Seconds until the first text of a chat, and until its end."""
    body = {"model": model, "messages": [{"role": "user", "content": message}], "max_tokens": tokens, "stream": True}
    began = time.monotonic()
    answer = server.post("/v1/chat/completions", body)
    assert answer.status == 200, answer.read()
    first = None
    for line in answer:
        if line.startswith(b"data: {") and json.loads(line[6:])["choices"][0]["delta"].get("content"):
            first = first or time.monotonic() - began
    return first, time.monotonic() - began


def waiting(program, model, at_once):
    server = Server(program, model, at_once)
    long = "Tell this story again in your own words. " + "\n\n".join(PARAGRAPHS * 20)[:11_200]
    numbers = itertools.count(1)

    def short():
        # No two begin alike: the model remembers the beginning of prompts.
        return f"{next(numbers)}: write one sentence about the breakwater. {PARAGRAPHS[1][:150]}"

    def alone(tokens, message):
        return first_token(server, model, message, tokens)

    alone(50, short())
    idle = [alone(50, short())[0] for _ in range(5)]
    print(f"a short chat (50 tokens to write) alone: first token after {statistics.median(idle):.2f} s")
    end = {}
    runner = threading.Thread(target=lambda: end.update(long=alone(600, long)))
    began = time.monotonic()
    runner.start()
    beside = []
    while runner.is_alive():
        beside.append((time.monotonic() - began, *alone(50, short())))
        time.sleep(0.2)
    runner.join()
    first, whole = end["long"]
    print(f"the long chat: first token after {first:.1f} s, end after {whole:.1f} s")
    for phase, own in [("reads", [one for one in beside if one[0] < first]), ("writes", [one for one in beside if one[0] >= first])]:
        waits = sorted(one[1] for one in own)
        if waits:
            print(f"  while it {phase}: {len(waits)} short chats, first token after {statistics.median(waits):.2f} s (median), {waits[-1]:.2f} s (longest)")
    body = {"model": model, "messages": [{"role": "user", "content": long}], "max_tokens": 1}
    print(f"  its prompt has {json.load(server.post('/v1/chat/completions', body))['usage']['prompt_tokens']} tokens")
    server.end()


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program")
    arguments.add_argument("--model", default="smollm2-135m")
    arguments.add_argument("--count", type=int, default=48, help="articles")
    arguments.add_argument("--at-once", type=int, default=8)
    arguments.add_argument("--rounds", type=int, default=2)
    arguments = arguments.parse_args()
    os.environ["MALMOI_DESK"] = "off"
    waiting(arguments.program, arguments.model, arguments.at_once)
    throughput(arguments.program, arguments.model, arguments.count, arguments.at_once, arguments.rounds)


if __name__ == "__main__":
    main()
