// The saved prompts at the composer: a list of them opens where one types "/" into the empty box,
// or presses the button in it. Names and texts are shown as text, whatever they hold.

import { composer, tell } from "./page.js";

const MOST = 50; // prompts that are listed at once
const LISTED = "saved_prompts";

export function savedPrompts(root, listen) {
  const button = root.querySelector("#prompts");
  const host = root.querySelector("slot").getRootNode().host;
  // Beside the shadow of the component and shown by its slot: the box can name only what is in its
  // own tree to those who hear the page.
  const list = document.createElement("div");
  list.id = LISTED;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Saved prompts");
  let known = [];
  let shown = [];
  let at = 0; // which of them is marked
  let word = null; // what the names are looked through for; null while the list is shut
  let isRefused = false; // shut by Escape, for as long as the box holds a word with "/"
  let isOurs = false; // "/" was put there by the button

  listen(document, "keydown", pressed, { capture: true });
  listen(document, "input", typed);
  listen(document, "focusin", (event) => event.target === composer() && load());
  listen(document, "focusout", (event) => event.target === composer() && shut());
  listen(list, "mousedown", (event) => event.preventDefault()); // the box keeps the focus
  listen(button, "mousedown", (event) => event.preventDefault());
  listen(button, "click", toggle);
  const typing = composer();
  // What was typed before this was fetched.
  if (typing && typing === document.activeElement) typed({ target: typing });

  function typed(event) {
    const box = composer();
    if (event.target !== box) return;
    const found = wordOf(box.value);
    if (found === null) isRefused = isOurs = false;
    if (found === null || isRefused) shut();
    else open(found);
  }

  function toggle() {
    const box = composer();
    if (word !== null) return refuse();
    box.focus();
    isRefused = false;
    isOurs = box.value === "";
    if (isOurs) put(box, "/", 0, 0);
    else open(wordOf(box.value) ?? "");
  }

  function open(found) {
    const wasShut = word === null;
    word = found;
    shown = []; // the mark begins at the first again
    draw();
    if (wasShut) load();
  }

  function shut() {
    word = null;
    draw();
  }

  function refuse() {
    const box = composer();
    isRefused = true;
    shut();
    if (isOurs && box.value === "/") put(box, "", 0, 1);
    isOurs = false;
  }

  async function load() {
    try {
      const answer = await fetch("prompts");
      if (answer.ok) known = await answer.json();
    } catch {
      return; // those known before are still worth showing
    }
    draw();
  }

  function draw() {
    const marked = shown[at]?.id;
    shown = word === null ? [] : matching(known, word);
    at = Math.max(0, shown.findIndex((prompt) => prompt.id === marked));
    const none = word === "" && known.length === 0;
    list.replaceChildren(...(none ? [hint()] : shown.map(option)));
    if (none || shown.length) host.append(list);
    else list.remove();
    button.setAttribute("aria-expanded", String(list.isConnected));
    mark(at);
  }

  function option(prompt, n) {
    const line = document.createElement("div");
    line.id = `saved_prompt_${prompt.id}`;
    line.setAttribute("role", "option");
    const name = document.createElement("b");
    name.textContent = `/${prompt.name}`;
    const begins = document.createElement("span");
    begins.textContent = prompt.begins.replace(/\s+/g, " ").trim();
    line.append(name, " ", begins);
    line.onclick = () => choose(prompt);
    line.onmousemove = () => mark(n, false);
    return line;
  }

  function mark(n, isScrolled = true) {
    at = n;
    [...list.children].forEach((line, i) => line.setAttribute("aria-selected", String(i === n)));
    const marked = shown.length ? list.children[n] : null;
    if (isScrolled) marked?.scrollIntoView({ block: "nearest" });
    describe(composer(), marked);
  }

  function pressed(event) {
    if (!list.isConnected || event.target !== composer() || event.isComposing) return;
    if (event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "Escape") refuse();
    else if (!shown.length) return;
    else if (event.key === "ArrowDown") mark((at + 1) % shown.length);
    else if (event.key === "ArrowUp") mark((at + shown.length - 1) % shown.length);
    else if (event.key === "Enter" || event.key === "Tab") choose(shown[at]);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // In place of the word that was typed, or where the caret is in a longer text.
  async function choose(prompt) {
    const box = composer();
    const before = box.value;
    const span = wordOf(before) === null ? [box.selectionStart, box.selectionEnd] : [0, before.length];
    shut();
    const text = await textOf(prompt);
    if (text === null) tell(root, "This prompt could not be read: try again.");
    else if (box.value === before) {
      isRefused = true; // the text may be such a word itself
      put(box, text, ...span);
    }
  }

  // The list as wide as the input, the button left of that which sends: Streamlit places both.
  function place() {
    const input = composer()?.closest("[data-testid=stChatInput]");
    const send = input?.querySelector("[data-testid=stChatInputSubmitButton]");
    button.hidden = !send;
    if (!send) return;
    const from = host.getBoundingClientRect();
    const [wide, to] = [input.getBoundingClientRect(), send.getBoundingClientRect()];
    list.style.left = `${wide.left - from.left}px`;
    list.style.width = `${wide.width}px`;
    button.style.left = `${to.left - from.left - to.width - 4}px`;
    button.style.top = `${to.top - from.top}px`;
  }

  function leave() {
    word = null;
    list.remove();
    describe(composer(), null);
  }

  return { place, leave };
}

// The "rev" of "/rev"; null where the box holds anything else.
function wordOf(text) {
  return /^\/([\p{L}\p{N}_-]*)$/u.exec(text)?.[1] ?? null;
}

// Names that begin with the word, then those that hold it elsewhere.
function matching(prompts, word) {
  const wanted = word.normalize().toLowerCase();
  const places = prompts.map((prompt) => [prompt.name.toLowerCase().indexOf(wanted), prompt]);
  const first = places.filter(([place]) => place === 0);
  const later = places.filter(([place]) => place > 0);
  return [...first, ...later].slice(0, MOST).map(([, prompt]) => prompt);
}

async function textOf(prompt) {
  try {
    const answer = await fetch(`prompts/${prompt.id}`);
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

// React takes notice of a change that an input event tells of.
function put(box, text, from, to) {
  box.setRangeText(text, from, to, "end");
  box.dispatchEvent(new Event("input", { bubbles: true }));
  box.scrollTop = box.scrollHeight;
}

function hint() {
  const line = document.createElement("p");
  line.textContent = "No saved prompts yet: save one from the menu of a message, or under Settings.";
  return line;
}

// To those who hear the page: which line of the list is marked.
function describe(box, marked) {
  if (!box) return;
  if (marked) box.setAttribute("aria-controls", LISTED);
  else box.removeAttribute("aria-controls");
  if (marked) box.setAttribute("aria-activedescendant", marked.id);
  else box.removeAttribute("aria-activedescendant");
}
