"""What ``python -m index inspect`` prints: a document as the index sees it, for a person to read through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from index.clean_lines import Removal
from index.outline import Section, walk
from index.types import Document, Passage

_SHOWN_CHARS = 24


def render_outline(
    document: Document, outline: Section, passages: Sequence[Passage], *, removed: Sequence[Removal] = ()
) -> str:
    """Plain text: metadata, what cleaning removed, the outline as an indented tree, and every passage in full."""
    parts = [
        [f"# {document.title}", ""],
        _metadata(document),
        [f"## removed: {len(removed)}", *(f"- {item.step}: {item.text}" for item in removed), ""],
        ["## outline", *_tree(document, outline), ""],
        [f"## passages: {len(passages)}", ""],
        *(_passage(passage) for passage in passages),
    ]
    return "\n".join(line for part in parts for line in part)


def _metadata(document: Document) -> list[str]:
    shown = [item.name for item in fields(document) if item.name not in ("text", "title", "found")]
    lines = [f"{name}: {_plain(getattr(document, name))}" for name in shown]
    lines += [f"found {name} [{start}-{end}] {document.text[start:end]}" for name, start, end in document.found]
    return ["## metadata", *lines, ""]


def _plain(value: str | tuple[object, ...] | None) -> str:
    return "；".join(map(str, value)) if isinstance(value, tuple) and value else str(value or "-")


def _tree(document: Document, outline: Section) -> list[str]:
    lines: list[str] = []
    for section, _ in walk(outline):
        opening = document.text[section.body_start : section.end].strip()[:_SHOWN_CHARS].replace("\n", " ")
        name = section.heading or ("(heading lost)" if section.kind == "heading" else "")
        shown = name if name and section.children else f"{name} … {opening}".strip(" …")
        lines.append(f"{'  ' * section.level}{section.kind} [{section.start}-{section.end}] {shown}")
    return lines


def _passage(passage: Passage) -> list[str]:
    path = " > ".join(passage.heading_path) or "-"
    return [f"{passage.passage_id} ({passage.end - passage.start} characters)", f"  {path}", passage.text, ""]
