// What Streamlit has no way to do: the clipboard, where the page stands, the keys, a stop at once.
// Whatever is looked for is looked for when it is needed; where it is not there, nothing happens.

import { savedPrompts } from "./prompts.js";

const NEAR = 40; // px from the end that count as the end
const FAR = 300; // px from the end at which a way back is offered
const TOLD = 2500; // ms that a word such as "Copied" stays
const COMPOSER = ".st-key-prompt textarea";
const REPLY = "[class*=st-key-message_]:has([aria-label='Chat message from assistant'])";
const CONNECTION = "data-test-connection-state";

let calls = 0;
let mounted = null;
let copied = null;

// Streamlit calls this whenever the data changed, and at the end what the last call returned.
// markup: page.html.
export default function ({ data, parentElement, setTriggerValue }, markup) {
  const call = ++calls;
  if (mounted?.root !== parentElement) {
    mounted?.leave();
    parentElement.innerHTML = markup;
    mounted = mount(parentElement);
  }
  mounted.update(data, setTriggerValue);
  if (data.copy && data.copy.at !== copied) {
    copied = data.copy.at;
    copy(parentElement, data.copy.text ?? addressOf(data.chat, data.copy.message));
  }
  return () => {
    if (call !== calls) return;
    mounted.leave();
    mounted = null;
  };
}

function mount(root) {
  const gone = new AbortController();
  const main = document.querySelector("[data-testid=stMain]");
  const back = root.querySelector("#back");
  const grown = new ResizeObserver(settle);
  const connection = new MutationObserver(reconnected);
  let shown = {};
  let trigger = null;
  let at = ""; // what is kept in view: "end", the id of a message, or "" for where the person is
  let top = 0; // px, main.scrollTop as last seen
  let linked = null;
  let focusDue = ""; // a selector
  let isUnknown = false; // the server may know nothing of this page
  let isStopping = false;

  function listen(target, kinds, act, options) {
    for (const kind of kinds.split(" "))
      target.addEventListener(kind, act, { signal: gone.signal, ...options });
  }

  listen(document, "wheel touchmove pointerdown keydown", takeOver, { capture: true, passive: true });
  const saved = savedPrompts(root, listen); // it hears Escape first
  listen(document, "keydown", escaped, { capture: true });
  listen(document, "focusin", ({ target }) => isField(target) && (focusDue = ""));
  listen(document, "click", stopAtOnce, { capture: true });
  listen(document, "click", clicked);
  listen(document, "keydown", pressed);
  listen(document, "input", weigh);
  listen(back, "click", () => {
    at = "end";
    settle();
    focus(COMPOSER);
  });
  listen(document, "visibilitychange", refresh);
  const app = document.querySelector("[data-testid=stApp]");
  if (app) connection.observe(app, { attributeFilter: [CONNECTION], attributeOldValue: true });
  if (main) {
    listen(main, "scroll", scrolled, { passive: true });
    for (const part of [main, ...main.children]) grown.observe(part);
  }

  function update(data, setTriggerValue) {
    const other = data.chat !== shown.chat;
    if (data.message && (other || data.message !== shown.message)) at = data.message;
    else if (other || data.messages > shown.messages) at = data.chat ? "end" : "";
    else if (data.stay !== shown.stay) at = data.stay;
    const isNew = shown.chat === undefined;
    if (other) focusDue = data.message || (isNew && isField(document.activeElement)) ? "" : COMPOSER;
    if (data.edited && data.edited !== shown.edited)
      focusDue = `.st-key-edit_${data.edited} textarea, .st-key-next_text textarea`;
    if (other && !data.chat) main?.scrollTo(0, 0);
    if (!data.message) unmark();
    shown = data;
    trigger = setTriggerValue;
    settle();
  }

  // Show what is to be kept in view, after anything on the page grew or shrank.
  function settle() {
    const message = at && at !== "end" && document.querySelector(`.st-key-message_${at}`);
    if (message && at === shown.message) mark(message);
    else if (message) message.scrollIntoView();
    else if (at) main?.scrollTo(0, main.scrollHeight);
    if (focusDue && focus(focusDue)) focusDue = "";
    saved.place();
    weigh();
    look();
  }

  // Whether what is written takes more room than the gauge reckons with.
  function weigh() {
    const room = document.querySelector("[data-room]")?.dataset.room;
    const written = composer()?.value.length ?? 0;
    document.body.toggleAttribute("data-longer", Boolean(room) && written > room);
  }

  function look() {
    if (!main) return;
    top = main.scrollTop;
    back.hidden = !shown.chat || rest() < FAR;
  }

  function rest() {
    return main.scrollHeight - main.clientHeight - main.scrollTop;
  }

  // Upwards is the person's own way, unless Safari bounces off the end.
  function scrolled() {
    if (at === "end" && main.scrollTop < top && rest() > 1) at = "";
    else if (at === "" && main.scrollTop > top && rest() < NEAR) at = "end";
    look();
  }

  function takeOver(event) {
    focusDue = "";
    if (at !== "end") at = "";
    if (event.type === "pointerdown") unmark();
  }

  function clicked(event) {
    // What unfolds is read from its beginning.
    if (event.target.closest("summary")) at = "";
    if (event.target.closest(".st-key-new_chat")) focus(COMPOSER);
    // On a phone the sidebar lies over what was chosen in it.
    if (innerWidth <= 768 && event.target.closest("[data-testid=stSidebar] a, .st-key-new_chat"))
      document.querySelector("[data-testid=stSidebarCollapseButton] button")?.click();
  }

  // A server that was restarted knows nothing of this page until it is drawn once.
  function reconnected([{ oldValue, target }]) {
    if (target.getAttribute(CONNECTION) !== "CONNECTED" || oldValue === "CONNECTED") return;
    isUnknown = true;
    refresh();
  }

  // Have the page drawn anew, where a reply that it follows does not keep it up to date.
  function refresh() {
    if (!isUnknown || document.hidden || document.querySelector(".st-key-stop button")) return;
    isUnknown = false;
    trigger("look", true);
  }

  // Not by a shortcut of Streamlit's, which would stop a reply when Escape is meant for a menu.
  function escaped(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    // A select box keeps the focus when its list was closed, and then has no use for Escape.
    const typing = event.target.closest?.("input:not([role=combobox]), textarea");
    if (typing && typing !== composer()) return;
    if (document.querySelector("[role=listbox], [role=menu], [role=dialog], dialog[open]")) return;
    document.querySelector(".st-key-stop button")?.click();
  }

  // Past what the page was asked for before, such as a prompt whose files are being read, and with
  // no run of its script. Where that is not done, the button does it.
  async function stopAtOnce(event) {
    const button = event.target.closest(".st-key-stop button");
    if (!button || isStopping) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    isStopping = true;
    if (!(await isStopped(lastReply()))) button.click();
    isStopping = false;
  }

  function pressed(event) {
    if (event.defaultPrevented || event.altKey || event.repeat) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && event.shiftKey && (event.key === ";" || event.code === "Semicolon"))
      trigger("copy_reply", true);
    else if (event.key === "/" && !command && !isField(event.composedPath()[0])) composer()?.focus();
    else return;
    event.preventDefault();
  }

  function mark(message) {
    message.scrollIntoView();
    if (message === linked) return;
    unmark();
    linked = message;
    linked.dataset.linked = "";
    linked.tabIndex = -1;
    linked.focus({ preventScroll: true });
  }

  function unmark() {
    delete linked?.dataset.linked;
    linked = null;
  }

  function leave() {
    gone.abort();
    grown.disconnect();
    connection.disconnect();
    saved.leave();
    unmark();
  }

  return { root, update, leave };
}

