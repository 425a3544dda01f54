"""What the chat page does with an event: questions, the list of conversations, export. No Gradio in here."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from html import escape

from app.settings import Settings
from app.web import archive
from app.web.archive import Desktop, Heading, Kept
from app.web.callers import Caller, limited, readable
from app.web.cards import display_titles, render_panel, render_shelf
from app.web.conversation import Exchange, history_of, load_exchanges
from app.web.desk import BusyError, Desk
from app.web.export import to_docx, to_markdown
from app.web.messages import render_log
from app.web.protocols import AssistantFace
from app.web.questions import find_problem
from app.web.shares import AnswerBook
from app.web.streaming import Hearing
from app.web.texts import Example, PageTexts
from index.errors import QuestionError
from index.types import Document

logger = logging.getLogger(__name__)

_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@dataclass(frozen=True, slots=True)
class View:
    """What changes on the page after an event; ``None`` leaves a part as it is."""

    box: str | None = None
    log: str | None = None
    panel: str | None = None
    notice: str | None = None
    exchanges: Sequence[Exchange] | None = None
    busy: bool | None = None
    heading: Heading | None = None
    kept: Sequence[Kept] | None = None
    menu: str | None = None
    download: str | None = None
    titles: Mapping[str, str] | None = None
    shelf: str | None = None


class ChatPage:
    """Turns the page's events into views. Holds no conversation: the browser does."""

    def __init__(
        self,
        assistant: AssistantFace,
        desk: Desk,
        book: AnswerBook,
        *,
        settings: Settings,
        texts: PageTexts,
        examples: Sequence[Example],
    ) -> None:
        self._assistant = assistant
        self._desk = desk
        self._book = book
        self._max_chars = settings.max_question_chars
        self._examples = examples
        self.texts = texts

    def restored(self, stored: object, heading: object, kept: object, caller: Caller) -> View:
        """Return the page as the browser left it, with the documents of now.

        An empty conversation is on the page already: drawing it again could wipe out a quick first question.
        """
        desktop = archive.load_desktop(heading, load_exchanges(stored), kept)
        documents = self._documents(caller)
        found = View(
            titles=display_titles(documents, self.texts),
            shelf=render_shelf(documents, self.texts, is_open=not desktop.exchanges),
        )
        if desktop.exchanges:
            return replace(self._spread(desktop, caller), titles=found.titles, shelf=found.shelf)
        return replace(
            found,
            heading=None if heading else desktop.heading,
            menu=archive.render_menu(desktop, self.texts),
        )

    def cleared(self, stored: object, heading: object, kept: object, caller: Caller) -> View:
        """Return the empty page, with the conversation put away."""
        return self._spread(archive.put_away(archive.load_desktop(heading, load_exchanges(stored), kept)), caller)

    def blank(self) -> View:
        """Return the page as it is served to anyone: nothing of any document, which may be kept from a caller."""
        desktop = Desktop(Heading(), (), ())
        return View(
            log=render_log((), {}, texts=self.texts, examples=self._examples),
            panel=render_panel((), {}, texts=self.texts),
            menu=archive.render_menu(desktop, self.texts),
        )

    def chosen(
        self,
        action: str,
        wanted: Mapping[str, str],
        *,
        stored: object,
        heading: object,
        kept: object,
        caller: Caller,
    ) -> View:
        """Return the page after a choice of the menu; ``wanted`` holds ``id`` and, to rename, ``title``."""
        exchanges = load_exchanges(stored)
        desktop = archive.load_desktop(heading, exchanges, kept)
        if action.startswith("export-"):
            return View(download=self._file(action.removeprefix("export-"), exchanges, caller))
        if action == "open":
            return self._spread(archive.opened(desktop, wanted["id"]), caller)
        if action == "delete":
            return self._spread(archive.deleted(desktop, wanted["id"]), caller)
        if action == "rename":
            changed = archive.renamed(desktop, wanted["id"], wanted["title"])
            return View(heading=changed.heading, kept=changed.kept, menu=archive.render_menu(changed, self.texts))
        return View()

    async def asked(
        self, question: str, stored: object, scope: Sequence[str], caller: Caller
    ) -> AsyncIterator[View]:
        """Yield the page while the answer is looked for, then with the answer, refusal or failure."""
        problem = find_problem(question, max_chars=self._max_chars)
        if problem:
            yield View(notice=self._notice(problem.code, found=problem.found, limit=problem.limit))
            return
        gone = [one for one in scope if one not in self._documents(caller)]
        if gone:
            # A limit that no longer holds must not turn into none.
            yield View(notice=self._notice("document_unknown", doc_id=gone[0][:80]))
            return
        question = question.strip()
        exchanges = load_exchanges(stored)
        if exchanges and exchanges[-1].failure and exchanges[-1].question == question:
            exchanges.pop()
        yield View(box="", log=self._log(exchanges, caller, pending=question), notice="", busy=True)
        started = time.perf_counter()
        doc_ids = limited(list(scope) or None, caller)
        hearing = Hearing(partial(self._desk.ask, question, history=history_of(exchanges), doc_ids=doc_ids))
        said = ""
        try:
            async for piece in hearing.pieces():
                if piece is not None:
                    said += piece
                    yield View(log=self._log(exchanges, caller, pending=question, partial=said))
            answer = hearing.result()
        except QuestionError as error:
            notice = self._notice("question_invalid", detail=error)
            yield View(box=question, log=self._log(exchanges, caller), notice=notice, busy=False)
            return
        except BusyError:
            exchanges.append(Exchange(question=question, failure="busy"))
        except Exception:
            # A face shows every failure to its reader, whatever raised it; the log has the trace.
            logger.exception("answering failed")
            exchanges.append(Exchange(question=question, failure="internal"))
        else:
            exchanges.append(self._book.remember(question, answer, seconds=time.perf_counter() - started))
        finally:
            hearing.leave()
        yield View(
            log=self._log(exchanges, caller),
            panel=self._panel(exchanges, caller),
            notice="",
            exchanges=exchanges,
            busy=False,
        )

    def _spread(self, desktop: Desktop, caller: Caller) -> View:
        return View(
            log=self._log(desktop.exchanges, caller),
            panel=self._panel(desktop.exchanges, caller),
            notice="",
            exchanges=desktop.exchanges,
            busy=False,
            heading=desktop.heading,
            kept=desktop.kept,
            menu=archive.render_menu(desktop, self.texts),
        )

    def _documents(self, caller: Caller) -> dict[str, Document]:
        return readable(self._assistant.documents, caller)

    def _log(
        self, exchanges: Sequence[Exchange], caller: Caller, *, pending: str | None = None, partial: str = ""
    ) -> str:
        return render_log(
            exchanges,
            self._documents(caller),
            texts=self.texts,
            examples=self._examples,
            pending=pending,
            partial=partial,
        )

    def _panel(self, exchanges: Sequence[Exchange], caller: Caller) -> str:
        return render_panel(exchanges, self._documents(caller), texts=self.texts)

    def _notice(self, code: str, **values: object) -> str:
        words = getattr(self.texts.errors, code)
        text = words.en if self.texts.lang == "en" else words.zh
        return f'<p class="wn-notice" role="alert">{escape(text.format(**values))}</p>'

    def _file(self, kind: str, exchanges: Sequence[Exchange], caller: Caller) -> str:
        """Return a link that holds the whole file, which the page's script follows: nothing is kept here."""
        documents = self._documents(caller)
        if kind == "docx":
            media, content = _DOCX, to_docx(exchanges, documents, self.texts)
        else:
            media, content = "text/markdown;charset=utf-8", to_markdown(exchanges, documents, self.texts).encode()
        name = f"{self.texts.export_file}-{time.strftime('%Y%m%d-%H%M%S')}.{'docx' if kind == 'docx' else 'md'}"
        data = base64.b64encode(content).decode()
        return f'<a download="{escape(name)}" href="data:{media};base64,{data}">{escape(name)}</a>'
