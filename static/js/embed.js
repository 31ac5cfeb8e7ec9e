// Puts the phone form where this script stands on somebody else's page: docs/embedding.md.
(() => {
  "use strict";

  const script = document.currentScript;
  const site = new URL(script.src).origin;
  const { program, title = "Get texts", language = document.documentElement.lang } = script.dataset;

  const frame = document.createElement("iframe");
  frame.title = title;
  frame.referrerPolicy = "origin"; // which site a consent came from is part of its proof
  Object.assign(frame.style, { display: "block", width: "100%", height: "40rem", border: "0", color: "CanvasText" });
  script.after(frame);

  // A dark frame on a page that stays light would be a black block: browsers give it a background of its own.
  const isLight = getComputedStyle(frame).color === "rgb(0, 0, 0)";
  const asked = { ...(program && { program }), ...(language && { lang: language }), ...(isLight && { scheme: "light" }) };
  const query = new URLSearchParams(asked);
  frame.src = `${site}/embed/phone/?${query}`;

  window.addEventListener("message", ({ origin, source, data }) => {
    const isOurs = origin === site && source === frame.contentWindow;
    if (isOurs && data && Number.isFinite(data.optinHeight)) {
      frame.style.height = `${Math.ceil(data.optinHeight)}px`;
    }
  });
})();
