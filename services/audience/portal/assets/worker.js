// The notifications of one authority. Their fields are those of the push
// channel: title, body, url, tag, lang, requireInteraction, leave.
"use strict";

const words = {
  fr: { leave: "Ne plus recevoir" },
  en: { leave: "Stop these" },
};

// address keeps what a browser may open: a page over http or https.
function address(value) {
  if (!value) return "";
  try {
    const url = new URL(value, self.location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : "";
  } catch {
    return "";
  }
}

function read(event) {
  if (!event.data) return {};
  try {
    return event.data.json() || {};
  } catch {
    return { title: event.data.text() };
  }
}

async function show(m) {
  const lang = String(m.lang || "fr");
  const data = { url: address(m.url), leave: address(m.leave), tag: m.tag || "" };
  const options = {
    body: m.body || "", lang, data, requireInteraction: m.requireInteraction === true,
    actions: data.leave ? [{ action: "leave", title: (words[lang.slice(0, 2)] || words.fr).leave }] : [],
  };
  if (m.tag) Object.assign(options, { tag: m.tag, renotify: true });
  await self.registration.showNotification(m.title || "Crieur", options);
  // A page that waits for the code of its own subscription needs no typing.
  for (const page of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    page.postMessage({ crieur: "push", title: m.title || "", tag: m.tag || "" });
  }
}

async function open(url) {
  if (!url) return;
  for (const page of await self.clients.matchAll({ type: "window", includeUncontrolled: true })) {
    if (page.url === url && "focus" in page) return page.focus();
  }
  return self.clients.openWindow(url);
}

async function renew(event) {
  const old = event.oldSubscription;
  if (!old) return; // the next message finds the subscription over, and it is forgotten
  const subscription = event.newSubscription || await self.registration.pushManager.subscribe(old.options);
  await fetch(self.registration.scope + "notifications/appareil", {
    method: "POST",
    body: new URLSearchParams({ do: "renew", subscription: JSON.stringify(old), new: JSON.stringify(subscription) }),
  });
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => event.waitUntil(show(read(event))));
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { url, leave } = event.notification.data || {};
  event.waitUntil(open(event.action === "leave" ? leave : url));
});
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
