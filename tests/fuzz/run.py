"""Read mutated files, many thousands of them: `python tests/fuzz/run.py --inputs 20000 --seed 15 --out FOLDER`.

Every input is read by the function that the command line calls, in a child process that may take so much memory and so
much time and no more. It may be read, or refused with `InputError` (exit status 2). Everything else is a finding: any
other error, a process that dies, memory or time beyond the limit. Input number N of a seed is the same every time, so
`--only N` makes it again; findings are kept in FOLDER with their files.
"""

import argparse
import faulthandler
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

from mutations import mutated  # noqa: E402
from targets import Target, all_targets  # noqa: E402

MEMORY = 3 << 30
"""Bytes of address space beyond what the imported libraries take: three times what a small file may unpack to."""
SECONDS = 20
"""Of the processor, for one input. Honest files of this size take milliseconds."""
WAIT = 15 * SECONDS
"""By the clock, for a reader that waits for ever; a busy machine takes its time."""


def case(seed: int, number: int) -> tuple[Target, str, dict[str, bytes]]:
    """Input `number` of a seed: the reader, which of its files was mutated, and all files."""
    targets = all_targets()
    draw = random.Random(f"{seed}:{number}")
    target = targets[number % len(targets)]
    names = sorted(set(target.files) - set(target.kept))
    name = draw.choice(names)
    others = (
        [data for other in targets for data in other.files.values()]
        if draw.random() < 0.3
        else [*target.files.values()]
    )
    files = dict(target.files)
    files[name] = mutated(files[name], draw, others)
    return target, name, files


def written(files: dict[str, bytes], folder: Path) -> Path:
    """The files in a folder that held nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def outcome(target: Target, folder: Path) -> tuple[str, str]:
    """ "read" or "refused" and why, or what else came of it, with its traceback."""
    from isthmus.errors import InputError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            target.read(folder)
    except InputError as error:
        return "refused", str(error)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}", traceback.format_exc()
    return "read", ""


def child(seed: int, start: int, stop: int, step: int) -> None:
    """Read inputs start, start + step, ...; a line of JSON for each, before and after."""
    faulthandler.enable(open(os.devnull, "w"))  # noqa: SIM115, PTH123
    for target in all_targets():  # what they import counts as what was there before
        with tempfile.TemporaryDirectory() as place:
            said, why = outcome(target, written(dict(target.files), Path(place) / "honest"))
            expected = "refused" if target.name == "torch tar" else "read"
            assert said == expected, f"{target.name}: {said} {why}"
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 31, 1 << 31))
    print(json.dumps({"ready": True}), flush=True)
    with tempfile.TemporaryDirectory() as place:
        for number in range(start, stop, step):
            target, name, files = case(seed, number)
            folder = written(files, Path(place) / "case")
            print(json.dumps({"begun": number}), flush=True)
            began = time.process_time()
            resource.setrlimit(resource.RLIMIT_CPU, (int(began) + SECONDS, resource.RLIM_INFINITY))
            said, why = outcome(target, folder)
            seconds = time.process_time() - began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
            line = {
                "number": number,
                "target": target.name,
                "file": name,
                "outcome": said,
                "seconds": seconds,
                "peak": peak,
            }
            print(json.dumps(line | ({} if said == "read" else {"why": why[-3000:]})), flush=True)


def run(
    seed: int, start: int, stop: int, step: int, out: Path, *, program: Path = HERE / "run.py", seconds: float = WAIT
) -> list[dict]:
    """All inputs, in children one after another; one that dies or hangs costs its input alone."""
    lines: list[dict] = []
    while start < stop:
        command = [sys.executable, str(program), "--child", *map(str, (seed, start, stop, step))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            begun, ready = None, False
            assert process.stdout is not None
            watch = _Watch(process, seconds)
            for text in process.stdout:
                line = json.loads(text)
                watch.touch()
                if "begun" in line:
                    begun = line["begun"]
                elif "ready" in line:
                    ready = True
                else:
                    lines.append(line)
                    _keep(line, seed, out)
                    begun, start = None, line["number"] + step
            process.wait()
            watch.stop()
            error = process.stderr.read() if process.stderr else ""
        if not ready:
            raise SystemExit(f"the readers do not take honest files:\n{error}")
        if begun is None and start < stop:
            raise SystemExit(f"the run itself failed at {start}:\n{error}")
        if begun is None:
            break
        target, name, _ = case(seed, begun)
        too_long = watch.killed or process.returncode == -signal.SIGXCPU
        what = "too long" if too_long else f"died of signal {-process.returncode}"
        where = {"number": begun, "target": target.name, "file": name}
        lines.append({**where, "outcome": what, "seconds": SECONDS, "peak": 0, "why": error[-3000:]})
        _keep(lines[-1], seed, out)
        start = begun + step
    return lines


def _keep(line: dict, seed: int, out: Path) -> None:
    """A finding's files, and what was said."""
    if line["outcome"] not in {"read", "refused"}:
        written(case(seed, line["number"])[2], out / str(line["number"]))
        (out / f"{line['number']}.json").write_text(json.dumps(line, indent=1))
        print(f"{line['number']} {line['target']} {line['file']}: {line['outcome']}", file=sys.stderr, flush=True)


