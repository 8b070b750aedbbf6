#!/usr/bin/env python3
"""Runs `malmoi feed --watch` on thousands of small files, kills it, and lets files arrive meanwhile.

    python watch.py PROGRAM [--files 5000] [--kills 6] [--idle 5000 10000 20000 40000]

PROGRAM is `target/release/malmoi`; the model is a scripted one. Files are NITF, NewsML-G2 and RSS, an
article each. Printed are times, memory, and the processor time of a listing by the number of files.

Exit status: 1 if an article is missing, there twice, not the latest, or refused.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "corpora"))
from round_trip import model  # noqa: E402

PAGE = resource.getpagesize()
TICKS = os.sysconf("SC_CLK_TCK")


def article(number, day="Tuesday"):
    """One article as the bytes of a file; every third one is of another format."""
    title = f"Ferry {number} sails"
    text = f"Ferry {number} sailed from the pier of Haemin on {day}."
    if number % 3 == 0:
        return "nitf", (
            f'<?xml version="1.0"?><nitf><head><docdata><doc-id id-string="haemin-{number}"/></docdata></head>'
            f"<body><body.head><hedline><hl1>{title}</hl1></hedline></body.head>"
            f"<body.content><p>{text}</p></body.content></body></nitf>")
    if number % 3 == 1:
        return "xml", (
            '<?xml version="1.0"?><newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" standard="NewsML-G2" '
            f'guid="urn:newsml:haemin:{number}" version="1"><contentMeta><headline>{title}</headline></contentMeta>'
            f'<contentSet><inlineXML contenttype="application/xhtml+xml"><html xmlns="http://www.w3.org/1999/xhtml">'
            f"<body><p>{text}</p></body></html></inlineXML></contentSet></newsItem>")
    return "rss", (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>Haemin</title><item><guid>haemin:{number}</guid>'
        f"<title>{title}</title><description>{text}</description></item></channel></rss>")


class Inbox:
    """A folder, and the article that each file should have at the end."""

    def __init__(self, folder):
        self.folder, self.expected = folder, {}
        folder.mkdir(parents=True)

    def path(self, number):
        return self.folder / f"{number % 20:02}" / f"{number}.{article(number)[0]}"

    def put(self, number, day="Tuesday", how="rename"):
        path, text = self.path(number), article(number, day)[1]
        path.parent.mkdir(exist_ok=True)
        if how == "rename":
            part = path.with_suffix(".part")
            part.write_text(text)
            part.rename(path)
        else:
            with path.open("w") as file:
                for at in range(0, len(text), 150):
                    file.write(text[at:at + 150])
                    file.flush()
                    time.sleep(0.05)
        self.expected[number] = day

    def remove(self, number):
        self.path(number).unlink()


class Run:
    """The program, watching a folder."""

    def __init__(self, options, inbox, out, network):
        command = [options.program, "feed", "--watch", inbox.folder, "--settle", "1", "-o", out, "--to", "ko",
                   "--model", network, "--summarize", "--threads", "1", "--quiet"]
        environment = {"HOME": str(network.parent), "MALMOI_DESK": "off", "PATH": os.environ["PATH"]}
        self.out, self.began, self.memory = out, time.monotonic(), []
        self.log = (out.parent / f"{out.name}.log").open("a")
        self.process = subprocess.Popen(list(map(str, command)), env=environment, stdout=self.log, stderr=self.log)

    def done(self):
        """The articles that are done: numbers, with the texts of each."""
        texts = collections.defaultdict(list)
        items = self.out / "items.jsonl"
        for line in items.read_text().splitlines() if items.exists() else []:
            line = json.loads(line)
            texts[int(pathlib.Path(line["input"]).stem)].append(json.dumps(line))
        return texts

    def sample(self):
        """Notes the memory in MB; the program must be alive."""
        if self.process.poll() is not None:
            sys.exit(f"the program ended with status {self.process.returncode}: see {self.log.name}")
        pages = int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        self.memory.append(pages * PAGE / 1e6)

    def wait(self, is_done, patience=3600):
        while not is_done(self.done()):
            if time.monotonic() - self.began > patience:
                return False
            self.sample()
            time.sleep(1)
        return True

    def processor(self):
        """Seconds of processor time so far."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def end(self, how=signal.SIGINT):
        self.process.send_signal(how)
        return self.process.wait()


