// Keeps the form's page, so that it opens without a network, and sends what waits
// when the network is back.
"use strict";
importScripts("queue.js");

const store = "crieur-terrain-1";
const base = new URL(self.registration.scope).pathname;

// What the form needs without a network. The page that registers this worker was
// read before it: at the first visit, nothing else would keep it.
const needed = [base, base + "/terrain.js", base + "/queue.js", base + "/terrain.css", base + "/manifest.json", "/assets/crieur.css", "/assets/crieur.svg"];

// keep puts an answer aside; of the page, only the form and not the sign-in.
async function keep(path, response) {
  const cache = await caches.open(store);
  const page = path === base;
  if (response.ok && (!page || response.headers.has("X-Crieur-Form"))) await cache.put(path, response.clone());
  else if (page && response.ok) await cache.delete(path); // signed out
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(Promise.all(needed.map(async (path) => keep(path, await fetch(path, { credentials: "same-origin" })))));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("crieur-terrain-") && name !== store) await caches.delete(name);
    await self.clients.claim();
  })());
});

// ours says what may be kept: the form itself, its files and the site's style.
function ours(request) {
  const url = new URL(request.url);
  return request.method === "GET" && url.origin === self.location.origin &&
    (url.pathname === base || url.pathname.startsWith(base + "/") || url.pathname.startsWith("/assets/"));
}

self.addEventListener("fetch", (event) => {
  if (!ours(event.request)) return;
  event.respondWith((async () => {
    const key = new URL(event.request.url).pathname; // one page, whatever its query
    try {
      const response = await fetch(event.request);
      await keep(key, response);
      return response;
    } catch (error) {
      const kept = await (await caches.open(store)).match(key);
      if (kept) return kept;
      throw error;
    }
  })());
});

self.addEventListener("sync", (event) => {
  if (event.tag !== "crieur-terrain") return;
  event.waitUntil((async () => {
    const outcome = await crieurQueue.flush(base);
    for (const client of await self.clients.matchAll()) client.postMessage(outcome);
  })());
});
