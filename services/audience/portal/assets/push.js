// Turns notifications on and off on this device, and enters by itself the code
// that is sent in one.
(() => {
  "use strict";

  const box = document.getElementById("push");
  if (box) turn(box);
  const code = document.querySelector("form[data-code]");
  if (code && "serviceWorker" in navigator) {
    navigator.serviceWorker.addEventListener("message", ({ data }) => {
      const digits = data && data.crieur === "push" && data.tag === code.dataset.code && /\d{6}/.exec(data.title);
      if (!digits) return;
      code.elements.code.value = digits[0];
      code.requestSubmit();
    });
    navigator.serviceWorker.startMessages();
  }

  function turn(box) {
    const show = (state) => {
      for (const part of box.querySelectorAll("[data-state]")) part.hidden = part.dataset.state !== state;
    };
    const form = box.querySelector("form[data-subscribe]");
    const { worker, scope, key, fresh } = box.dataset;
    if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return show("unsupported");
    if (Notification.permission === "denied") return show("denied");
    current(scope).then(async (subscription) => {
      if (subscription && fresh) {
        await subscription.unsubscribe();
        subscription = null;
      }
      if (!subscription || form.dataset.again) return show("off");
      for (const field of box.querySelectorAll("form[data-device] input[name=subscription]")) field.value = JSON.stringify(subscription);
      show("on");
    }).catch(() => show("off"));

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const button = form.querySelector("button");
      button.disabled = true;
      box.querySelector("[data-problem]").hidden = true;
      subscribe(worker, scope, key).then((subscription) => {
        if (!subscription) return show("denied");
        form.elements.subscription.value = JSON.stringify(subscription);
        form.submit();
      }).catch(() => {
        button.disabled = false;
        const problem = box.querySelector("[data-problem]");
        problem.hidden = false;
        problem.focus();
      });
    });
  }

  async function current(scope) {
    const registration = await navigator.serviceWorker.getRegistration(scope);
    return registration ? registration.pushManager.getSubscription() : null;
  }

  // subscribe returns nothing where the resident says no.
  async function subscribe(worker, scope, key) {
    if (await Notification.requestPermission() !== "granted") return null;
    const registration = await navigator.serviceWorker.register(worker, { scope });
    await active(registration);
    const answer = await fetch(key);
    if (!answer.ok) throw new Error("no key");
    const options = { userVisibleOnly: true, applicationServerKey: bytes((await answer.json()).key) };
    try {
      return await registration.pushManager.subscribe(options);
    } catch (problem) {
      const old = await registration.pushManager.getSubscription(); // of another key
      if (!old) throw problem;
      await old.unsubscribe();
      return registration.pushManager.subscribe(options);
    }
  }

  function active(registration) {
    if (registration.active) return Promise.resolve();
    const worker = registration.installing || registration.waiting;
    return new Promise((resolve) => worker.addEventListener("statechange", () => worker.state === "activated" && resolve()));
  }

  function bytes(base64url) {
    const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(text, (c) => c.charCodeAt(0));
  }
})();
