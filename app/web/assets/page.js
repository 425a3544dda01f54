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

  async function copy(button) {
    await putOnClipboard(button.parentElement.querySelector("[data-copy-source]").value);
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
      group.querySelector(".wn-why").hidden = rating.dataset.rate !== "down";
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
      thanks.textContent = "×";
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

  // On touch screens a focused box would raise the keyboard over the page.
  function focusBox(tries) {
    const box = document.querySelector("#wn-box textarea");
    if (box) { if (document.activeElement === document.body) box.focus({ preventScroll: true }); return; }
    if (tries > 0) setTimeout(focusBox, 100, tries - 1);
  }
  const finePointer = matchMedia("(hover: hover) and (pointer: fine)").matches;
  if (finePointer && window.self === window.top) addEventListener("load", () => focusBox(50));

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

  // Removing an open menu from the page tells nobody, so this stays true while it is drawn anew.
  let menuOpen = false;
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (menu instanceof Element && menu.matches(".wn-menu") && menu.isConnected) menuOpen = menu.open;
  }, true);

  window.wence = {
    // Called after the menu was drawn anew, which closes it.
    titled() {
      requestAnimationFrame(() => {
        nameConversation();
        const menu = document.querySelector(".wn-menu");
        if (!menuOpen || menu.open) return;
        menu.open = true;
        if (document.activeElement === document.body) menu.querySelector("summary").focus();
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
        document.body.classList.toggle("wn-started", turns.length > 0);
        nameConversation();
        document.querySelectorAll("[data-answer]").forEach(showOpinion);
        const last = turns[turns.length - 1];
        if (!last) return;
        const answer = last.querySelector("[data-status]");
        if (answer) byId("wn-status").textContent = answer.dataset.status;
        byId("wn-side").scrollTop = 0;
        if (!finePointer && document.activeElement instanceof HTMLElement) document.activeElement.blur();
        bring(last, "start");
      });
    },
  };
})();