class _Watch:
    """Kills a child that says nothing for too long."""

    def __init__(self, process: subprocess.Popen, seconds: float) -> None:
        self.process, self.seconds, self.killed, self.done = process, seconds, False, False
        self.last = time.monotonic() + 300  # it imports first
        threading.Thread(target=self._look, daemon=True).start()

    def touch(self) -> None:
        self.last = time.monotonic()

    def stop(self) -> None:
        self.done = True

    def _look(self) -> None:
        while not self.done:
            if time.monotonic() - self.last > self.seconds:
                self.killed = True
                self.process.kill()
                return
            time.sleep(0.2)


def table(lines: list[dict]) -> str:
    """What came of every reader's inputs, as Markdown."""
    rows = [
        "| reader | inputs | read | refused | anything else | longest (s of processor) |",
        "|---|---|---|---|---|---|",
    ]
    for target in all_targets():
        own = [line for line in lines if line["target"] == target.name]
        counts = Counter(line["outcome"] for line in own)
        other = len(own) - counts["read"] - counts["refused"]
        longest = max((line["seconds"] for line in own), default=0)
        rows.append(
            f"| {target.name} | {len(own)} | {counts['read']} | {counts['refused']} | {other} | {longest:.2f} |"
        )
    counts = Counter(line["outcome"] for line in lines)
    other = len(lines) - counts["read"] - counts["refused"]
    longest = max((line["seconds"] for line in lines), default=0)
    rows.append(f"| all | {len(lines)} | {counts['read']} | {counts['refused']} | {other} | {longest:.2f} |")
    return "\n".join(rows)


def commands(seed: int, count: int, start: int) -> list[dict]:
    """Inputs through the command line itself, each in a process of its own: the exit status."""
    from isthmus.models.load import load_model
    from isthmus.weights.checkpoint import save_weights

    networks = [load_model("cnn:width=2,classes=3").state_dict() for _ in "ab"]
    targets = [k for k, target in enumerate(all_targets()) if target.command]
    found = []
    for number in range(count):
        place = start + len(all_targets()) * (number // len(targets)) + targets[number % len(targets)]
        target, name, files = case(seed, place)
        with tempfile.TemporaryDirectory() as folder:
            case_folder = written(files, Path(folder) / "case")
            for letter, network in zip("ab", networks, strict=True):
                save_weights(network, Path(folder) / f"{letter}.safetensors")
            arguments = [part.replace("{}", str(case_folder)) for part in target.command]
            ended = subprocess.run(
                [sys.executable, "-c", "from isthmus.cli.main import main; main()", *arguments],
                capture_output=True, text=True, timeout=300, check=False, cwd=folder, errors="replace",
            )  # fmt: skip
        found.append({
            "number": place,
            "target": target.name,
            "file": name,
            "status": ended.returncode,
            "said": ended.stderr[-1500:],
        })
        if ended.returncode not in {0, 2}:
            print(
                f"{place} {target.name} {name}: exit status {ended.returncode}\n{ended.stderr[-800:]}", file=sys.stderr
            )
    return found


def main() -> None:
    """The run, or one input again."""
    if sys.argv[1:2] == ["--child"]:
        child(*map(int, sys.argv[2:6]))
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--commands", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("findings"))
    options = parser.parse_args()
    if options.only is not None:
        target, name, files = case(options.seed, options.only)
        folder = written(files, options.out / str(options.only))
        print(target.name, name, *outcome(target, folder), sep="\n")
        return
    options.out.mkdir(parents=True, exist_ok=True)
    if options.commands:
        found = commands(options.seed, options.commands, options.first)
        (options.out / "commands.json").write_text(json.dumps(found, indent=1))
        print(Counter(one["status"] for one in found))
        return
    began = time.monotonic()
    lines = run(options.seed, options.first, options.first + options.inputs, 1, options.out)
    (options.out / "lines.json").write_text("\n".join(map(json.dumps, lines)))
    print(table(lines))
    peak = max(line["peak"] for line in lines)
    print(
        f"{len(lines)} inputs of seed {options.seed} in {time.monotonic() - began:.0f} s, peak memory {peak >> 20} MiB"
    )
    sys.exit(any(line["outcome"] not in {"read", "refused"} for line in lines))


if __name__ == "__main__":
    main()
