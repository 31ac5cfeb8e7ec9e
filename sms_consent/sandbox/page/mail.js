// The mailbox. HTML mails are shown in a frame that runs no scripts; links open in a new tab.

import { NewestFirst, byId, clockTime, count, el, when } from "./dom.js";

const MAX_SHOWN = 200;
const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]]/g;
const read = new Set();
const mails = new NewestFirst(byId("mails"), MAX_SHOWN, drawMail);

export function showMails(state) {
  if (state.full) mails.clear();
  mails.update(state.mails, (mail) => mail.number, { moves: false, marks: !state.full });
  byId("mails-empty").hidden = mails.items.size > 0;
  byId("mail-count").textContent = mails.items.size ? count(mails.items.size, "mail", "mails") : "Every mail the site sends";
}

function drawMail(mail) {
  const button = el(read.has(mail.number) ? "button" : "button.unread",
    { type: "button", onclick: () => open(mail.number, button) },
    el("span.subject", {}, mail.subject || "(no subject)"),
    el("span.to", {}, el("span", {}, `to ${mail.to.join(", ")}`), when(mail.at)));
  return el("li", {}, button);
}

async function open(number, button) {
  const mail = await (await fetch(`/__sandbox/mails/${number}`)).json();
  read.add(number);
  button.classList.remove("unread");
  byId("mail-subject").textContent = mail.subject || "(no subject)";
  const facts = [["From", mail.sender], ["To", mail.to.join(", ")], ["At", clockTime(mail.at)]];
  byId("mail-facts").replaceChildren(...facts.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)]));
  show(mail, mail.html ? "HTML" : "Text");
  byId("mail").showModal();
}

function show(mail, form) {
  const forms = [mail.html && "HTML", mail.text && "Text", "Headers"].filter(Boolean);
  byId("mail-forms").replaceChildren(...forms.map((name) => el("button",
    { type: "button", "aria-pressed": String(name === form), onclick: () => show(mail, name) }, name)));
  const draw = { HTML: htmlMail, Text: textMail, Headers: headers }[form];
  byId("mail-body").replaceChildren(draw(mail));
}

const htmlMail = (mail) => el("iframe", {
  title: "The mail", referrerpolicy: "no-referrer", sandbox: "allow-popups allow-popups-to-escape-sandbox",
  srcdoc: `<!doctype html><meta name="color-scheme" content="light"><base target="_blank"><style>body{font:16px/1.5 system-ui,sans-serif}</style>${mail.html}`,
});

function textMail(mail) {
  const letter = el("div.letter", { tabindex: "0" });
  let end = 0;
  for (const match of mail.text.matchAll(LINK)) {
    letter.append(mail.text.slice(end, match.index),
      el("a", { href: match[0], target: "_blank", rel: "noopener noreferrer" }, match[0]));
    end = match.index + match[0].length;
  }
  letter.append(mail.text.slice(end));
  return letter;
}

const headers = (mail) => el("pre", { tabindex: "0" },
  Object.entries(mail.headers).map(([name, value]) => `${name}: ${value}`).join("\n"));

export function startMail() {
  byId("mail-close").addEventListener("click", () => byId("mail").close());
  byId("mail").addEventListener("click", (event) => {
    if (event.target === byId("mail")) byId("mail").close(); // a click beside it
  });
}
