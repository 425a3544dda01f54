"""A small assistant over the real corpus, a real server on a free port, and a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx
import pytest
import uvicorn

from app.answer.library import Library
from app.answer.turns import Turn
from app.settings import Settings
from app.web.service import create_app
from index.clean import clean
from index.outline import Section, build_outline
from index.parse.text import read_text
from index.passages import make_passages
from index.sentences import split_sentences
from index.types import Answer, Citation, Document, Hit, Passage

if TYPE_CHECKING:
    from app.answer.assistant import Assistant
    from index.store import Store

ROOT = Path(__file__).parents[2]
PORTAL_DOC = "001_425dc3c6bcd1fc5c"
PLAN_DOC = "003_b0eb32551eef246d"
_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HOSTILE_DOC = "hostile"
HOSTILE_TEXT = (
    "# 一级标题 <h1>标题</h1>\n"
    '<script>window.pwned = 1</script><img src=x onerror="window.pwned = 2">\n'
    "见附件[2]的规定，[点这里](https://evil.example/x) 与 ![图](https://evil.example/y.png)。\n"
    "</mark></p><style>body{display:none}</style> ${alert(1)} {{constructor}} &lt;b&gt; **粗** `码`"
)
_METADATA = {
    PORTAL_DOC: {"title": "重庆两江新区与四川天府新区签署战略合作协议", "published": "2020-04-24"},
    PLAN_DOC: {
        "title": "重庆高新区融入成渝地区双城经济圈建设行动计划（2023—2027年）",
        "doc_number": "渝高新发〔2023〕8号",
        "issuer": "高新区改革发展局",
        "issued": "2023-04-26",
        "published": "2023-05-05",
    },
    "000_73137972a704de7e": {"title": "成渝签署5个合作协议推进“双核”发展能级提升", "published": "2020-12-18"},
    "002_77a82bd102515985": {
        "title": "天府新区+两江新区 共建西部科学城 交出首份“成绩单”",
        "published": "2020-05-26",
    },
}


class ScriptedAssistant:
    """Answers by keyword, with exact spans of real documents; has the assistant's interface and no model."""

    def __init__(self) -> None:
        self.documents: Mapping[str, Document] = {one.doc_id: one for one in _documents()}
        self.asked: list[tuple[str, tuple[Turn, ...], tuple[str, ...] | None]] = []
        self.failures = 0
        self.pause_s = 0.0

    @property
    def passages(self) -> tuple[Passage, ...]:
        """One passage for each non-blank line."""
        return tuple(_line_passages(self.documents))

    def search(self, query: str, k: int = 10, *, doc_ids: Collection[str] | None = None) -> list[Hit]:
        found = [
            one for one in self.passages if query in one.text and (doc_ids is None or one.doc_id in set(doc_ids))
        ]
        return [Hit(passage, 1.0 / rank, rank) for rank, passage in enumerate(found[:k], start=1)]

    def outline(self, doc_id: str) -> Section:
        return build_outline(self.documents[doc_id].text)

    def ask(
        self, question: str, *, history: Sequence[Turn] = (), doc_ids: Collection[str] | None = None
    ) -> Answer:
        self.asked.append((question, tuple(history), None if doc_ids is None else tuple(doc_ids)))
        time.sleep(self.pause_s)
        for word, reply in self._replies().items():
            if word in question:
                return reply(question)
        return self._refusal(question)

    def _replies(self) -> dict[str, Callable[[str], Answer]]:
        return {
            "七个方面": self._list,
            "其中第": self._follow_up,
            "异同": self._table,
            "研发经费": self._figure,
            "恶意": self._hostile,
            "出错": self._failure,
        }

    def cite(self, marker: int, doc_id: str, quote: str, path: tuple[str, ...] = ()) -> Citation:
        text = self.documents[doc_id].text
        start = text.index(quote)
        end = start + len(quote)
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", end)
        last = len(text) if last < 0 else last
        document = self.documents[doc_id]
        passage = Passage(
            f"{doc_id}:{first}-{last}",
            doc_id,
            document.title,
            document.source,
            path,
            text[first:last],
            first,
            last,
        )
        return Citation(marker, passage, quote, start, end)

    def _list(self, question: str) -> Answer:
        quote = (
            "双方将在携手加强规划战略协同、探索内陆开放新模式、推进交通互联互通、推进产业联动发展、助力西部科学城建设、"
            "深化多领域改革创新合作、建立两地合作机制等七个方面携手深入合作。"
        )
        names = quote.removeprefix("双方将在携手").removesuffix("等七个方面携手深入合作。").split("、")
        items = "\n".join(f"{number}. {name}" for number, name in enumerate(names, start=1))
        second = "立足完成好“十三五”、面向“十四五”,加强总体规划和专项规划对接,建立两地规划编制实施统筹协调机制"
        return Answer(
            question=question,
            text=f"共7项：[1]\n\n{items}\n\n规划协同方面，两地将建立规划编制实施**统筹协调机制**。[2]",
            citations=(
                self.cite(1, PORTAL_DOC, quote),
                self.cite(2, PORTAL_DOC, second, ("七个方面", "携手加强规划战略协同")),
            ),
            timings={"total": 41.72},
        )

    def _follow_up(self, question: str) -> Answer:
        quote = "联合建设国际合作协作区"
        return Answer(
            question=question,
            text=f"{quote}。[1]",
            citations=(self.cite(1, PORTAL_DOC, quote, ("携手探索内陆开放新模式",)),),
            understood="两江新区与天府新区战略合作协议的第二个方面是什么？",
        )

    def _table(self, question: str) -> Answer:
        return Answer(
            question=question,
            text="两份文件都涉及科技创新：\n\n| 方面 | 两江新区与天府新区 | 重庆高新区 |\n| --- | --- | --- |\n"
            "| 相同 | 都支持“一城多园”模式[1] | 都支持“一城多园”模式[2] |\n| 仅一方 | — | 研发投入占比5.7%[2] |",
            citations=(
                self.cite(1, PORTAL_DOC, "打通两地产业链、供应链、创新链"),
                self.cite(2, PLAN_DOC, "全社会研发经费投入占地区生产总值的比重达5.7%", ("一、总体要求",)),
            ),
        )

    def _figure(self, question: str) -> Answer:
        return Answer(
            question=question,
            text="计划到2027年达5.7%。[1] 按此推算约为120亿元。",
            citations=(self.cite(1, PLAN_DOC, "全社会研发经费投入占地区生产总值的比重达5.7%"),),
            unverified=("120亿元",),
        )

    def _hostile(self, question: str) -> Answer:
        lines = HOSTILE_TEXT.splitlines()
        return Answer(
            question=question,
            text=f"{lines[1]}[1]\n\n{lines[2]}[2]\n\n{lines[3]}[1]",
            citations=(
                self.cite(1, HOSTILE_DOC, HOSTILE_TEXT, ("<b>章</b>", "${1+1}")),
                self.cite(2, HOSTILE_DOC, lines[2]),
            ),
        )

    def _failure(self, question: str) -> Answer:
        self.failures += 1
        if self.failures % 2:
            raise RuntimeError("scripted failure")
        return self._list(question)

    def _refusal(self, question: str) -> Answer:
        return Answer(
            question=question,
            text="现有文件中没有找到能回答这个问题的内容。已检索 5 份文件。",
            refused=True,
            reason="no_evidence",
            related=(self.cite(1, PORTAL_DOC, "联合打造西部对外开放总部联盟", ("携手探索内陆开放新模式",)),),
        )


