// Keeps the form's page, so that it opens without a network, and sends what waits
// when the network is back.
"use strict";
importScripts("queue.js");

const store = "crieur-terrain-1";
const base = new URL(self.registration.scope).pathname;

self.addEventListener("install", () => self.skipWaiting());

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
    const url = new URL(event.request.url);
    const key = url.pathname; // one page, whatever its query
    const cache = await caches.open(store);
    try {
      const response = await fetch(event.request);
      const page = url.pathname === base;
      if (response.ok && (!page || response.headers.has("X-Crieur-Form"))) await cache.put(key, response.clone());
      if (page && response.ok && !response.headers.has("X-Crieur-Form")) await cache.delete(key); // signed out
      return response;
    } catch (error) {
      const kept = await cache.match(key);
      if (kept) return kept;
      throw error;
    }
  })());
});

self.addEventListener("sync", (event) => {
  if (event.tag !== "crieur-terrain") return;
  event.waitUntil((async () => {
    await crieurQueue.flush(base);
    for (const client of await self.clients.matchAll()) client.postMessage("flushed");
  })());
});
