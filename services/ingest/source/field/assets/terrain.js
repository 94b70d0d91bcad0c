// The form on a telephone: it keeps what is written until the server has it.
"use strict";

(() => {
  const form = document.getElementById("entry");
  const status = document.getElementById("status");
  const queue = document.getElementById("queue");
  const words = form.dataset;
  const base = words.base;
  const maxSide = 1920;

  function say(tone, text) {
    const notice = document.createElement("div");
    notice.className = "notice tone-" + tone;
    const body = document.createElement("div");
    body.className = "notice-body";
    const line = document.createElement("p");
    line.textContent = text;
    body.append(line);
    notice.append(body);
    status.replaceChildren(notice);
  }

  async function show() {
    const entries = (await crieurQueue.all()).filter((e) => e.base === base);
    queue.hidden = entries.length === 0;
    queue.querySelector("ul").replaceChildren(...entries.map((entry) => {
      const item = document.createElement("li");
      item.textContent = entry.fields.title;
      if (entry.later && !entry.refused) {
        const reason = document.createElement("p");
        reason.className = "hint";
        reason.textContent = words.later + " " + entry.later;
        item.append(reason);
      }
      if (entry.refused) {
        const reason = document.createElement("p");
        reason.className = "error";
        reason.textContent = words.refused + " " + entry.refused;
        const drop = document.createElement("button");
        drop.type = "button";
        drop.className = "button danger";
        drop.textContent = words.drop + " «\u00a0" + entry.fields.title + "\u00a0»";
        drop.addEventListener("click", async () => { await crieurQueue.drop(entry.id); await show(); });
        item.append(reason, drop);
      }
      return item;
    }));
  }

  // tell says what became of what waited, whether this page or its worker sent it.
  function tell(outcome, announce) {
    if (outcome.signin) say("danger", words.signin);
    else if (outcome.refused > 0) say("danger", words.refusedSome);
    else if (outcome.later > 0) say("info", words.laterSome);
    else if (outcome.sent > 0) say("success", words.sent);
    else if (announce) say("info", words.kept);
  }

  async function flush(announce) {
    tell(await crieurQueue.flush(base), announce);
    await show();
  }

  // shrink draws a photo smaller before it waits: a telephone's network is slow.
  async function shrink(file) {
    try {
      const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
      const ratio = Math.min(1, maxSide / Math.max(picture.width, picture.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.max(1, Math.round(picture.width * ratio));
      canvas.height = Math.max(1, Math.round(picture.height * ratio));
      const pen = canvas.getContext("2d");
      pen.fillStyle = "#fff";
      pen.fillRect(0, 0, canvas.width, canvas.height);
      pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
      return blob || file;
    } catch {
      return file; // the server says whether it is a picture
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = document.getElementById("send");
    button.disabled = true;
    try {
      const data = new FormData(form);
      const fields = {};
      for (const [name, value] of data) if (typeof value === "string") fields[name] = value;
      fields.at = new Date().toISOString();
      const entry = { id: fields.id, base, fields };
      const file = data.get("photo");
      if (file && file.size > 0) {
        const photo = await shrink(file);
        entry.photo = await photo.arrayBuffer();
        entry.photoType = photo.type;
      }
      await crieurQueue.put(entry);
    } catch {
      form.submit(); // no room in the telephone: as without a script
      return;
    } finally {
      button.disabled = false;
    }
    form.reset();
    form.elements.lat.value = form.elements.lon.value = "";
    form.elements.id.value = newID();
    position("");
    await flush(true);
    status.scrollIntoView({ block: "start" });
    const registration = await (navigator.serviceWorker ? navigator.serviceWorker.getRegistration(base) : undefined);
    if (registration && registration.sync) registration.sync.register("crieur-terrain").catch(() => {});
  });

  function newID() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
  }

  const here = document.getElementById("here");
  const nowhere = document.getElementById("nowhere");

  function position(text) {
    document.getElementById("position").textContent = text;
    nowhere.hidden = form.elements.lat.value === "";
  }

  if ("geolocation" in navigator) {
    here.hidden = false;
    here.addEventListener("click", () => {
      position(words.asking);
      navigator.geolocation.getCurrentPosition((found) => {
        form.elements.lat.value = found.coords.latitude.toFixed(6);
        form.elements.lon.value = found.coords.longitude.toFixed(6);
        position(words.found + " " + Math.round(found.coords.accuracy) + " " + words.metres);
      }, () => position(words.noPlace), { enableHighAccuracy: true, timeout: 20000, maximumAge: 60000 });
    });
    nowhere.addEventListener("click", () => {
      form.elements.lat.value = form.elements.lon.value = "";
      position("");
      here.focus();
    });
  }
  position("");

  queue.querySelector("button").addEventListener("click", () => flush(true));
  window.addEventListener("online", () => flush(false));
  window.addEventListener("offline", () => say("info", words.offline));
  if (navigator.serviceWorker) {
    navigator.serviceWorker.register(base + "/sw.js", { scope: base }).catch(() => {});
    navigator.serviceWorker.addEventListener("message", (event) => {
      tell(event.data, false);
      show();
    });
  }
  // The page may be one kept: its identifier was used before.
  form.elements.id.value = newID();
  if (!navigator.onLine) say("info", words.offline);
  flush(false);
})();
