// Without scripts the #cited fragment leads to the passage; this only keeps it in the middle of the window.
addEventListener("keydown", (event) => {
  // The dialog around this page does not hear keys that are pressed in here.
  const dialog = event.key === "Escape" && window.frameElement && window.frameElement.closest("dialog");
  if (dialog) dialog.close();
});
addEventListener("load", () => {
  // Inside the chat's dialog there is nothing to go back to.
  if (window.self !== window.top) document.documentElement.classList.add("framed");
  // On phones the outline would push the text out of sight; closing it moves the text, so it comes first.
  const outline = document.querySelector(".outline details");
  if (outline && matchMedia("(max-width: 860px)").matches) outline.open = false;
  const cited = document.getElementById("cited");
  if (cited) cited.scrollIntoView({ block: "center", behavior: "instant" });
});

// A file that is too large is told before it is sent, not after.
addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || !box.dataset.maxBytes) return;
  const tooLarge = box.files.length > 0 && box.files[0].size > Number(box.dataset.maxBytes);
  box.setCustomValidity(tooLarge ? box.dataset.tooLarge : "");
  box.reportValidity();
});
// A second click while the first is under way would send the same again.
addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  const buttons = [...event.target.elements].filter((one) => one instanceof HTMLButtonElement);
  const rest = (still) => { for (const one of buttons) one.disabled = still; };
  setTimeout(rest, 0, true);
  addEventListener("pageshow", () => rest(false));
});
// The page is drawn anew when what it tells of is done; without scripts the link beside it does that.
addEventListener("load", () => {
  const open = [...document.querySelectorAll("[data-job]")];
  const look = async () => {
    for (const one of open) {
      try {
        const reply = await fetch(`./api/v1/uploads/${one.dataset.job}`);
        if (reply.ok && ["queued", "running"].includes((await reply.json()).state)) continue;
        const address = new URL(location.href);
        address.searchParams.set("job", one.dataset.job);
        location.replace(address);
        return;
      } catch {
        // The service restarts, or the connection is gone for a moment: asked again below.
      }
    }
    setTimeout(look, 700);
  };
  if (open.length) look();
});
