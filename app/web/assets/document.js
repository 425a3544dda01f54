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
