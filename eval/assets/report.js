(() => {
  const bar = document.querySelector(".filters");
  if (!bar) return;
  const articles = [...document.querySelectorAll("article")];
  const value = (name) => bar.querySelector(`[data-filter=${name}]`).value;
  const show = () => {
    const words = value("text").trim().toLowerCase();
    let shown = 0;
    for (const item of articles) {
      const data = item.dataset;
      const keep =
        (!value("faults") || data.faults.split(" ").includes(value("faults"))) &&
        (!value("type") || data.type === value("type")) &&
        (!value("split") || data.split === value("split")) &&
        (!words || item.textContent.toLowerCase().includes(words));
      item.hidden = !keep;
      shown += keep;
    }
    bar.querySelector("output").textContent = `${shown} / ${articles.length}`;
  };
  bar.addEventListener("input", show);
  show();
})();
