"""Many people asking at once: python tests/app/load.py http://127.0.0.1:7860 --askers 50 --seconds 120

Each asker loads the chat page of a running service, then asks one question after the other over its API;
--pause seconds of reading may lie in between. Prints one JSON object; exit status 1 where anything but an answer
or a refusal came back.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import Counter
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]


async def ask_until(
    client: httpx.AsyncClient, number: int, end: float, questions: list[str], *, pause: float
) -> list[tuple[str, float]]:
    """Return outcome and seconds of each request of one asker."""
    seen: list[tuple[str, float]] = []
    started = time.perf_counter()
    page = await client.get("/")
    seen.append(("page" if page.status_code == 200 else f"page {page.status_code}", time.perf_counter() - started))
    turn = number
    while time.monotonic() < end:
        started = time.perf_counter()
        try:
            reply = await client.post("/api/v1/ask", json={"question": questions[turn % len(questions)]})
            outcome = "answered" if reply.status_code == 200 else f"status {reply.status_code}"
        except httpx.HTTPError as error:
            outcome = type(error).__name__
        seen.append((outcome, time.perf_counter() - started))
        turn += 1
        await asyncio.sleep(pause)
    return seen


async def run(url: str, askers: int, seconds: float, questions: list[str], *, pause: float) -> dict[str, object]:
    """Return the counts of outcomes and the waiting times, in seconds."""
    limits = httpx.Limits(max_connections=askers, max_keepalive_connections=askers)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits, trust_env=False) as client:
        began = time.monotonic()
        tasks = [ask_until(client, number, began + seconds, questions, pause=pause) for number in range(askers)]
        seen = [one for each in await asyncio.gather(*tasks) for one in each]
        took = time.monotonic() - began
    times = sorted(waited for outcome, waited in seen if outcome == "answered")
    at = {name: round(times[min(len(times) - 1, int(len(times) * share))], 2) for name, share in SHARES.items()}
    return {
        "askers": askers,
        "pause_s": pause,
        "seconds": round(took, 1),
        "outcomes": dict(Counter(outcome for outcome, _ in seen)),
        "answers_per_second": round(len(times) / took, 1),
        **at,
    }


SHARES = {"p50_s": 0.5, "p95_s": 0.95, "p99_s": 0.99, "longest_s": 1.0}


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--askers", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--pause", type=float, default=0.0)
    arguments = parser.parse_args()
    examples = json.loads((ROOT / "prompts" / "examples.json").read_text(encoding="utf-8"))
    questions = [one["question"] for one in examples]
    figures = asyncio.run(
        run(arguments.url, arguments.askers, arguments.seconds, questions, pause=arguments.pause)
    )
    print(json.dumps(figures, ensure_ascii=False))
    outcomes = figures["outcomes"]
    return 0 if isinstance(outcomes, dict) and outcomes.keys() == {"answered", "page"} else 1


if __name__ == "__main__":
    sys.exit(main())