// The id of the last one on the page.
function lastReply() {
  const replies = document.querySelectorAll(REPLY);
  return /st-key-message_(\d+)/.exec(replies[replies.length - 1]?.className)?.[1];
}

async function isStopped(reply) {
  try {
    const answer = await fetch(`api/messages/${reply}/stop`, { method: "POST" });
    return answer.ok && (await answer.json()).state === "stopped";
  } catch {
    return false;
  }
}

export function composer() {
  return document.querySelector(COMPOSER);
}

// Whether nothing is left to do: on a touch screen the keyboard would cover the chat.
function focus(selector) {
  if (!matchMedia("(hover: hover) and (pointer: fine)").matches) return true;
  const box = document.querySelector(selector);
  box?.focus({ preventScroll: true });
  return box !== null && document.activeElement === box;
}

// Whether what is typed there is meant for it.
function isField(target) {
  return target.isContentEditable || target.closest?.("input, textarea, select, [role=menu], [role=listbox]");
}

function addressOf(chat, message) {
  return `${location.origin}${location.pathname}?session=${chat}&message=${message}`;
}

async function copy(root, text) {
  try {
    await navigator.clipboard.writeText(text); // there on https and localhost only
  } catch {
    if (!copyByCommand(text)) return offer(root, text);
  }
  tell(root, "Copied");
}

function copyByCommand(text) {
  let done = false;
  function put(event) {
    event.clipboardData.setData("text/plain", text);
    event.preventDefault();
    event.stopImmediatePropagation();
    done = true;
  }
  document.addEventListener("copy", put, { capture: true });
  document.execCommand("copy");
  document.removeEventListener("copy", put, { capture: true });
  return done;
}

// The browser wants a click of its own for it, or refuses altogether.
function offer(root, text) {
  const dialog = root.querySelector("dialog");
  const box = dialog.querySelector("textarea");
  box.value = text;
  dialog.querySelector("#copy").onclick = () => {
    box.select();
    if (!copyByCommand(text)) return;
    dialog.close();
    tell(root, "Copied");
  };
  dialog.querySelector("#close").onclick = () => dialog.close();
  dialog.onkeydown = (event) => event.stopPropagation(); // Escape closes this and stops no reply
  if (!dialog.open) dialog.showModal();
  box.select();
}

let telling = 0;

export function tell(root, word) {
  const place = root.querySelector("output");
  place.textContent = word;
  clearTimeout(telling);
  telling = setTimeout(() => (place.textContent = ""), TOLD);
}
