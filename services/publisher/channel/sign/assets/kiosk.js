// Shows a sign by its schedule: what is up now and what comes at which time if
// nothing more is heard. Without a network it goes on by that, so that what
// expires leaves in time; worker.js keeps the page for a start without one.
"use strict";
(() => {
  const panel = document.getElementById("panel");
  const count = document.getElementById("count");
  const network = document.getElementById("network");
  const base = panel.dataset.base;
  const heartbeat = 60000;
  const again = 5000;

  // A browser that may keep nothing still works while it is on.
  const keep = (name, value) => { try { localStorage.setItem(base + name, value); } catch (full) { /* shown all the same */ } };
  const kept = (name) => { try { return localStorage.getItem(base + name); } catch (refused) { return null; } };

  // The sign's token comes after # once, where no server reads it.
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    keep("#token", given);
    history.replaceState(null, "", location.pathname);
  }
  const token = given || kept("#token");

  // The time is the server's when it last wrote. A screen that was off may start
  // at any hour of the past: never earlier than what it has seen.
  let offset = Number(kept("#offset")) || 0;
  let floor = Number(kept("#seen")) || 0;
  const clock = () => Math.max(Date.now() + offset, floor + performance.now());

  let schedule = JSON.parse(panel.dataset.schedule);
  const stored = JSON.parse(kept("#schedule") || "null");
  if (stored && stored.now > schedule.now) schedule = stored;

  let shown = "";  // hash
  let since = 0;   // ms, by clock: when it came up
  let page = 0;
  let turned = 0;  // ms, by performance.now
  let told = -heartbeat;

  const due = () => {
    const now = clock();
    let hash = schedule.turns[0].hash;
    for (const turn of schedule.turns) {
      if (turn.from && Date.parse(turn.from) <= now) hash = turn.hash;
    }
    return hash;
  };

  const line = (text, name) => {
    const p = document.createElement("p");
    p.textContent = text;
    p.className = name;
    return p;
  };

  const lines = (now) => {
    const box = document.createElement("div");
    box.className = "page";
    now.lines.forEach((text, i) => box.append(line(text, (now.title || []).includes(i) ? "title" : "")));
    return box;
  };

  // The same as people write it: the browser lays it out.
  const said = ({ said: { title, facts = [], text = [] }, language }) => {
    const box = document.createElement("article");
    const head = document.createElement("h2");
    head.textContent = title;
    box.className = "page said";
    box.lang = language;
    box.append(head, ...facts.map((fact) => line(fact, "fact")), ...text.map((paragraph) => line(paragraph, "")));
    for (const part of box.children) part.dir = "auto";
    return box;
  };

  // As large as the screen holds with every word whole, and never smaller than
  // kiosk.css has it.
  const fit = () => {
    const box = panel.querySelector(".said");
    if (!box) return;
    const page = document.documentElement;
    box.style.fontSize = "";
    box.style.overflowWrap = "normal";
    let fits = parseFloat(getComputedStyle(box).fontSize);
    let large = Math.min(innerWidth, innerHeight) / 8;
    while (large - fits > 1) {
      const size = (fits + large) / 2;
      box.style.fontSize = `${size}px`;
      if (page.scrollHeight <= page.clientHeight && page.scrollWidth <= page.clientWidth) fits = size;
      else large = size;
    }
    box.style.fontSize = `${fits}px`;
    box.style.overflowWrap = "";
  };
  addEventListener("resize", fit);

  const show = () => {
    const display = schedule.displays[shown];
    turned = performance.now();
    document.body.className = display.takeOver ? "alert" : "";
    if (display.pages.length === 0) {
      panel.replaceChildren(line("Aucune information en ce moment.", "idle"));
      count.textContent = "";
      return;
    }
    const now = display.pages[page];
    panel.replaceChildren(now.said ? said(now) : lines(now));
    fit();
    count.textContent = `Page ${page + 1} sur ${display.pages.length}`;
  };

  // Proof of display and sign of life: only what is really on the screen.
  const tell = () => {
    told = performance.now();
    if (!token || document.visibilityState !== "visible") return;
    fetch(panel.dataset.proof, {
      method: "POST",
      headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
      body: JSON.stringify({ hash: shown, at: new Date(since).toISOString() }),
    }).catch(() => { told = performance.now() - heartbeat + again; });
  };

  const tick = () => {
    const hash = due();
    const pages = schedule.displays[hash].pages;
    if (hash !== shown) {
      shown = hash;
      panel.style.setProperty("--columns", Math.max(16, ...pages.flatMap((p) => p.lines.map((l) => [...l].length))));
      panel.style.setProperty("--rows", Math.max(4, ...pages.map((p) => p.lines.length)));
      since = clock();
      page = 0;
      show();
      tell();
    } else if (pages.length > 1 && performance.now() - turned >= pages[page].seconds * 1000) {
      page = (page + 1) % pages.length;
      show();
    }
    if (performance.now() - told >= heartbeat) {
      keep("#seen", String(clock()));
      tell();
    }
  };

  let last = "";
  const listen = () => {
    const stream = new EventSource(`${base}/events?lastEventId=${last}`);
    stream.addEventListener("open", () => { network.textContent = ""; told = -heartbeat; });
    stream.addEventListener("schedule", (event) => {
      last = event.lastEventId;
      schedule = JSON.parse(event.data);
      offset = Date.parse(schedule.now) - Date.now();
      floor = Date.parse(schedule.now) - performance.now();
      keep("#schedule", event.data);
      keep("#offset", String(offset));
      keep("#seen", String(clock()));
      tick();
    });
    stream.addEventListener("error", () => {
      if (!network.textContent) {
        network.textContent = `Sans réseau depuis ${new Date(clock()).toLocaleTimeString("fr", { hour: "2-digit", minute: "2-digit" })}`;
      }
      // A browser gives up after an answer that is no stream, such as a proxy's 502.
      if (stream.readyState === EventSource.CLOSED) setTimeout(listen, again);
    });
  };

  tick();
  listen();
  setInterval(tick, 1000);
  if ("serviceWorker" in navigator) {
    navigator.serviceWorker.register("/kiosk-assets/worker.js", { scope: "/kiosk/" })
      .then(() => navigator.serviceWorker.ready)
      // The page was loaded before its worker: once more, to be kept.
      .then(() => caches.open("crieur-kiosk-1"))
      .then((cache) => cache.addAll([base, ...[...document.querySelectorAll("link[rel=stylesheet], script[src]")].map((e) => e.href || e.src)]))
      .then(() => { document.documentElement.dataset.kept = "yes"; })
      .catch(() => { /* without https a browser keeps nothing; the page works while it is on */ });
  }
})();
