"""A small assistant over the real corpus, a real server on a free port, and a real browser."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from hashlib import blake2b, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import uvicorn
from numpy.typing import NDArray

from app.answer.assistant import Assistant
from app.answer.library import Library
from app.answer.replies import load_replies
from app.answer.turns import Turn
from app.intake.intake import Intake, Job
from app.intake.log import UploadLog
from app.reload import LiveAssistant
from app.settings import Settings
from app.web.service import create_app
from index.build import build_index
from index.clean import clean
from index.copies import Copies, claim_digests
from index.duplicates import Likeness, compare
from index.outline import Section, build_outline
from index.parse.text import read_text
from index.passages import make_passages
from index.retrieve import Retriever
from index.sentences import split_sentences
from index.store import open_store
from index.types import Answer, Citation, Document, Hit, Passage
from index.versions import read_pointer

if TYPE_CHECKING:
    from index.store import Store

ROOT = Path(__file__).parents[2]
_PATIENCE_S = 120
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
        # While it is there and not set, no answer is given.
        self.gate: threading.Event | None = None

    @property
    def passages(self) -> tuple[Passage, ...]:
        """One passage for each non-blank line."""
        return tuple(_line_passages(self.documents))

    def search(self, query: str, k: int = 10, *, doc_ids: Collection[str] | None = None) -> list[Hit]:
        found = [
            one for one in self.passages if query in one.text and (doc_ids is None or one.doc_id in set(doc_ids))
        ]
        return [Hit(passage, 1.0 / rank, rank) for rank, passage in enumerate(found[:k], start=1)]

    def now(self) -> ScriptedAssistant:
        """Itself, but for what is asked: questions that are tried before they are offered are no reader's."""
        aside = copy(self)
        aside.asked = []
        aside.gate = None
        return aside

    def reading_only(self) -> ScriptedAssistant:
        return self

    def likenesses(self, doc_id: str) -> Mapping[str, Likeness]:
        """The two documents that carry the same agreements."""
        pair = [one for one in self.documents if one.startswith(("000_", "004_"))]
        if doc_id not in pair:
            return {}
        (other,) = [one for one in pair if one != doc_id]
        lines = {name: [one for one in self.passages if one.doc_id == name] for name in pair}
        return {other: compare(lines[doc_id], lines[other])}

    def outline(self, doc_id: str) -> Section:
        return build_outline(self.documents[doc_id].text)

    def ask(
        self, question: str, *, history: Sequence[Turn] = (), doc_ids: Collection[str] | None = None
    ) -> Answer:
        self.asked.append((question, tuple(history), None if doc_ids is None else tuple(doc_ids)))
        time.sleep(self.pause_s)
        if self.gate is not None:
            assert self.gate.wait(_PATIENCE_S)
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


class TinyEncoder:
    """Character pairs hashed into 64 signed dimensions: like texts get like vectors."""

    name = "tiny"
    dimension = 64

    def __init__(self) -> None:
        self.gate: threading.Event | None = None
        self.fault: Exception | None = None

    def encode_queries(self, queries: list[str]) -> NDArray[np.float32]:
        return self._encode(queries)

    def encode_passages(self, passages: list[str], progress: bool = False) -> NDArray[np.float32]:
        if self.gate is not None:
            assert self.gate.wait(_PATIENCE_S)
        # The probe by which a model is recognised comes first and is one text.
        if self.fault is not None and len(passages) > 1:
            raise self.fault
        return self._encode(passages)

    def _encode(self, texts: list[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for at in range(max(1, len(text) - 1)):
                digest = blake2b(text[at : at + 2].encode(), digest_size=2).digest()
                row[digest[0] % self.dimension] += 1.0 if digest[1] % 2 else -1.0
            row[0] += 0.5
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class Place:
    """A small library that is served, with its corpus folder and the way into it."""

    def __init__(self, folder: Path, text: str, **settings: Any) -> None:
        self.settings = Settings(
            corpus_dir=folder / "corpus", build_dir=folder / "build", uploads=True, max_upload_mb=1, **settings
        )
        self.encoder = TinyEncoder()
        self.settings.corpus_dir.mkdir()
        (self.settings.corpus_dir / "port.txt").write_text(text, encoding="utf-8")
        build_index(self.settings.corpus_dir, self.settings.index_dir, self.encoder)
        seen = read_pointer(self.settings.index_dir)
        self.live = LiveAssistant(self._open(), index_dir=self.settings.index_dir, seen=seen, reopen=self._open)
        self.intake = Intake(
            self.settings,
            UploadLog(self.settings.state_dir),
            embedder=self.encoder,
            documents=lambda: self.live.documents,
            look=self.live.look,
        )

    def _open(self) -> Assistant:
        store = open_store(self.settings.index_dir)
        return Assistant(Retriever(store, self.encoder), Library(store), load_replies(ROOT / "prompts"))

    def ended(self, job: Job) -> Job:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            found = self.intake.job(job.id)
            assert found is not None
            if not found.is_open:
                return found
            assert time.monotonic() < deadline, f"the job is still {found.state}"
            time.sleep(0.02)

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.settings.corpus_dir.iterdir()}


@pytest.fixture(scope="session")
def make_place() -> type[Place]:
    """:class:`Place`: a folder and the text of its first document give a library that is served and can grow."""
    return Place


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
        self.passages_of = {
            name: [n for n, passage in enumerate(self.passages) if passage.doc_id == name]
            for name in self.documents
        }

        spans = [self.sentence_spans(number) for number in range(len(self.passages))]
        self.copies = Copies(claim_digests(list(self.documents.values()), self.passages, spans))

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
        page.set_default_timeout(60_000)
        page.goto(server + path if path.startswith("/") else path)
        page.wait_for_selector(ready)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert foreign == []
