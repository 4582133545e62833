// The list of chats: links, a menu for each, and the field in which one is renamed. What is drawn
// already stays the same elements, so that focus, scrolling and an open menu outlive a change.

import { watchNews } from "./news.js";

const RENAME = "Rename"; // the entry of the menu that is begun here
const MARGIN = 8; // px between a menu and the window's edge

let wishes = 0; // how many this page has had
let waiting = []; // those of which the server has not said that it heard them
const lists = new WeakMap();

// Streamlit calls this whenever the data changed, and at the end what the last call returned.
// markup: chats.html.
export default function ({ data, parentElement, setTriggerValue }, markup) {
  if (!lists.has(parentElement)) {
    parentElement.innerHTML = markup;
    lists.set(parentElement, mount(parentElement));
  }
  const list = lists.get(parentElement);
  list.update(data, setTriggerValue);
  return list.leave;
}

function mount(root) {
  const nav = root.querySelector("nav");
  const [row, field] = root.querySelectorAll("template");
  let drawn = new Map(); // what stands in the list, by day or id
  let shown = {};
  let trigger = null;
  let menu = null; // the one that is open
  let isMoving = false;

  nav.addEventListener("click", clicked);
  nav.addEventListener("keydown", pressed);
  const stopWatching = watchNews(() => trigger("look", true));

  function update(data, setTriggerValue) {
    shown = data;
    trigger = setTriggerValue;
    wishes = Math.max(wishes, data.done);
    waiting = waiting.filter(([n]) => n > data.done);
    isMoving = true;
    const focused = nav.contains(document.activeElement) ? document.activeElement : null;
    const place = rows().indexOf(focused?.closest("[data-chat]"));
    arrange(wanted(data));
    if (focused?.isConnected) focused.focus({ preventScroll: true });
    else if (focused) (rows()[place] ?? rows().at(-1))?.querySelector("a").focus();
    isMoving = false;
    if (menu && !menu.of.isConnected) menu.close();
    menu?.place();
  }

  function rows() {
    return [...nav.querySelectorAll("[data-chat]")];
  }

  // What is to stand in the list, from the top, by day or id.
  function wanted(data) {
    const items = new Map();
    for (const [day, chats] of data.days) {
      items.set(`day ${day}`, drawn.get(`day ${day}`) ?? caption(day));
      for (const [id, title] of chats) {
        const item = drawn.get(`chat ${id}`) ?? chat(id);
        name(item, title);
        const link = item.querySelector("a");
        if (id === data.open) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
        items.set(`chat ${id}`, item);
      }
    }
    return items;
  }

  function arrange(items) {
    for (const [key, item] of drawn) if (!items.has(key)) item.remove();
    drawn = items;
    let next = nav.firstElementChild;
    for (const item of items.values())
      if (item === next) next = next.nextElementSibling;
      else nav.insertBefore(item, next);
  }

  function chat(id) {
    const item = row.content.firstElementChild.cloneNode(true);
    item.dataset.chat = id;
    item.querySelector("a").href = addressOf(id);
    return item;
  }

  function name(item, title) {
    const words = title.trim() || "Untitled";
    item.dataset.title = title;
    item.querySelector("span").textContent = words;
    item.querySelector("[aria-haspopup]").setAttribute("aria-label", `Rename or delete ${words}`);
  }

  function clicked(event) {
    const item = event.target.closest("[data-chat]");
    const link = event.target.closest("a");
    if (link) {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      go(link.href);
    } else if (event.target.closest("[aria-haspopup]")) {
      const isOpen = menu?.of === item;
      menu?.close();
      if (!isOpen) open(item, event.detail === 0 ? 0 : null);
    }
  }

  function pressed(event) {
    const ends = { ArrowDown: 0, ArrowUp: -1 };
    if (!(event.key in ends) || !event.target.matches("[aria-haspopup]")) return;
    event.preventDefault();
    menu?.close();
    open(event.target.closest("[data-chat]"), ends[event.key]);
  }

  // at: which entry gets the focus; null where a pointer needs none.
  function open(item, at) {
    menu = openMenu(item, shown.menu, at, chosen, () => (menu = null));
  }

  function chosen(item, entry) {
    if (entry === RENAME) rename(item);
    else wish(entry, item);
  }

  function rename(item) {
    const form = field.content.firstElementChild.cloneNode(true);
    const box = form.querySelector("input");
    const rest = [...item.children];
    box.value = item.dataset.title;
    for (const part of rest) part.hidden = true;
    item.append(form);
    box.focus();
    box.select();

    function end(isKept) {
      if (!form.isConnected || isMoving) return;
      const title = box.value.trim();
      const hadFocus = form.contains(document.activeElement);
      isMoving = true; // since a field that goes loses the focus
      for (const part of rest) part.hidden = false;
      form.remove();
      isMoving = false;
      if (hadFocus) item.querySelector("[aria-haspopup]").focus();
      if (!isKept || !title || title === item.dataset.title.trim()) return;
      name(item, title);
      wish(RENAME, item, title);
    }

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      end(true);
    });
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !event.isComposing) end(false);
    });
    form.addEventListener("focusout", (event) => {
      if (!form.contains(event.relatedTarget)) end(true);
    });
  }

  function wish(action, item, text = "") {
    waiting.push([++wishes, action, item.dataset.chat, text]);
    trigger("wish", waiting);
  }

  function leave() {
    menu?.close();
    stopWatching();
    lists.delete(root);
  }

  return { update, leave };
}

