// The entries that wait in the telephone. The page and the service worker share it.
"use strict";

const crieurQueue = (() => {
  function open() {
    return new Promise((resolve, reject) => {
      const request = indexedDB.open("crieur-terrain", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("entries", { keyPath: "id" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }

  async function run(mode, act) {
    const db = await open();
    try {
      return await new Promise((resolve, reject) => {
        const transaction = db.transaction("entries", mode);
        const request = act(transaction.objectStore("entries"));
        transaction.oncomplete = () => resolve(request.result);
        transaction.onerror = transaction.onabort = () => reject(transaction.error);
      });
    } finally {
      db.close();
    }
  }

  const put = (entry) => run("readwrite", (store) => store.put(entry));
  const drop = (id) => run("readwrite", (store) => store.delete(id));
  const all = () => run("readonly", (store) => store.getAll());

  // send gives one entry to the server: "sent", "wait" without a network, "later"
  // where the server does not take it now, "signin" or "refused".
  // Sending twice is harmless: the server knows an entry by its identifier.
  async function send(entry) {
    const form = new FormData();
    for (const [name, value] of Object.entries(entry.fields)) form.append(name, value);
    if (entry.photo) form.append("photo", new Blob([entry.photo], { type: entry.photoType }), "photo");
    let response;
    try {
      response = await fetch(entry.base, { method: "POST", body: form, headers: { Accept: "application/json" }, credentials: "same-origin" });
    } catch {
      return "wait"; // no network
    }
    if (response.status === 201) {
      await drop(entry.id);
      return "sent";
    }
    if (response.status === 401) return "signin";
    if (response.status !== 422 && response.status !== 413 && response.status !== 400) {
      await put({ ...entry, later: response.status });
      return "later";
    }
    let reason = String(response.status);
    try {
      reason = (await response.json()).errors.map((e) => e.message).join(" ");
    } catch {
      // the status says enough
    }
    await put({ ...entry, refused: reason });
    return "refused";
  }

  // flush sends what waits for one form, oldest first, until the network fails. One
  // that the server does not take holds no other back.
  async function flush(base) {
    const outcome = { sent: 0, signin: false, refused: 0, later: 0 };
    const waiting = (await all()).filter((e) => !e.refused && (!base || e.base === base));
    waiting.sort((a, b) => a.fields.at.localeCompare(b.fields.at));
    for (const entry of waiting) {
      const result = await send(entry);
      if (result === "sent") outcome.sent++;
      if (result === "signin") outcome.signin = true;
      if (result === "refused") outcome.refused++;
      if (result === "later") outcome.later++;
      if (result === "wait" || result === "signin") break;
    }
    return outcome;
  }

  return { put, drop, all, flush };
})();