def faults(done, expected, failed):
    """What is wrong with the results."""
    wrong = [f"{len(expected.keys() - done.keys())} missing"] if expected.keys() - done.keys() else []
    wrong += [f"{number} is there {len(texts)} times" for number, texts in done.items() if len(texts) > 1]
    wrong += [f"{number} is not the one of {expected[number]}" for number, texts in done.items()
              if f"on {expected[number]}" not in texts[0]]
    return wrong + ([f"refused: {failed[:300]}"] if failed.strip() else [])


def report(name, run, inbox, began):
    failed = run.out / "failed.jsonl"
    wrong = faults(run.done(), inbox.expected, failed.read_text() if failed.exists() else "")
    memory = f"{run.memory[len(run.memory) // 10]:.0f} MB after a tenth, {max(run.memory):.0f} MB at most" if run.memory else ""
    print(f"{name}: {len(inbox.expected)} articles, {time.monotonic() - began:.1f} s, {memory}; {'; '.join(wrong[:5]) or 'all right'}", flush=True)
    return bool(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", type=pathlib.Path)
    parser.add_argument("--files", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--idle", type=int, nargs="*", default=[5000, 10000, 20000, 40000])
    parser.add_argument("--keep", type=pathlib.Path, help="folder of inputs and results")
    options = parser.parse_args()
    options.program = options.program.resolve()
    scratch = tempfile.TemporaryDirectory()
    folder = (options.keep or pathlib.Path(scratch.name)).resolve()
    network = folder / "model"
    network.mkdir(parents=True)
    model(network)
    wrong, chance = False, random.Random(26)

    inbox = Inbox(folder / "all")
    for number in range(options.files):
        inbox.put(number)
    whole = lambda done: len(done) >= len(inbox.expected)
    run = Run(options, inbox, folder / "all-out", network)
    run.wait(whole)
    wrong |= report("all there", run, inbox, run.began)
    seconds = time.monotonic() - run.began
    run.end()
    run = Run(options, inbox, folder / "all-out", network)
    time.sleep(10)
    print(f"started again: {run.processor():.1f} s of processor time in 10 s")
    run.end()

    began = time.monotonic()
    for _ in range(options.kills):
        run = Run(options, inbox, folder / "killed-out", network)
        until = time.monotonic() + chance.uniform(0.02, 1.5) * seconds / (options.kills + 1)
        while time.monotonic() < until:
            run.sample()
            time.sleep(0.2)
        print(f"killed with {len(run.done())} in the results", flush=True)
        run.end(signal.SIGKILL)
    run = Run(options, inbox, folder / "killed-out", network)
    run.wait(whole)
    wrong |= report(f"killed {options.kills} times", run, inbox, began)
    run.end()

    inbox = Inbox(folder / "arriving")
    run = Run(options, inbox, folder / "arriving-out", network)
    for number in range(options.files // 5):
        inbox.put(number, how="slowly" if number % 50 == 0 else "rename")
        if number % 7 == 3:
            inbox.put(chance.randrange(number), "Wednesday", how=chance.choice(["rename", "slowly"]))
        if number % 100 == 0:
            run.sample()
    begun = run.done()
    removed = [number for number in range(0, options.files // 5, 90) if number in begun and inbox.path(number).exists()]
    for number in removed:
        inbox.remove(number)
    is_latest = lambda done: len(done) >= len(inbox.expected) and not faults(done, inbox.expected, "")
    run.wait(is_latest, seconds + 300)
    wrong |= report(f"arriving, {len(removed)} removed", run, inbox, run.began)
    run.end()

    for count in options.idle:
        idle = Inbox(folder / f"idle-{count}")
        # An empty file is listed, and never read.
        for number in range(count):
            path = idle.path(number)
            path.parent.mkdir(exist_ok=True)
            path.touch()
        run = Run(options, idle, folder / f"idle-out-{count}", network)
        time.sleep(5)
        before = run.processor()
        time.sleep(20)
        run.sample()
        print(f"idle, {count} files: {(run.processor() - before) / 10 * 1000:.0f} ms of processor time a listing, "
              f"{run.memory[-1]:.0f} MB", flush=True)
        run.end()
    sys.exit(wrong)


if __name__ == "__main__":
    main()
