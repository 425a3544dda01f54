/* <wence-chat>: the assistant as one element on any page. No build step, no other host, no cookies.

   <script src="https://wence.example.org/wence-chat.js" defer></script>
   <wence-chat endpoint="https://wence.example.org" token="wt.…" title="政策问答"></wence-chat>

   Attributes  endpoint, token, channel, title, language (zh | en), theme (light | dark | auto), initial-question,
               documents (ids, separated by commas)
   Methods     ask(question), clear()
   Events      wence-ready, wence-question, wence-answer, wence-citation, wence-error, wence-token-needed
   Everything of documents, answers and the host page is put in as text nodes: nothing is parsed as HTML. */
(() => {
  "use strict";
  if (customElements.get("wence-chat")) return;
  const HOME = document.currentScript ? new URL(".", document.currentScript.src).href : location.origin + "/";
  const MAX_TURNS = 12;
  const MAX_TURN_CHARS = 8000;

  const TEXTS = {
    zh: {
      title: "问策", placeholder: "请输入您的问题", ask: "提问", question: "您的问题", log: "对话", pending: "正在查找相关条款……",
      understood: "理解为：", refused: "文件中没有找到依据", related: "相近条款（供参考阅读，并不等于答案）", sources: "引用",
      original: "查看原文", close: "关闭", marker: (n) => `查看引用 ${n}`, unverified: "未核实，请以原文为准：", failed: "没能完成回答",
      retry: "重试", network: "连接不上问答服务，请稍后再试。", up: "赞", down: "踩", thanks: "谢谢反馈", first: "可以这样问", next: "接着问", done: (n) => `回答完成，引用 ${n} 处。`,
    },
    en: {
      title: "Wence", placeholder: "Ask a question, in Chinese", ask: "Ask", question: "Your question", log: "Conversation",
      pending: "Looking through the documents…", understood: "Understood as: ", refused: "The documents do not say",
      related: "Nearest clauses (related reading, not an answer)", sources: "Sources", original: "Open the original", close: "Close",
      marker: (n) => `Show source ${n}`, unverified: "Not verified; the original counts: ", failed: "The answer was not completed",
      retry: "Try again", network: "The service cannot be reached; try again later.", up: "Helpful", down: "Not helpful",
      thanks: "Thank you", first: "For example", next: "Ask next", done: (n) => `Answered, with ${n} sources.`,
    },
  };

  const LIGHT = "--g:#f5f6f4;--s:#fff;--i:#1c2526;--q:#59666a;--l:#dfe3e0;--a:#0f5358;--oa:#fff;--w:#e4f0ef;--m:#fff0b3;--n:#8a4b0b;--nw:#fdf3e3;color-scheme:light;";
  const DARK = "--g:#121717;--s:#1a2121;--i:#e6ebe9;--q:#a2b0af;--l:#2e3939;--a:#7ccfcd;--oa:#06201f;--w:#1c3536;--m:#5b4a14;--n:#f0c27a;--nw:#2d2518;color-scheme:dark;";
  const STYLE = `
:host { ${LIGHT} display: block; height: var(--wence-height, 560px); min-height: 280px; color: var(--wence-ink, var(--i)); font: 15.5px/1.75 var(--wence-font, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei", system-ui, sans-serif); }
:host([theme="dark"]) { ${DARK} }
@media (prefers-color-scheme: dark) { :host([theme="auto"]) { ${DARK} } }
:host([hidden]) { display: none; }
* { box-sizing: border-box; }
.frame { display: flex; flex-direction: column; height: 100%; overflow: hidden; background: var(--wence-ground, var(--g)); border: 1px solid var(--wence-line, var(--l)); border-radius: var(--wence-radius, 14px); }
header { padding: 10px 16px; font-weight: 650; background: var(--wence-surface, var(--s)); border-bottom: 1px solid var(--wence-line, var(--l)); }
.log { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 14px 16px; overflow-wrap: anywhere; }
.ask { margin: 0 0 10px auto; width: fit-content; max-width: 86%; padding: 8px 14px; border-radius: 14px 14px 4px 14px; background: var(--wence-accent, var(--a)); color: var(--wence-on-accent, var(--oa)); white-space: pre-wrap; }
.answer { margin: 0 0 20px; padding: 12px 16px; background: var(--wence-surface, var(--s)); border: 1px solid var(--wence-line, var(--l)); border-radius: 4px 14px 14px 14px; }
.answer.refused, .answer.failed { border-left: 4px solid var(--wence-warn, var(--n)); background: var(--nw); }
.verdict { margin: 0 0 4px; font-weight: 650; color: var(--wence-warn, var(--n)); }
.text > * { margin: 0 0 6px; }
ol, ul { padding-left: 1.7em; }
.soft { color: var(--wence-soft, var(--q)); font-size: 13.5px; margin: 0 0 6px; }
.scroll { overflow-x: auto; overscroll-behavior-x: contain; border: 1px solid var(--wence-line, var(--l)); border-radius: 10px; }
table { width: 100%; border-collapse: collapse; font-size: 14px; line-height: 1.65; }
th, td { padding: 6px 10px; text-align: left; vertical-align: top; min-width: 9.5em; border-bottom: 1px solid var(--wence-line, var(--l)); }
th { background: var(--wence-ground, var(--g)); font-weight: 650; }
tr:last-child td { border-bottom: 0; }
th:first-child, td:first-child { min-width: 4.5em; font-weight: 650; color: var(--wence-soft, var(--q)); }
button { font: inherit; cursor: pointer; }
.marker { padding: 0 5px; margin: 0 1px; border: 0; border-radius: 6px; font-size: 12.5px; line-height: 1.6; font-weight: 650; background: var(--w); color: var(--wence-accent, var(--a)); }
.sources { margin: 10px 0 0; padding: 8px 0 0; border-top: 1px solid var(--wence-line, var(--l)); }
.sources h3 { margin: 0 0 6px; font-size: 13.5px; color: var(--wence-soft, var(--q)); }
.card { margin: 0 0 8px; padding: 8px 10px; border: 1px solid var(--wence-line, var(--l)); border-radius: 10px; font-size: 14px; line-height: 1.65; scroll-margin: 12px; }
.card:focus { outline: 2px solid var(--wence-accent, var(--a)); outline-offset: 1px; }
.card b { font-weight: 650; }
.card blockquote { margin: 4px 0; padding: 2px 10px; border-left: 3px solid var(--wence-line, var(--l)); white-space: pre-wrap; }
.link { flex: none; padding: 2px 6px; margin-left: -6px; border: 0; border-radius: 6px; background: none; color: var(--wence-accent, var(--a)); font-size: 13.5px; }
.link:hover, .marker:hover { text-decoration: underline; }
.chips { margin: 0 0 14px; }
.chip { display: block; width: fit-content; max-width: 100%; margin: 6px 0 0; padding: 5px 12px; text-align: left; font-size: 14px; line-height: 1.6; color: var(--wence-accent, var(--a)); background: var(--wence-surface, var(--s)); border: 1px solid var(--wence-line, var(--l)); border-radius: 14px; }
.chip:hover { background: var(--w); }
.tools { display: flex; gap: 12px; margin-top: 8px; }
form { display: flex; gap: 8px; padding: 10px 12px; background: var(--wence-surface, var(--s)); border-top: 1px solid var(--wence-line, var(--l)); }
textarea { flex: 1; min-width: 0; resize: none; padding: 8px 10px; font: inherit; color: inherit; background: var(--wence-ground, var(--g)); border: 1px solid var(--wence-soft, var(--q)); border-radius: 10px; }
.send { padding: 0 18px; border: 0; border-radius: 10px; font-weight: 650; background: var(--wence-accent, var(--a)); color: var(--wence-on-accent, var(--oa)); }
.send:disabled { opacity: .55; cursor: default; }
:focus-visible { outline: 2px solid var(--wence-accent, var(--a)); outline-offset: 2px; }
textarea:focus-visible { outline-offset: -1px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
dialog { width: min(760px, 94vw); max-height: 88vh; padding: 0; border: 1px solid var(--wence-line, var(--l)); border-radius: 14px; background: var(--wence-surface, var(--s)); color: inherit; }
dialog::backdrop { background: rgb(0 0 0 / 45%); }
dialog .top { position: sticky; top: 0; display: flex; justify-content: space-between; gap: 12px; padding: 10px 16px; background: inherit; border-bottom: 1px solid var(--wence-line, var(--l)); font-weight: 650; }
dialog .body { padding: 14px 20px 24px; white-space: pre-wrap; line-height: 1.9; overflow-wrap: anywhere; }
mark { background: var(--wence-mark, var(--m)); color: inherit; }
@media (prefers-reduced-motion: no-preference) { .log { scroll-behavior: smooth; } }
`;

  const make = (tag, options = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(options)) {
      if (name === "text") element.textContent = value;
      else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else element.setAttribute(name, value);
    }
    element.append(...children);
    return element;
  };

  class WenceChat extends HTMLElement {
    static observedAttributes = ["title", "language", "token"];
    #turns = [];
    #busy = false;
    #built = false;
    #parts = {};
    #abort = null;
    #offering = 0;

    connectedCallback() {
      if (this.#built) return;
      this.#built = true;
      const root = this.attachShadow({ mode: "open" });
      // Not a <style> element: the host page's policy may forbid those.
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      const p = this.#parts;
      p.title = make("header", { part: "header" });
      p.log = make("div", { class: "log", part: "log", role: "log", "aria-live": "off", tabindex: "0" });
      p.input = make("textarea", { part: "input", rows: "1", maxlength: "20000", enterkeyhint: "send" });
      p.send = make("button", { class: "send", part: "button" });
      p.status = make("p", { class: "sr", role: "status" });
      p.form = make("form", { part: "form" }, p.input, p.send);
      p.dialog = make("dialog", { part: "original" });
      p.form.addEventListener("submit", (event) => { event.preventDefault(); this.ask(p.input.value); });
      p.input.addEventListener("keydown", (event) => {
        // While a Chinese word is being composed, Enter chooses it.
        if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.ask(p.input.value); }
      });
      root.append(make("section", { class: "frame", part: "frame" }, p.title, p.log, p.form), p.status, p.dialog);
      this.#label();
      this.#tell("wence-ready", {});
      const first = this.getAttribute("initial-question");
      if (first) this.ask(first);
      else this.#offerFirst();
    }

    disconnectedCallback() { if (this.#abort) this.#abort.abort(); }

    attributeChangedCallback(name, before, after) {
      if (!this.#built) return;
      this.#label();
      if (name === "token" && before !== after && !this.#parts.log.firstChild) this.#offerFirst();
    }

    get #texts() { return TEXTS[(this.getAttribute("language") || "zh").toLowerCase().startsWith("en") ? "en" : "zh"]; }

    #label() {
      const t = this.#texts;
      const p = this.#parts;
      // The title attribute would also be the browser's tooltip for the whole element.
      p.title.textContent = this.getAttribute("title") || t.title;
      p.log.setAttribute("aria-label", t.log);
      p.input.setAttribute("aria-label", t.question);
      p.input.placeholder = t.placeholder;
      p.send.textContent = t.ask;
    }

    #tell(name, detail) { return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true })); }

    #address(path) {
      const base = this.getAttribute("endpoint") || HOME;
      return base.replace(/\/+$/, "") + path;
    }

    #headers() {
      const token = this.getAttribute("token");
      return { "Content-Type": "application/json", ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    }

    clear() {
      if (this.#abort) this.#abort.abort();
      this.#turns = [];
      this.#parts.log.replaceChildren();
      this.#offerFirst();
    }

    /* Questions that have an answer, as buttons; nothing at all where they cannot be had. */
    async #offer(path, take) {
      const round = this.#offering += 1;
      for (let wait = 300; wait < 4000; wait += 100) {
        let told;
        try {
          told = await (await this.#call(path, {})).json();
        } catch {
          return;
        }
        if (round !== this.#offering || !this.isConnected) return;
        if (told.ready) { take(told); return; }
        await new Promise((resolve) => { setTimeout(resolve, wait); });
      }
    }

    #chips(heading, questions) {
      const chips = make("div", { class: "chips", part: "suggestions", role: "group", "aria-label": heading }, make("span", { class: "soft", text: heading }));
      for (const question of questions) chips.append(make("button", { class: "chip", type: "button", part: "suggestion", text: question, onclick: () => { if (!this.#busy) { chips.remove(); this.ask(question); } } }));
      return chips;
    }

    #offerFirst() {
      const wanted = (this.getAttribute("documents") || "").split(",").map((one) => one.trim()).filter(Boolean);
      this.#offer("/api/v1/suggestions", (told) => {
        const shown = told.documents.filter((one) => !wanted.length || wanted.includes(one.doc_id));
        // One of each document in turn, so that each has its say.
        const questions = [0, 1, 2].flatMap((row) => shown.map((one) => one.questions[row]).filter(Boolean)).slice(0, 4);
        if (questions.length && !this.#parts.log.firstChild) this.#parts.log.append(this.#chips(this.#texts.first, questions));
      });
    }

    #offerNext(place, record) {
      this.#offer(`/api/v1/answers/${record.id}/suggestions`, (told) => {
        if (told.suggestions.length && place.isConnected) place.after(this.#chips(this.#texts.next, told.suggestions));
      });
    }

    async ask(text) {
      const question = String(text || "").trim();
      if (!question || this.#busy || !this.#tell("wence-question", { question })) return;
      const t = this.#texts;
      const p = this.#parts;
      this.#busy = p.send.disabled = true;
      p.input.value = "";
      this.#offering += 1;
      p.log.querySelectorAll(".chips").forEach((one) => one.remove());
      const place = make("article", { class: "answer", part: "answer" }, make("p", { class: "soft", text: t.pending }));
      p.log.append(make("p", { class: "ask", part: "question", text: question }), place);
      place.previousSibling.scrollIntoView({ block: "nearest" });
      this.#abort = new AbortController();
      try {
        const record = await this.#stream(question, place);
        this.#turns.push({ role: "user", content: question }, { role: "assistant", content: record.answer.slice(0, MAX_TURN_CHARS) });
        this.#turns = this.#turns.slice(-MAX_TURNS);
        this.#show(place, question, record);
        p.status.textContent = record.refused ? t.refused : t.done(record.citations.length);
        this.#tell("wence-answer", { question, record });
        this.#offerNext(place, record);
      } catch (error) {
        if (error.name !== "AbortError") this.#fail(place, question, error);
      } finally {
        this.#busy = p.send.disabled = false;
        this.#abort = null;
      }
    }

    async #stream(question, place) {
      const body = { question, history: this.#turns };
      const documents = (this.getAttribute("documents") || "").split(",").map((one) => one.trim()).filter(Boolean);
      if (documents.length) body.doc_ids = documents;
      const reply = await this.#call("/api/v1/ask/stream", { method: "POST", body: JSON.stringify(body), signal: this.#abort.signal });
      const decoder = new TextDecoder();
      const reader = reply.body.getReader();
      let waiting = "";
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        waiting += decoder.decode(value, { stream: true });
        const blocks = waiting.split("\n\n");
        waiting = blocks.pop();
        for (const block of blocks) {
          const name = (/^event: (.*)$/m.exec(block) || [])[1];
          const data = (/^data: (.*)$/m.exec(block) || [])[1];
          if (!name || !data) continue;
          const value = JSON.parse(data);
          if (name === "answer") return value;
          if (name === "error") throw Object.assign(new Error(this.#said(value.error)), { code: value.error.code });
          if (name === "delta") { text += value.text; place.replaceChildren(this.#text(text, [])); }
        }
      }
      throw new Error(this.#texts.network);
    }

    async #call(path, options) {
      let reply;
      try {
        reply = await fetch(this.#address(path), { ...options, headers: this.#headers(), credentials: "omit" });
      } catch (error) {
        throw error.name === "AbortError" ? error : Object.assign(new Error(this.#texts.network), { code: "network" });
      }
      if (reply.ok) return reply;
      const told = await reply.json().catch(() => ({}));
      const error = told.error || { code: `http_${reply.status}`, message: this.#texts.network, message_en: this.#texts.network };
      // The host gets a new token from its own server, sets the attribute, and the reader tries again.
      if (reply.status === 401) this.#tell("wence-token-needed", { channel: this.getAttribute("channel") });
      throw Object.assign(new Error(this.#said(error)), { code: error.code });
    }

    #said(error) { return this.#texts === TEXTS.en ? error.message_en : error.message; }

    #fail(place, question, error) {
      const t = this.#texts;
      place.classList.add("failed");
      const retry = make("button", { class: "link", type: "button", text: t.retry, onclick: () => {
        place.previousSibling.remove();
        place.remove();
        this.ask(question);
      } });
      place.replaceChildren(make("p", { class: "verdict", role: "alert", text: t.failed }), make("p", { text: error.message }), retry);
      this.#tell("wence-error", { question, code: error.code || "network", message: error.message });
    }

    #show(place, question, record) {
      const t = this.#texts;
      const parts = [];
      if (record.understood) parts.push(make("p", { class: "soft", text: t.understood + record.understood }));
      if (record.refused) {
        place.classList.add("refused");
        place.setAttribute("part", "answer refusal");
        parts.push(make("p", { class: "verdict", text: t.refused }));
      }
      const cards = new Map();
      const open = (marker) => { const card = cards.get(marker); card.focus(); card.scrollIntoView({ block: "nearest" }); this.#tell("wence-citation", { citation: record.citations.find((one) => one.marker === marker) }); };
      parts.push(this.#text(record.answer, record.citations, open));
      if (record.unverified.length) parts.push(make("p", { class: "verdict", text: t.unverified + record.unverified.join("；") }));
      if (record.writing) parts.push(make("p", { class: "soft", text: record.writing.notice }));
      const shown = record.refused ? record.related : record.citations;
      if (shown.length) {
        const list = make("section", { class: "sources", part: "citations" }, make("h3", { text: record.refused ? t.related : t.sources }));
        for (const one of shown) {
          const card = this.#card(one, record.refused);
          cards.set(one.marker, card);
          list.append(card);
        }
        parts.push(list);
      }
      parts.push(this.#tools(question, record));
      place.replaceChildren(...parts);
    }

    #card(one, related) {
      const label = related ? "" : `[${one.marker}] `;
      const card = make("article", { class: "card", part: "citation", tabindex: "-1", "aria-label": label + one.title }, make("b", { text: label + one.title }));
      const facts = [one.doc_number, one.dated].filter(Boolean).join(" · ");
      if (facts) card.append(make("div", { class: "soft", text: facts }));
      if (one.heading_path.length) card.append(make("div", { class: "soft", text: one.heading_path.join(" › ") }));
      card.append(make("blockquote", { part: "quote", text: one.quote }));
      card.append(make("button", { class: "link", type: "button", part: "open", text: this.#texts.original, onclick: () => this.#original(one) }));
      return card;
    }

    #tools(question, record) {
      const t = this.#texts;
      const tools = make("div", { class: "tools", part: "tools" });
      const rate = (rating) => async () => {
        const word = { answer_id: record.id, rating, question: question.slice(0, 1000), answer: record.answer.slice(0, 8000) };
        await this.#call("/api/v1/feedback", { method: "POST", body: JSON.stringify(word) }).then(
          () => tools.replaceChildren(make("span", { class: "soft", role: "status", text: t.thanks })), () => {});
      };
      tools.append(make("button", { class: "link", type: "button", text: t.up, onclick: rate("up") }), make("button", { class: "link", type: "button", text: t.down, onclick: rate("down") }));
      return tools;
    }

    async #original(one) {
      const t = this.#texts;
      const { dialog } = this.#parts;
      const body = make("div", { class: "body", text: t.pending, tabindex: "0" });
      const close = make("button", { class: "link", type: "button", text: t.close, onclick: () => dialog.close() });
      dialog.replaceChildren(make("div", { class: "top" }, make("span", { text: one.title }), close), body);
      dialog.showModal();
      try {
        const reply = await this.#call(`/api/v1/documents/${encodeURIComponent(one.doc_id)}`, {});
        // Offsets count characters, not the UTF-16 units of JavaScript's strings.
        const letters = Array.from((await reply.json()).text);
        const part = (from, to) => letters.slice(from, to).join("");
        const mark = make("mark", { part: "mark", text: part(one.start, one.end) });
        body.replaceChildren(part(0, one.start), mark, part(one.end));
        mark.scrollIntoView({ block: "center" });
      } catch (error) {
        body.textContent = error.message;
      }
    }

    /* Paragraphs, lists, tables, bold and markers; all else is text. */
    #text(text, citations, open) {
      const box = make("div", { class: "text", part: "text" });
      const lines = text.split("\n");
      // A bar that belongs to a cell's words is written as "\\|".
      const row = (line) => line.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));
      let list = null;
      for (let at = 0; at < lines.length; at += 1) {
        const line = lines[at];
        const item = /^\s*(?:(\d{1,3})[.．、)）]\s*|[-*•·]\s+)(\S.*)$/.exec(line);
        if (item && !/^\s*\d+\.\d/.test(line)) {
          const tag = item[1] ? "OL" : "UL";
          if (!list || list.tagName !== tag) box.append(list = make(tag));
          const entry = make("li", {}, ...this.#inline(item[2], citations, open));
          if (item[1]) entry.value = Number(item[1]);
          list.append(entry);
          continue;
        }
        if (!line.trim()) continue;
        list = null;
        if (line.includes("|") && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)+\|?\s*$/.test(lines[at + 1] || "")) {
          const table = make("table");
          const add = (cells, tag) => table.append(make("tr", {}, ...cells.map((cell) => make(tag, {}, ...this.#inline(cell, citations, open)))));
          add(row(line), "th");
          for (at += 2; at < lines.length && lines[at].includes("|"); at += 1) add(row(lines[at]), "td");
          at -= 1;
          box.append(make("div", { class: "scroll", tabindex: "0", role: "group" }, table));
          continue;
        }
        box.append(make("p", {}, ...this.#inline(line.trim(), citations, open)));
      }
      return box;
    }

    #inline(line, citations, open) {
      const nodes = [];
      for (const piece of line.split(/(\[\d{1,3}\]|\*\*[^*]+\*\*)/)) {
        const number = (/^\[(\d{1,3})\]$/.exec(piece) || [])[1];
        const before = nodes.length ? nodes[nodes.length - 1].textContent.slice(-8) : "";
        const cited = number && citations.some((one) => one.marker === Number(number));
        // A bracketed number that the document itself prints, with the same words before it, is no marker.
        const quoted = before.trim() && citations.some((one) => one.quote.includes(before + piece));
        if (cited && !quoted) {
          nodes.push(make("button", { class: "marker", type: "button", part: "marker", text: piece, "aria-label": this.#texts.marker(number), onclick: () => open(Number(number)) }));
        } else if (piece.startsWith("**") && !citations.some((one) => one.quote.includes(piece))) {
          nodes.push(make("strong", { text: piece.slice(2, -2) }));
        } else if (piece) nodes.push(document.createTextNode(piece));
      }
      return nodes;
    }
  }
  customElements.define("wence-chat", WenceChat);
})();
