// Single-key shortcuts of the console. Everything they do, links and buttons do too. They can be turned off
// (WCAG 2.1.4), are silent while a field has the focus, and never approve: they only bring the focus.
"use strict";
(() => {
  const stored = "crieur-keys";
  const on = () => localStorage.getItem(stored) !== "off";
  const hint = document.querySelector("[data-keys]");
  const toggle = document.querySelector("[data-keys-toggle]");
  const show = () => {
    if (!hint || !toggle) return;
    hint.hidden = false;
    hint.querySelector("[data-keys-on]").hidden = !on();
    toggle.textContent = on() ? toggle.dataset.off : toggle.dataset.on;
  };
  if (toggle) {
    toggle.addEventListener("click", () => {
      localStorage.setItem(stored, on() ? "off" : "on");
      show();
    });
  }
  show();

  const move = (step) => {
    const rows = [...document.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    const at = rows.indexOf(document.activeElement);
    const next = rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    next.focus();
    next.closest("article").scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (e) => {
    if (!on() || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    if (e.target.closest("input, textarea, select, [contenteditable]")) return;
    if (e.key === "j") move(1);
    else if (e.key === "k") move(-1);
    else if (e.key === "e") {
      const title = document.getElementById("f-title");
      const row = document.activeElement.closest("[data-row]");
      if (title) title.focus();
      else if (row) row.click();
      else return;
    } else if (e.key === "a") {
      const approve = document.querySelector("[data-approve]");
      if (!approve) return;
      approve.focus();
    } else if (e.key === "n") {
      const entry = document.querySelector('.nav a[href$="/new"]');
      if (!entry) return;
      entry.click();
    } else if (e.key === "u") {
      const undo = document.querySelector("[data-leaving-undo] button");
      if (!undo) return;
      undo.click();
    } else return;
    e.preventDefault();
  });

  // What was just approved leaves in a few seconds: the count is the server's, and so is the leaving.
  const leaving = document.querySelector("[data-leaving]");
  if (leaving) {
    const until = performance.now() + Number(leaving.dataset.leaving);
    const text = leaving.querySelector("[data-leaving-text]");
    const words = text.textContent;
    history.replaceState(null, "", location.pathname);
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (left > 0) {
        text.textContent = words.replace(/\d+/, left);
        setTimeout(tick, 250);
        return;
      }
      text.textContent = text.dataset.leavingText;
      leaving.classList.replace("tone-info", "tone-success");
      leaving.querySelector("[data-leaving-undo]").remove();
    };
    tick();
  }

  // An address is copied at a press, where the page may (HTTPS, or this machine).
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const text = document.getElementById(button.dataset.copy);
      const status = button.parentElement.querySelector("[role=status]");
      status.textContent = "";
      getSelection().selectAllChildren(text); // what a browser refuses to copy is selected: Ctrl+C does it
      try {
        await navigator.clipboard.writeText(text.textContent);
        status.textContent = button.dataset.done;
      } catch {
        text.focus();
      }
    });
  }

  // A form whose answer takes a while says so, and is sent once.
  for (const form of document.querySelectorAll("form[data-wait]")) {
    form.addEventListener("submit", (e) => {
      if (form.ariaBusy === "true") {
        e.preventDefault();
        return;
      }
      form.ariaBusy = "true";
      const wait = form.querySelector("[data-wait-text]");
      wait.textContent = wait.dataset.waitText;
    });
    window.addEventListener("pageshow", () => {
      form.ariaBusy = "false";
      form.querySelector("[data-wait-text]").textContent = "";
    });
  }
  // What is typed in a blank of a model stands in its message.
  const model = document.querySelector("[data-model]");
  if (model) {
    const fill = () => {
      for (const blank of document.querySelectorAll("[data-blank]")) {
        const typed = model.elements[blank.dataset.blank].value.trim();
        blank.textContent = typed || blank.dataset.label;
        blank.classList.toggle("filled", typed !== "");
      }
    };
    model.addEventListener("input", fill);
    fill();
  }

  // An alert is offered a shorter life, until somebody chose one.
  const entry = document.querySelector("[data-entry]");
  if (entry) {
    const { expires, untouched } = entry.elements;
    entry.addEventListener("change", (e) => {
      if (e.target.name !== "class" || ![untouched.value, entry.dataset.expiresAlert].includes(expires.value)) return;
      expires.value = e.target.value === "alert" ? entry.dataset.expiresAlert : untouched.value;
    });
  }

  // The text of an SMS is adapted from what would be sent, link and all, rather than typed anew.
  for (const button of document.querySelectorAll("[data-adapt]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = document.querySelector(`[data-shown="${button.dataset.adapt}"]`);
      const text = document.getElementById(`o-${button.dataset.adapt}`);
      if (shown) text.value = shown.textContent;
      text.focus();
      text.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }

  // What was typed and not sent is not left by a wrong click.
  for (const form of document.querySelectorAll("#edit, [data-entry], [data-model]")) {
    let typed = document.querySelector(".error-summary") !== null; // it came back as it was typed
    form.addEventListener("input", () => { typed = true; });
    form.addEventListener("submit", () => { typed = false; });
    window.addEventListener("beforeunload", (e) => { if (typed) e.preventDefault(); });
  }
  const answer = document.querySelector("[data-focus]");
  if (answer && !document.querySelector(".error-summary")) answer.focus();
})();