function caption(day) {
  const item = document.createElement("p");
  item.textContent = day;
  return item;
}

function addressOf(id) {
  return new URL(`./?session=${encodeURIComponent(id)}`, document.baseURI).href;
}

// As Forward would: Streamlit draws the page that the address names, and loads nothing anew.
function go(address) {
  if (address !== location.href) history.pushState({}, "", address);
  dispatchEvent(new PopStateEvent("popstate", { state: {} }));
}

// Over everything, at the button of that chat.
function openMenu(item, entries, at, choose, closed) {
  const button = item.querySelector("[aria-haspopup]");
  const menu = document.createElement("div");
  const gone = new AbortController();
  menu.className = "menu";
  menu.popover = "manual";
  menu.role = "menu";
  menu.tabIndex = -1;
  menu.setAttribute("aria-label", button.getAttribute("aria-label"));
  const parts = entries.map((entry) => {
    const part = document.createElement("button");
    part.type = "button";
    part.role = "menuitem";
    part.tabIndex = -1;
    part.textContent = entry;
    part.addEventListener("click", () => {
      close();
      choose(item, entry);
    });
    part.addEventListener("pointermove", () => part.focus());
    return part;
  });
  menu.append(...parts);
  item.closest("nav").after(menu);
  menu.showPopover();
  button.setAttribute("aria-expanded", "true");
  place();
  (at === null ? menu : parts.at(at)).focus({ preventScroll: true });

  listen(menu, "keydown", pressed);
  listen(menu, "focusout", (event) => {
    if (!menu.contains(event.relatedTarget)) end();
  });
  listen(document, "mousedown", (event) => {
    // A press on the button would take the focus, and so close what its click is to close.
    if (button.contains(event.target)) event.preventDefault();
    else if (!menu.contains(event.target)) end();
  });
  listen(document, "scroll", place);
  listen(window, "resize", place);

  function listen(target, kind, act) {
    target.addEventListener(kind, act, { signal: gone.signal, capture: true });
  }

  function place() {
    const { left, top, bottom } = button.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = menu;
    const fits = bottom + height + MARGIN <= innerHeight;
    const y = fits ? bottom : Math.max(MARGIN, top - height);
    menu.style.top = `${Math.min(y, innerHeight - height - MARGIN)}px`;
    menu.style.left = `${Math.max(MARGIN, Math.min(left, innerWidth - width - MARGIN))}px`;
  }

  function pressed(event) {
    const focused = parts.indexOf(document.activeElement);
    const ways = { ArrowDown: focused + 1, ArrowUp: Math.max(focused, 0) - 1, Home: 0, End: -1 };
    if (event.key in ways) parts.at(ways[event.key] % parts.length).focus();
    else if (event.key === "Escape") close();
    else if (event.key === "Tab") return close(); // and on from the button
    else return;
    event.preventDefault();
  }

  // With the focus given back to where it came from.
  function close() {
    button.focus({ preventScroll: true });
    end();
  }

  function end() {
    if (gone.signal.aborted) return;
    gone.abort();
    button.setAttribute("aria-expanded", "false");
    menu.remove();
    closed();
  }

  return { of: item, place, close };
}
