"""Results of the bench as Markdown, on the screen and in the docs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
HEADER = "| | time | kernels | grows as | peak MB | other software, its time by ours |\n|---|---|---|---|---|---|"


def write_docs(path: Path, results: dict[str, Any]) -> None:
    """Replaces what stands between the two markers of ``path``. Raises ``ValueError`` where they are missing."""
    text = path.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{path} must hold the line {BEGIN} and, after it, the line {END}")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    body = f"{format_machine(results)}\n\n{format_results(results)}"
    path.write_text(f"{before}{BEGIN}\n{body}\n{END}{after}")


def format_machine(results: dict[str, Any]) -> str:
    """Where and with what the figures were taken."""
    machine = results["machine"]
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    measured = [topic for topic in results["topics"].values() if "error" not in topic]
    kernel = min((topic["kernel_seconds"] for topic in measured), default=0.0)
    minutes = sum(topic["seconds"] for topic in measured) / 60
    return (
        f"{machine['processor']}, one thread; Python {machine['python']}, {packages}. "
        f"The kernel took {seconds(kernel)}, the whole run {minutes:.1f} minutes of processor time."
    )


def format_results(results: dict[str, Any], topics: Iterable[str] = ()) -> str:
    """A table for each of the topics, all by default."""
    parts = []
    for name in topics or results["topics"]:
        topic = results["topics"][name]
        if "error" in topic:
            parts.append(f"### {name}\n\nfailed: {topic['error']}\n")
            continue
        memory = f"`--topics {name}`; peak of the process {topic['peak_megabytes']:,.0f} MB."
        note = f"{topic['note']} {memory}".strip()
        rows = "\n".join(_row(item) for item in topic["items"])
        parts.append(f"### {topic['title']}\n\n{note}\n\n{HEADER}\n{rows}\n{_skipped(topic)}")
    return "\n".join(parts)


def _row(item: dict[str, Any]) -> str:
    growth = "; ".join(f"{entry['variable']}^{entry['exponent']:.2f}" for entry in item["growth"])
    memory = "" if item["megabytes"] is None else f"{item['megabytes']:.1f}"
    peers = "; ".join(f"{peer['name']} {_ratio(peer['ratio'])}" for peer in item["peers"] if peer["ratio"] is not None)
    return (
        f"| {item['name']} | {seconds(item['seconds'])} | {_kernels(item['kernels'])} | {growth} | {memory} | {peers} |"
    )


def _skipped(topic: dict[str, Any]) -> str:
    """A line that says which peers were not measured, and why."""
    reasons = {
        peer["name"]: peer["skipped"]
        for item in topic["items"]
        for peer in item["peers"]
        if peer["skipped"] is not None
    }
    return "".join(f"\nNot measured: {name} ({reason}).\n" for name, reason in reasons.items())


def _kernels(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def _ratio(value: float) -> str:
    return f"{value:,.0f}x" if value >= 10 else f"{value:.2g}x"


def seconds(value: float) -> str:
    """Three digits and a unit."""
    scale, unit = next((pair for pair in UNITS if value >= pair[0]), UNITS[-1])
    return f"{value / scale:.3g} {unit}"
