// Keeps the kiosk's page, script and style: a screen that starts without a
// network still shows what it knew. The network comes first, for four seconds.
"use strict";
const CACHE = "crieur-kiosk-1";
const patience = 4000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  const kept = /^\/kiosk\/[^/]+\/[^/]+$|^\/kiosk-assets\/kiosk\./.test(url.pathname);
  if (event.request.method === "GET" && url.origin === self.location.origin && kept) {
    event.respondWith(answer(url));
  }
});

const answer = async (url) => {
  const cache = await caches.open(CACHE);
  try {
    const fresh = await fetch(url, { cache: "no-cache", signal: AbortSignal.timeout(patience) });
    if (fresh.ok) await cache.put(url.pathname, fresh.clone());
    if (fresh.status === 404) await cache.delete(url.pathname);
    if (fresh.status < 500) return fresh;
    return (await cache.match(url.pathname)) || fresh;
  } catch (lost) {
    return (await cache.match(url.pathname)) || Response.error();
  }
};
