// Small comforts; every page works without them.
(() => {
  "use strict";

  const SEND_AGAIN_AFTER_MS = 10000;

  function fillTimeZone() {
    const field = document.querySelector("input[name=time_zone]");
    if (field && !field.value) {
      field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
    }
  }

  function focusErrors() {
    const summary = document.querySelector(".error-summary");
    if (summary) {
      summary.focus();
    }
  }

  // Not when the visitor asked for the page: on a slow line the server, which counts as well, is asked much later.
  const began = performance.now();

  // The site asks for whatever is sent sooner once more, and people with autofill are quick.
  function pauseFor(form) {
    const pause = form.querySelector("[data-pause-ms]");
    return pause ? Number(pause.dataset.pauseMs) - (performance.now() - began) : 0;
  }

  function release(form) {
    delete form.dataset.sending;
    for (const button of form.querySelectorAll("button[aria-disabled]")) {
      button.removeAttribute("aria-disabled");
    }
  }

  // aria-disabled instead of disabled: a disabled button would not send its name and value.
  function sendOnce(event) {
    const form = event.target;
    if (form.dataset.sending) {
      event.preventDefault();
      return;
    }
    form.dataset.sending = "yes";
    if (event.submitter) {
      event.submitter.setAttribute("aria-disabled", "true");
    }
    setTimeout(release, SEND_AGAIN_AFTER_MS, form);
    const pause = pauseFor(form);
    if (pause > 0) {
      event.preventDefault();
      setTimeout(sendNow, pause, form, event.submitter);
    }
  }

  function sendNow(form, submitter) {
    delete form.dataset.sending;
    form.requestSubmit(submitter);
  }

  // A message that came between the press and the release of a button would push it away from under the finger.
  let released = Promise.resolve();

  function waitForRelease() {
    released = new Promise((done) => {
      for (const end of ["pointerup", "pointercancel"]) {
        addEventListener(end, () => setTimeout(done, 0), { once: true });
      }
    });
  }

  // The same list, id and attributes as partials/_errors.html and Django give a field that came back.
  function say(field, words) {
    const id = `${field.id}_error`;
    const others = (field.getAttribute("aria-describedby") || "").split(" ").filter((it) => it && it !== id);
    document.getElementById(id)?.remove();
    field.toggleAttribute("aria-invalid", false);
    if (words) {
      const item = Object.assign(document.createElement("li"), { textContent: words });
      const list = Object.assign(document.createElement("ul"), { className: "errors", id });
      list.setAttribute("role", "alert");
      list.append(item);
      (field.closest(".line") ?? field).before(list);
      field.setAttribute("aria-invalid", "true");
      others.unshift(id);
    }
    const around = field.closest(".field");
    around.classList.toggle("has-errors", Boolean(around.querySelector(".errors")));
    others.length ? field.setAttribute("aria-describedby", others.join(" ")) : field.removeAttribute("aria-describedby");
  }

  function checkEmail(field) {
    const isWrong = field.value && field.validity.typeMismatch;
    released.then(() => say(field, isWrong ? field.dataset.invalid : ""));
  }

  // How a country writes its numbers, and which there are, is known to the server only.
  async function checkNumber(area, isDone) {
    const [field, country] = [area.querySelector("input"), area.querySelector("select")];
    const [typed, chosen] = [field.value, country?.value];
    const body = new URLSearchParams({ phone: typed, phone_country: chosen ?? "" });
    const answer = await fetch(area.dataset.check, { method: "POST", body }).catch(() => null);
    const said = answer?.ok ? await answer.json() : null;
    await released;
    if (!said || field.value !== typed || country?.value !== chosen) {
      return;
    }
    if (isDone || field.selectionEnd === typed.length) {
      field.value = said.phone;
    }
    if (isDone || !said.error) {
      say(field, said.error);
    }
  }

  const CHECK_AFTER_MS = 250;
  let pause = 0;

  // Groups what is typed, but leaves alone who takes something away.
  function typing(event) {
    const area = event.target.closest("[data-check]");
    clearTimeout(pause);
    if (area && event.inputType?.startsWith("insert")) {
      pause = setTimeout(checkNumber, CHECK_AFTER_MS, area, false);
    }
  }

  function leaving(event) {
    const field = event.target;
    const area = field.closest("[data-check]");
    if (area) {
      clearTimeout(pause);
      // Whatever was wrong with a country that was chosen, or a number that was taken away, is over.
      if (field.matches("select") || !field.value) {
        released.then(() => say(field, ""));
      }
      if (area.querySelector("input").value) {
        checkNumber(area, true);
      }
    } else if (field.dataset.invalid) {
      checkEmail(field);
    }
  }

  fillTimeZone();
  focusErrors();
  document.addEventListener("pointerdown", waitForRelease);
  document.addEventListener("input", typing);
  document.addEventListener("change", leaving);
  document.addEventListener("submit", sendOnce);
  // Coming back with the Back button shows the page as it was left.
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach(release));
})();
