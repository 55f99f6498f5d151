"""Results as tables: of what was measured, and of what was to be reached."""

import os
import platform
import re
import statistics
import time

from .measures import TARGETS


def machine():
    with open("/proc/cpuinfo") as info:
        model = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), platform.machine())
    with open("/proc/meminfo") as info:
        gigabytes = round(int(info.readline().split()[1]) / 1e6)
    release = platform.freedesktop_os_release()["PRETTY_NAME"]
    return {"cpu": model, "cores": os.cpu_count(), "memory_gb": gigabytes, "system": release, "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "load": round(os.getloadavg()[0], 1)}


def medians(result):
    """By measure: rows/s on the wall, rows per CPU second, CPU seconds, MiB of memory, MB written."""
    found = {}
    for name, samples in result["samples"].items():
        found[name] = {"wall": statistics.median(s["rows"] / s["wall_s"] for s in samples),
                       "cpu": statistics.median(s["rows"] / s["cpu_s"] for s in samples),
                       "cpu_s": statistics.median(s["cpu_s"] for s in samples), "mib": statistics.median(s["mib"] for s in samples),
                       "mb": statistics.median(s["mb"] for s in samples)}
    return found


def number(value):
    return f"{value / 1e6:.2f} M" if value >= 1e5 else f"{value:,.0f}"


def reached(target, found):
    """Ours, the peer's, and their ratio (ours itself where there is no peer); whether that is enough."""
    own = found[target.ours][target.figure]
    if not target.peers:
        return own, None, own, own <= target.reach
    peer = (min if target.slowest else max)(found[name][target.figure] for name in target.peers)
    return own, peer, own / peer, own / peer >= target.reach


def target_line(target, found):
    own, peer, ratio, enough = reached(target, found)
    wanted = f"{'at most' if target.most else 'at least'} {target.reach:g}"
    shown = [f"{own:.1f}", "", ""] if peer is None else [number(own), number(peer), f"{ratio:.2f}"]
    return f"| {target.title} | {' | '.join(shown)} | {wanted} | {'yes' if enough else 'no'} |"


def text(result):
    found, about = medians(result), result["machine"]
    lines = [f"{about['cpu']}, {about['cores']} cores, {about['memory_gb']} GB, {about['system']}, {about['date']}; load at the end {about['load']}. "
             f"{result['rows']:,} rows of 8 columns in pages of {result['page_rows']:,}; medians of {result['rounds']}.", ""]
    writes = any(row["mb"] for row in found.values())
    lines += ["| client | rows/s | rows per CPU second | CPU s | peak MiB |" + " MB written |" * writes, "|---|---|---|---|---|" + "---|" * writes]
    for name, title in result["titles"].items():
        row = found[name]
        written = f" {row['mb']:.1f} |" if row["mb"] else " |" * writes
        lines.append(f"| {title} | {number(row['wall'])} | {number(row['cpu'])} | {row['cpu_s']:.3f} | {row['mib']:.0f} |{written}")
    lines += ["", "| to reach | ours | the other | ratio | wanted | reached |", "|---|---|---|---|---|---|"]
    lines += [target_line(target, found) for target in TARGETS[result["suite"]]]
    return "\n".join(lines) + "\n"


def write(path, results):
    """Puts the tables between their marks."""
    page = path.read_text()
    for suite, result in results.items():
        begin, end = f"<!-- {suite}: written by scripts/bench -->\n", f"<!-- end of {suite} -->"
        page, count = re.subn(re.escape(begin) + ".*?" + re.escape(end), lambda _: begin + text(result) + end, page, flags=re.S)
        if count != 1:
            raise SystemExit(f"scripts/bench: {path} has no marks for {suite}")
    path.write_text(page)