def _line_passages(documents: Mapping[str, Document]) -> Iterator[Passage]:
    for one in documents.values():
        at = 0
        for line in one.text.split("\n"):
            if line.strip():
                name = f"{one.doc_id}:{at}-{at + len(line)}"
                yield Passage(name, one.doc_id, one.title, one.source, (), line, at, at + len(line))
            at += len(line) + 1


def _documents() -> Iterator[Document]:
    for path in sorted((ROOT / "corpus").glob("*.txt")):
        data = path.read_bytes()
        text = clean(read_text(data, name=path.name)).text
        facts: dict[str, Any] = {"title": path.stem, **_METADATA.get(path.stem, {})}
        yield Document(doc_id=path.stem, text=text, source=path.name, sha256=sha256(data).hexdigest(), **facts)
    yield Document(
        doc_id=HOSTILE_DOC,
        title="<img src=x onerror=alert(1)>恶意文件",
        text=HOSTILE_TEXT,
        source="hostile.txt",
        sha256="0" * 64,
        url="javascript:alert(1)",
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an ASGI app on a free port of loopback; gives its address without a final slash."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=port,
            log_level="warning",
            timeout_graceful_shutdown=1,
            proxy_headers=False,
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the server did not start")
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)


@pytest.fixture(scope="session")
def assistant() -> ScriptedAssistant:
    return ScriptedAssistant()


