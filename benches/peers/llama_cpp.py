#!/usr/bin/env python3
"""How fast llama.cpp and malmoi read prompts and write with the same GGUF files, by turns: what the machine does meanwhile is then in both
numbers.

    pip install -r llama_cpp.txt
    cargo build --release                                                       in the repository
    python llama_cpp.py NAME=FILE.gguf [NAME=FILE.gguf …] [--work FOLDER] [--runs 5]

The first run builds llama.cpp for this machine from the source that comes with llama-cpp-python (some minutes). Its programs
`llama-bench` and `llama-batched-bench` measure it, with and without flash attention, the better of which counts; `malmoi bench` measures
malmoi. Both get tokens, not texts, and as many threads. Prints JSON lines and a table of medians.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tarfile

VERSION = "0.3.36"
PROGRAMS = ["llama-bench", "llama-batched-bench", "llama-server"]
# What is measured: its name, then what of each program's figures it is.
PREFILLS, DEPTH, NEW, TEXTS, PROMPT = (512, 4096), 512, 64, 16, 128


def run(command, **how):
    return subprocess.run([str(word) for word in command], check=True, **how)


def lines(command):
    out = run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def built(work):
    """llama.cpp's programs; those of an earlier run are taken as they are."""
    bin_ = work / "llama.cpp" / "bin"
    if all((bin_ / program).exists() for program in PROGRAMS):
        return bin_
    work.mkdir(parents=True, exist_ok=True)
    run([sys.executable, "-m", "pip", "download", "--no-deps", "--no-build-isolation", "--no-binary", "llama_cpp_python",
         "-d", work, f"llama_cpp_python=={VERSION}"])
    with tarfile.open(work / f"llama_cpp_python-{VERSION}.tar.gz") as archive:
        archive.extractall(work, filter="data")
    source = work / f"llama_cpp_python-{VERSION}" / "vendor" / "llama.cpp"
    # GCC 12 takes the configuration of AMX for never read, and leaves out what fills it: the program ends at an illegal instruction.
    amx = source / "ggml" / "src" / "ggml-cpu" / "amx" / "mmq.cpp"
    load = "    _tile_loadconfig(&tc);"
    text = amx.read_text()
    assert text.count(load) == 1, "llama.cpp loads the configuration of AMX in another way"
    amx.write_text(text.replace(load, '    asm volatile("" : : "r"(&tc) : "memory");\n' + load))
    off = [f"-D{name}=OFF" for name in ("LLAMA_BUILD_TESTS", "LLAMA_BUILD_EXAMPLES", "LLAMA_BUILD_UI", "LLAMA_USE_PREBUILT_UI", "LLAMA_CURL",
                                        "LLAMA_OPENSSL", "BUILD_SHARED_LIBS")]
    build = work / "llama.cpp"
    run(["cmake", "-S", source, "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DGGML_NATIVE=ON", *off])
    run(["cmake", "--build", build, "--target", *PROGRAMS])
    return bin_


def theirs(bin_, model, threads, prefills):
    """One run of all that is measured, the better of with and without flash attention."""
    figures = {}
    for flash in (0, 1):
        common = ["-m", model, "-t", threads]
        command = [bin_ / "llama-bench", *common, "-fa", flash, "-r", 1, "-o", "jsonl"]
        found = lines([*command, "-p", ",".join(map(str, prefills)), "-n", 0]) + lines([*command, "-p", 0, "-n", NEW, "-d", DEPTH])
        one = {f"prefill {line['n_prompt']}" if line["n_prompt"] else "decode": line["avg_ts"] for line in found}
        command = [bin_ / "llama-batched-bench", *common, "-fa", ["off", "on"][flash], "-c", TEXTS * (PROMPT + NEW), "-npp", PROMPT,
                   "-ntg", NEW, "-npl", TEXTS, "--output-format", "jsonl"]
        for line in lines(command):
            one |= {f"decode, {TEXTS} texts": line["speed_tg"], f"{TEXTS} prompts and texts": line["speed"]}
        figures = {what: max(rate, figures.get(what, 0)) for what, rate in one.items()}
    return figures


def ours(program, model, threads, prefills):
    command = [program, "bench", "--model", model, "--threads", threads, "--json", "--runs", 1, "--only", "prefill,decode,batch"]
    command += ["--prefill", ",".join(map(str, prefills)), "--decode", DEPTH, "--batch", TEXTS]
    figures = {}
    for line in lines(command):
        match line["part"]:
            case "prefill":
                figures[f"prefill {line['what'].split()[0]}"] = line["median"]
            case "decode":
                figures["decode"] = line["median"]
            case "batch" if "each" in line["what"]:
                figures[f"decode, {TEXTS} texts"] = line["median"]
            case "batch":
                figures[f"{TEXTS} prompts and texts"] = line["median"]
    return figures


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("models", nargs="+", metavar="NAME=FILE.gguf")
    arguments.add_argument("--work", type=pathlib.Path, default=pathlib.Path("peers-work"), help="where llama.cpp is built")
    arguments.add_argument("--malmoi", type=pathlib.Path, default=pathlib.Path(__file__).parents[2] / "target" / "release" / "malmoi")
    arguments.add_argument("--prefill", default=",".join(map(str, PREFILLS)), help="tokens of prompts, by commas")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    arguments = arguments.parse_args()
    prefills = [int(count) for count in arguments.prefill.split(",")]
    bin_ = built(arguments.work.resolve())
    table = ["| | | malmoi | llama.cpp | ratio |", "|---|---|---|---|---|"]
    for given in arguments.models:
        name, _, model = given.rpartition("=")
        rates = {}
        for _ in range(arguments.runs):
            for who, figures in (("llama.cpp", theirs(bin_, model, arguments.threads, prefills)),
                                 ("malmoi", ours(arguments.malmoi, model, arguments.threads, prefills))):
                for what, rate in figures.items():
                    rates.setdefault(what, {}).setdefault(who, []).append(rate)
        for what, both in rates.items():
            for who, runs in both.items():
                print(json.dumps(dict(model=name or model, what=what, program=who, tokens_per_second=round(statistics.median(runs), 1),
                                      least=round(min(runs), 1), most=round(max(runs), 1))), flush=True)
            if len(both) == 2:
                a, b = statistics.median(both["malmoi"]), statistics.median(both["llama.cpp"])
                table.append(f"| {name or model} | {what} | {a:.1f} | {b:.1f} | {a / b:.2f} |")
    print("\n" + "\n".join(table))


if __name__ == "__main__":
    main()
