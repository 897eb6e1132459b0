"""What a run says, as Markdown."""

import statistics
from collections.abc import Iterable, Sequence
from typing import Final

from benchmarks.maps import drive
from benchmarks.maps.loading import Built
from benchmarks.measure import Sample as Relayed
from benchmarks.report import METRICS, ratio, shown, table

BASELINE: Final = "gdbm"
"""The map of perdition that is used if nothing is said; its lookups run on the loop, without a cache."""


def lookups_table(samples: Sequence[drive.Sample]) -> str:
    """Write what a lookup costs: a row a map, its number of rows and how many ask at once."""
    head = ["map", "users", "at once", "cache", "lookups/s", "CPU us", "x baseline", "p50 us", "p99 us"]
    written = []
    for sample in samples:
        users = f"{sample.rows:,}" if sample.rows else "-"
        words = [sample.kind, users, str(sample.at_once), "yes" if sample.cached else "no"]
        if sample.failed:
            continue
        base = baseline(samples, sample)
        figures = [f"{sample.per_second:,.0f}", f"{sample.cpu_us:,.1f}", ratio(sample.cpu_us / base if base else None)]
        written.append([*words, *figures, f"{sample.p50_us:,.1f}", f"{sample.p99_us:,.1f}"])
    return table(head, written)


def baseline(samples: Sequence[drive.Sample], sample: drive.Sample) -> float | None:
    """Give the CPU of a lookup of the baseline with as many users, where that means anything, asked one at a time."""
    there = [each for each in samples if each.kind == BASELINE and not each.cached and not each.failed]
    alike = [each for each in there if each.rows == sample.rows and each.at_once == 1]
    found = alike or [each for each in there if each.at_once == 1]
    return found[0].cpu_us if found else None


def builds_table(builds: Sequence[Built]) -> str:
    """Write what building costs."""
    head = ["map", "users", "by", "s", "CPU s", "peak MB", "file MB"]
    return table(
        head,
        (
            [
                each.kind,
                f"{each.rows:,}",
                each.by,
                f"{each.seconds:,.1f}",
                f"{each.cpu:,.1f}",
                f"{each.peak_mb:,.0f}",
                f"{each.file_mb:,.0f}",
            ]
            for each in builds
        ),
    )


def slow_table(relayed: Sequence[Relayed], titles: Iterable[tuple[str, str]]) -> str:
    """Write what NOOPs take, with and without log-ins that wait for a slow map."""
    names = ("round_trip_p50_us", "round_trip_p99_us", "round_trips_per_second", "sessions_per_second", "log_in_p50_us")
    head = ["", *(METRICS[name].title for name in names), "errors"]
    written = []
    for case, title in titles:
        some = [each for each in relayed if each.case == case and not each.failed]
        if some:
            values = [
                statistics.median(each.values[name] for each in some) if name in some[0].values else None
                for name in (*names, "errors")
            ]
            written.append(
                [title, *(shown(name, value) for name, value in zip((*names, "errors"), values, strict=True))]
            )
    return table(head, written)


def report(
    where: str,
    samples: Sequence[drive.Sample],
    builds: Sequence[Built],
    relayed: Sequence[Relayed],
    titles: Sequence[tuple[str, str]],
    left_out: Sequence[str],
) -> str:
    """Write everything."""
    parts = [where]
    if samples:
        remarks = dict.fromkeys(f"{each.kind}: {each.remark}" for each in samples if each.remark)
        parts.append(
            f"**One lookup.**  The baseline is {BASELINE} without a cache, asked one at a time.  CPU is the proxy's; a "
            "server's own is not in it.\n\n" + lookups_table(samples)
        )
        parts.append("".join(f"- {remark}\n" for remark in remarks))
    if builds:
        parts.append("**Building a map.**\n\n" + builds_table(builds))
    if relayed:
        parts.append("**A slow map, and those who are logged in.**\n\n" + slow_table(relayed, titles))
    failures = [f"{each.kind}: {each.failed}" for each in samples if each.failed]
    failures += [f"{each.case}: {each.failed}" for each in relayed if each.failed]
    parts.append("".join(f"Left out: {line}\n\n" for line in dict.fromkeys([*left_out, *failures])))
    return "\n".join(part for part in parts if part)