@pytest.fixture(scope="session")
def serve() -> Any:
    """:func:`serving`, for tests that need a service of their own settings."""
    return serving


@pytest.fixture(scope="session")
def unused_port() -> Callable[[], int]:
    """:func:`free_port`, for tests that start a server of their own."""
    return free_port


@pytest.fixture(scope="session")
def portal_port() -> int:
    """The port on which a portal of another origin will embed the page."""
    return free_port()


@pytest.fixture(scope="session")
def web_settings(portal_port: int, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    portal = f"http://127.0.0.1:{portal_port}"
    return Settings(
        frame_ancestors=(portal,),
        cors_origins=("https://portal.example.org", portal),
        max_question_chars=60,
        build_dir=tmp_path_factory.mktemp("build"),
    )


@pytest.fixture(scope="session")
def server(assistant: ScriptedAssistant, web_settings: Settings) -> Iterator[str]:
    with serving(create_app(assistant, web_settings)) as address:
        yield address


@pytest.fixture(scope="session")
def closed_server(assistant: ScriptedAssistant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with the default settings: no other origin may embed it or read from it."""
    with serving(create_app(assistant, Settings(build_dir=tmp_path_factory.mktemp("build")))) as address:
        yield address


@pytest.fixture
def client(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("no Chromium: install it (apt-get install chromium) or set CHROMIUM to its path")
    return found


class _TextStore:
    """Raw texts cleaned and cut into passages and sentences as the build does, without vectors."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.documents = {
            name: Document(name, f"{name}号文件", clean(raw).text, f"{name}.txt", sha256(raw.encode()).hexdigest())
            for name, raw in texts.items()
        }
        self.passages = tuple(
            passage
            for document in self.documents.values()
            for passage in make_passages(document, build_outline(document.text), max_chars=400)
        )

    def sentence_spans(self, passage: int) -> tuple[tuple[int, int], ...]:
        one = self.passages[passage]
        return tuple(split_sentences(self.documents[one.doc_id].text, one.start, one.end))


@pytest.fixture(scope="session")
def make_library() -> Callable[[Mapping[str, str]], Library]:
    """Give a function from texts by doc_id to a library with outlines and units, which cannot be searched."""
    return lambda texts: Library(cast("Store", _TextStore(texts)))


@pytest.fixture(scope="session")
def real_assistant() -> Assistant:
    """The assistant as it is served: the real model over the real corpus."""
    from app.bootstrap import build_assistant
    from app.settings import load_settings

    return build_assistant(load_settings(corpus_dir=ROOT / "corpus", build_dir=ROOT / "build"))


@pytest.fixture(scope="module")
def browser(chromium: str, server: str, closed_server: str) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=_CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any, server: str) -> Iterator[Any]:
    """Open a page in a context of its own; fails if anything outside this machine was asked for."""
    contexts: list[Any] = []
    foreign: list[str] = []

    def note(request: Any) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob", "about"} and address.hostname != "127.0.0.1":
            foreign.append(request.url)

    def opened(path: str = "/", *, ready: str = ".wn-example", **options: Any) -> Any:
        context = browser.new_context(locale="zh-CN", **{"viewport": {"width": 1360, "height": 860}, **options})
        contexts.append(context)
        context.on("request", note)
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.goto(server + path if path.startswith("/") else path)
        page.wait_for_selector(ready)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert foreign == []
