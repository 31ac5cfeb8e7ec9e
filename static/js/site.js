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

  // The site takes whatever is sent sooner for a program's doing, and people with autofill are quick.
  function pauseFor(form) {
    const pause = form.querySelector("[data-pause-ms]");
    return pause ? Number(pause.dataset.pauseMs) - performance.now() : 0;
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

  fillTimeZone();
  focusErrors();
  document.addEventListener("submit", sendOnce);
  // Coming back with the Back button shows the page as it was left.
  window.addEventListener("pageshow", () => document.querySelectorAll("form").forEach(release));
})();
