// Behaviour that needs no server: citations, the original's dialog, copying, and one status line.
(() => {
  "use strict";
  const root = document.documentElement;
  const asked = new URLSearchParams(location.search);
  if (asked.get("embed") === "1") root.classList.add("wn-embed");
  if (asked.get("channel")) root.classList.add("wn-channel");

  // The framework's own rule: ?__theme=light|dark, else what the system says.
  const system = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => root.classList.toggle("wn-dark", (asked.get("__theme") || (system.matches ? "dark" : "light")) === "dark");
  system.addEventListener("change", paint);
  paint();

  const byId = (id) => document.getElementById(id);
  const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
  const bring = (element, block) =>
    element.scrollIntoView({ behavior: calm() ? "auto" : "smooth", block: block || "nearest" });

  function showSources(turn) {
    document.querySelectorAll(".wn-sources").forEach((group) => {
      group.hidden = group.dataset.turn !== turn;
    });
  }

  function mark(name) {
    document.querySelectorAll(".is-current").forEach((one) => one.classList.remove("is-current"));
    document.querySelectorAll(`[data-cite="${name}"], [data-card="${name}"]`).forEach((one) => {
      one.classList.add("is-current");
    });
  }

  function openCitation(name) {
    const card = byId(`cite-${name}`);
    if (!card) return;
    showSources(name.split("-")[0]);
    mark(name);
    card.focus({ preventScroll: true });
    bring(card, "start");
  }

  function backToAnswer(name) {
    const marker = byId(`ref-${name}`);
    if (!marker) return;
    marker.focus({ preventScroll: true });
    bring(marker, "center");
  }

  function openOriginal(link) {
    const reader = byId("wn-reader");
    if (!reader || typeof reader.showModal !== "function") return false;
    byId("wn-reader-title").textContent = link.dataset.title;
    byId("wn-reader-tab").href = link.href;
    const frame = byId("wn-reader-frame");
    const fresh = frame.cloneNode();
    // A new element each time: changing src would add to the browser's history and break "back".
    const address = new URL(link.href);
    // Who may frame the original is told by its address, as it is for the page.
    if (asked.get("channel")) address.searchParams.set("channel", asked.get("channel"));
    fresh.src = address.href;
    frame.replaceWith(fresh);
    reader.showModal();
    return true;
  }

  async function putOnClipboard(text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Frames of other origins and plain http have no clipboard API.
      const source = document.createElement("textarea");
      source.value = text;
      document.body.append(source);
      source.select();
      document.execCommand("copy");
      source.remove();
    }
  }

  // Programs that take more than plain text get lists and tables as such, with the sources below.
  async function putRich(answer, text) {
    if (!window.ClipboardItem || !navigator.clipboard) { await putOnClipboard(text); return; }
    const body = answer.querySelector(".wn-text").cloneNode(true);
    body.querySelectorAll(".wn-marker").forEach((one) => one.replaceWith(one.textContent));
    body.querySelectorAll("table").forEach((one) => one.setAttribute("border", "1"));
    const sources = document.createElement("div");
    const after = text.split("\n").slice(text.split("\n").lastIndexOf("") + 1);
    for (const line of after) {
      const paragraph = document.createElement("p");
      paragraph.textContent = line;
      sources.append(paragraph);
    }
    const parts = { "text/plain": text, "text/html": body.innerHTML + sources.outerHTML };
    const blobs = Object.entries(parts).map(([type, part]) => [type, new Blob([part], { type })]);
    try {
      await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
    } catch {
      await putOnClipboard(text);
    }
  }

  async function copy(button) {
    await putRich(button.closest(".wn-answer"), button.parentElement.querySelector("[data-copy-source]").value);
    const label = button.textContent;
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, 1800);
  }

  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const plain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const cite = event.target.closest("[data-cite]");
    if (cite) { event.preventDefault(); openCitation(cite.dataset.cite); return; }
    const back = event.target.closest("[data-back]");
    if (back) { event.preventDefault(); backToAnswer(back.dataset.back); return; }
    const original = event.target.closest("a[data-original]");
    if (original && plain) { if (openOriginal(original)) event.preventDefault(); return; }
    const copyButton = event.target.closest("[data-copy]");
    if (copyButton) { copy(copyButton); return; }
    const shareButton = event.target.closest("[data-share]");
    if (shareButton) { share(shareButton); return; }
    const rating = event.target.closest("[data-rate]");
    if (rating) {
      const group = opinionOf(rating);
      const why = group.querySelector(".wn-why");
      why.hidden = rating.dataset.rate !== "down";
      if (!why.hidden) bring(why);
      rate(group, rating.dataset.rate, "");
      return;
    }
    const reasons = event.target.closest("[data-rate-send]");
    if (reasons) {
      const group = opinionOf(reasons);
      rate(group, "down", reasonIn(group));
      group.querySelector(".wn-why").hidden = true;
      return;
    }
    const menu = document.querySelector(".wn-menu[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    const reader = byId("wn-reader");
    if (!reader) return;
    if (event.target.closest("#wn-reader-close") || event.target === reader) reader.close();
  });

  // The root of the service, whichever page this is: the address of this very script is the one that is always right.
  const home = new URL("..", document.currentScript.src).href;
  const opinions = new Map();

  async function post(path, body) {
    const reply = await fetch(home + path, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body || {}),
    });
    if (!reply.ok) throw new Error(String(reply.status));
    return reply.json();
  }

  const opinionOf = (element) => element.closest("[data-answer]");

  function showOpinion(group) {
    const given = opinions.get(group.dataset.answer);
    group.querySelectorAll("[data-rate]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.rate === given)));
  }

  async function rate(group, rating, reason) {
    const answer = group.closest(".wn-answer").querySelector(".wn-text").innerText;
    const thanks = group.querySelector(".wn-thanks");
    try {
      await post("api/v1/feedback", {
        answer_id: group.dataset.answer, rating, reason: reason.slice(0, 500),
        question: group.dataset.asked.slice(0, 1000), answer: answer.slice(0, 8000),
      });
      opinions.set(group.dataset.answer, rating);
      showOpinion(group);
      thanks.textContent = thanks.dataset.thanks;
    } catch {
      thanks.textContent = thanks.dataset.failed;
    }
  }

  function reasonIn(group) {
    const chosen = [...group.querySelectorAll("input[type=checkbox]:checked")].map((one) => one.value);
    const more = group.querySelector("input[type=text]").value.trim();
    return [...chosen, ...(more ? [more] : [])].join("；");
  }

  async function share(button) {
    const label = button.textContent;
    try {
      const told = await post(`api/v1/answers/${opinionOf(button).dataset.answer}/share`);
      const link = new URL(told.url.replace(/^\//, ""), home).href;
      button.dataset.link = link;
      await putOnClipboard(link);
      button.textContent = button.dataset.done;
    } catch {
      button.textContent = button.dataset.failed;
    }
    setTimeout(() => { button.textContent = label; }, 2500);
  }

  // Questions to offer come after the page, because each was asked before it is offered.
  const offered = { first: null, next: new Map() };

  async function untilReady(path, take) {
    for (let round = 0; round < 40; round += 1) {
      let told;
      try {
        const reply = await fetch(home + path);
        if (!reply.ok) return;
        told = await reply.json();
      } catch {
        return;
      }
      take(told);
      if (told.ready) return;
      await new Promise((resolve) => { setTimeout(resolve, 300 + 100 * round); });
    }
  }

  function questionButton(question, css) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = css;
    button.dataset.question = question;
    button.textContent = question;
    return button;
  }

  function showFirst() {
    const place = document.querySelector("[data-offers]");
    const told = offered.first;
    if (!place || !told) return;
    if (told.ready) {
      document.querySelectorAll(".wn-examples .wn-example").forEach((one) => {
        if (!told.examples.includes(one.dataset.question)) one.closest("li").remove();
      });
      document.querySelector(".wn-welcome").classList.add("is-checked");
    }
    for (const one of told.documents) {
      let group = [...place.querySelectorAll("details")].find((known) => known.dataset.doc === one.doc_id);
      if (group) continue;
      group = document.createElement("details");
      group.dataset.doc = one.doc_id;
      group.className = "wn-offer";
      const title = document.createElement("summary");
      title.textContent = one.title;
      group.append(title, ...one.questions.map((question) => questionButton(question, "wn-chip")));
      place.append(group);
    }
    place.hidden = told.documents.length === 0;
  }

  function offerFirst() {
    if (!document.querySelector("[data-offers]")) return;
    if (offered.first) { showFirst(); return; }
    offered.first = { ready: false, examples: [], documents: [] };
    untilReady("api/v1/suggestions", (told) => { offered.first = told; showFirst(); });
  }

  function showNext(id) {
    const place = document.querySelector(`[data-follow="${id}"]`);
    const questions = offered.next.get(id);
    if (!place || !questions || !questions.length || !place.hidden) return;
    place.append(...questions.map((question) => questionButton(question, "wn-chip")));
    place.hidden = false;
    if (!moved) bring(place.closest(".wn-turn"), "start");
  }

  function offerNext() {
    const place = document.querySelector("[data-follow]");
    if (!place) return;
    const id = place.dataset.follow;
    if (offered.next.has(id)) { showNext(id); return; }
    offered.next.set(id, []);
    untilReady(`api/v1/answers/${id}/suggestions`, (told) => { offered.next.set(id, told.suggestions); showNext(id); });
  }
  addEventListener("load", () => {
    // The framework draws the page some time after it is loaded.
    const look = (tries) => { if (document.querySelector(".wn-log, .wn-welcome")) { offerFirst(); } else if (tries > 0) setTimeout(look, 100, tries - 1); };
    look(100);
  });

  // On touch screens a focused box would raise the keyboard over the page.
  function focusBox(tries) {
    const box = document.querySelector("#wn-box textarea");
    if (box) { if (document.activeElement === document.body) box.focus({ preventScroll: true }); return; }
    if (tries > 0) setTimeout(focusBox, 100, tries - 1);
  }
  const finePointer = matchMedia("(hover: hover) and (pointer: fine)").matches;
  if (finePointer && window.self === window.top) addEventListener("load", () => focusBox(50));

  // The framework tells of a lost connection in English, and loads the page anew when it is back; of a question
  // that was turned away (too many, no key) it tells nothing.
  const TOLD_MS = 10000;
  let told = "";
  function showFailure() {
    const line = byId("wn-lost");
    if (!line) return;
    const failed = document.querySelector("[data-testid=toast-body].error") !== null;
    const words = told || (failed ? line.dataset.lost : "");
    line.hidden = !words;
    if (words && line.textContent !== words) line.textContent = words;
  }
  new MutationObserver(showFailure).observe(document.documentElement, { childList: true, subtree: true });
  const plainFetch = window.fetch;
  window.fetch = async (...wish) => {
    const reply = await plainFetch(...wish);
    if (!reply.ok && reply.url.includes("/gradio_api/")) {
      reply.clone().json().then(({ error }) => {
        told = root.lang.startsWith("en") ? error.message_en : error.message;
        showFailure();
        setTimeout(() => { told = ""; showFailure(); }, TOLD_MS);
      }).catch(() => {});
    }
    return reply;
  };

  // What was typed, or asked and not answered, is in the box again after that.
  const DRAFT = "wence-draft";
  addEventListener("pagehide", () => {
    const asked = document.querySelector(".wn-turn.is-pending .wn-ask p");
    const box = document.querySelector("#wn-box textarea");
    const words = asked ? asked.innerText : box && box.value;
    try { sessionStorage.setItem(DRAFT, words || ""); } catch { /* A frame may have no storage. */ }
  });
  function restoreDraft(tries) {
    const box = document.querySelector("#wn-box textarea");
    if (!box) { if (tries > 0) setTimeout(restoreDraft, 100, tries - 1); return; }
    let words = "";
    try { words = sessionStorage.getItem(DRAFT) || ""; } catch { /* As above. */ }
    if (!words || box.value) return;
    box.value = words;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  addEventListener("load", () => restoreDraft(100));

  addEventListener("keydown", (event) => {
    const menu = document.querySelector(".wn-menu[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  function nameConversation() {
    const title = document.querySelector("#wn-menu .is-current .wn-title:not([data-named])");
    const first = document.querySelector(".wn-ask p");
    if (title && first) title.textContent = first.innerText.slice(0, 60);
  }

  // Drawing the menu anew takes the focus away from what was in it, without an event.
  let inMenu = false;
  document.addEventListener("focusin", (event) => {
    inMenu = event.target instanceof Element && event.target.closest("#wn-menu") !== null;
  });

  // Removing an open menu from the page tells nobody, so this stays true while it is drawn anew.
  let menuOpen = false;
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (menu instanceof Element && menu.matches(".wn-menu") && menu.isConnected) menuOpen = menu.open;
  }, true);

  // Whether the reader has moved the page since the newest question came on it.
  let seen = "";
  let moved = false;
  for (const sign of ["wheel", "touchmove", "pointerdown", "keydown"]) addEventListener(sign, () => { moved = true; }, { passive: true });

  window.wence = {
    // Called after the menu was drawn anew, which closes it.
    titled() {
      requestAnimationFrame(() => {
        nameConversation();
        const menu = document.querySelector(".wn-menu");
        if (!menu) return;
        if (menuOpen) menu.open = true;
        if (inMenu && document.activeElement === document.body) menu.querySelector("summary").focus();
      });
    },
    // What a click in the menu asks for, or nothing: no change while an answer is being looked for.
    menu(event) {
      const button = event.target.closest("[data-menu]");
      if (!button || document.querySelector(".wn-turn.is-pending")) return null;
      const wish = { action: button.dataset.menu, id: button.dataset.id || "", title: "" };
      if (wish.action === "rename") {
        const row = button.closest("li").querySelector(".wn-title");
        const title = prompt(button.dataset.prompt, row.textContent);
        if (title === null) return null;
        wish.title = title;
      }
      if (wish.action === "delete" && !confirm(button.dataset.prompt)) return null;
      if (wish.action === "open") button.closest("details").open = false;
      return wish;
    },
    // Called after the conversation was drawn anew.
    updated() {
      requestAnimationFrame(() => {
        const turns = document.querySelectorAll(".wn-turn");
        // The list of documents makes room for the sources when the first answer comes.
        const shelf = document.querySelector(".wn-shelf");
        if (shelf && turns.length > 0 && !document.body.classList.contains("wn-started")) shelf.open = false;
        document.body.classList.toggle("wn-started", turns.length > 0);
        nameConversation();
        document.querySelectorAll("[data-answer]").forEach(showOpinion);
        offerFirst();
        offerNext();
        const last = turns[turns.length - 1];
        if (!last) return;
        const answer = last.querySelector("[data-status]");
        if (answer) byId("wn-status").textContent = answer.dataset.status;
        byId("wn-side").scrollTop = 0;
        if (!finePointer && document.activeElement instanceof HTMLElement) document.activeElement.blur();
        // Text that is still being written must not take the page out of the reader's hand.
        const newest = `${turns.length} ${last.querySelector(".wn-ask").textContent}`;
        if (newest !== seen) { seen = newest; moved = false; }
        if (!moved) bring(last, "start");
      });
    },
  };
})();
