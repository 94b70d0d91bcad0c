// Turns the pages of a sign and takes new ones as they are sent. What it shows
// last stays when the connection is lost.
"use strict";
(() => {
  const panel = document.getElementById("panel");
  const count = document.getElementById("count");
  let display = JSON.parse(panel.dataset.display);
  let page = 0;
  let timer = 0;

  const line = (text, title) => {
    const p = document.createElement("p");
    p.textContent = text;
    if (title) p.className = "title";
    return p;
  };

  const show = () => {
    clearTimeout(timer);
    document.body.className = display.takeOver ? "alert" : "";
    if (display.pages.length === 0) {
      const idle = line("Aucune information en ce moment.", false);
      idle.className = "idle";
      panel.replaceChildren(idle);
      count.textContent = "";
      return;
    }
    page %= display.pages.length;
    const now = display.pages[page];
    const box = document.createElement("div");
    box.className = "page";
    now.lines.forEach((text, i) => box.append(line(text, (now.title || []).includes(i))));
    panel.replaceChildren(box);
    count.textContent = `Page ${page + 1} sur ${display.pages.length}`;
    if (display.pages.length > 1) {
      timer = setTimeout(() => { page++; show(); }, now.seconds * 1000);
    }
  };

  new EventSource(panel.dataset.events).addEventListener("display", (event) => {
    const next = JSON.parse(event.data);
    if (next.hash === display.hash) return;
    display = next;
    page = 0;
    show();
  });
  show();
})();
