// The frame around the pages: navigation, keys, language, theme, login. A page is made by a module's
// open(context) and has: element, title(), render(), and optionally move(step), enter(), back(),
// search(), key(event), live(kind, data), close().
import { fill, h, icon } from "./dom.js";
import { LANGUAGES, currentLanguage, preferredLanguage, t, useLanguage, zoneName } from "./text.js";
import { explain, listen, logIn, logOut, stopListening, whenLoggedOut } from "./net.js";
import * as list from "./list.js";

const PAGES = {
  incidents: (rest) => (rest.length ? import("./incident.js") : Promise.resolve(list)),
  entity: () => import("./entity.js"),
  events: () => import("./events.js"),
  ledger: () => import("./ledger.js"),
};
const NAVIGATION = [
  ["incidents", "i"],
  ["events", "e"],
  ["ledger", "l"],
];

let page = null;
let loggedIn = true;
let liveState = "waiting";
let pendingGo = 0;
const bar = h("header", { class: "bar" });
const main = h("main", { id: "main", tabindex: "-1" });
const help = h("dialog", { class: "help" });
const toast = h("div", { class: "toast", role: "status", hidden: true });

// ---- where we are

export function go(hash) {
  if (location.hash === hash) open();
  else location.hash = hash;
}

function route() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const parts = path.split("/").map(decodeURIComponent);
  const name = parts[0] in PAGES ? parts[0] : "incidents";
  return { name, rest: parts.slice(1).filter((part) => part !== ""), query: new URLSearchParams(query ?? "") };
}

let opening = 0;
async function open() {
  const { name, rest, query } = route();
  const turn = ++opening;
  const module = await PAGES[name](rest);
  if (turn !== opening || !loggedIn) return;
  // A page may follow a change of address within itself, and keep what it has.
  if (page?.module === module && page.follow?.(rest, query)) return renderBar();
  page?.close?.();
  page = module.open({ rest, query, go, say });
  page.module = module;
  page.name = name;
  fill(main, page.element);
  renderBar();
  window.scrollTo(0, 0);
}

// ---- what is always there

function renderBar() {
  document.title = page?.title ? `${page.title()} · Picket` : "Picket";
  if (!loggedIn) return fill(bar, brand(), h("span", { class: "grow" }), languageSwitch(), themeSwitch());
  fill(
    bar,
    brand(),
    h(
      "nav",
      { "aria-label": t("nav") },
      NAVIGATION.map(([name, key]) =>
        h(
          "a",
          {
            href: `#/${name}`,
            class: page?.name === name ? "here" : "",
            "aria-current": page?.name === name ? "page" : null,
            title: `g ${key}`,
          },
          t(`nav.${name}`),
        ),
      ),
    ),
    h("span", { class: "grow" }),
    h(
      "span",
      { class: `live ${liveState}`, title: t(`live.${liveState}.hint`) },
      h("i"),
      t(`live.${liveState}`),
    ),
    h("span", { class: "zone", title: t("zone.hint") }, zoneName()),
    languageSwitch(),
    themeSwitch(),
    h("button", { class: "quiet", title: t("keys.title"), "aria-label": t("keys.title"), on: { click: showHelp } }, "?"),
    h("button", { class: "quiet", title: t("logout"), "aria-label": t("logout"), on: { click: leave } }, icon("out")),
  );
}

const brand = () =>
  h("a", { class: "brand", href: "#/incidents" }, h("img", { src: "/icon.svg", alt: "", width: 20, height: 20 }), "Picket");

function languageSwitch() {
  return h(
    "span",
    { class: "switch", role: "group", "aria-label": t("language") },
    Object.entries(LANGUAGES).map(([code, name]) =>
      h(
        "button",
        {
          lang: code,
          title: name,
          "aria-label": name,
          "aria-pressed": String(code === currentLanguage()),
          data: { language: code },
          on: { click: () => changeLanguage(code) },
        },
        code.toUpperCase(),
      ),
    ),
  );
}

async function changeLanguage(code) {
  await useLanguage(code);
  localStorage.setItem("picket.language", code);
  const focused = document.activeElement?.dataset?.language;
  renderBar();
  if (loggedIn) page?.render();
  else showLogin();
  if (focused) bar.querySelector(`[data-language=${code}]`)?.focus();
}

const isDark = () =>
  (document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) ===
  "dark";

function themeSwitch() {
  const label = t(isDark() ? "theme.light" : "theme.dark");
  return h(
    "button",
    { class: "quiet", id: "theme", title: label, "aria-label": label, on: { click: changeTheme } },
    icon(isDark() ? "sun" : "moon"),
  );
}

function changeTheme() {
  const next = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = next;
  localStorage.setItem("picket.theme", next);
  renderBar();
  bar.querySelector("#theme").focus();
}

let toastTimer = 0;
export function say(text, bad) {
  fill(toast, text);
  toast.className = bad ? "toast bad" : "toast";
  toast.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => (toast.hidden = true), bad ? 8000 : 3000);
}

// ---- keys

const typing = (element) =>
  element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement;

function showHelp() {
  const rows = [
    ["j k", "keys.move"],
    ["Enter", "keys.open"],
    ["Esc", "keys.back"],
    ["/", "keys.search"],
    ["[ ]", "keys.step"],
    ["a", "keys.acknowledge"],
    ["r", "keys.refresh"],
    ["g i", "nav.incidents"],
    ["g e", "nav.events"],
    ["g l", "nav.ledger"],
    ["?", "keys.title"],
  ];
  fill(
    help,
    h("h2", {}, t("keys.title")),
    h(
      "dl",
      {},
      rows.map(([keys, text]) => [
        h("dt", {}, keys.split(" ").map((key) => [h("kbd", {}, key), " "])),
        h("dd", {}, t(text)),
      ]),
    ),
    h("button", { on: { click: () => help.close() } }, t("close")),
  );
  help.showModal();
}

function onKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || help.open || !loggedIn) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (handleKey(event)) event.preventDefault();
}

function handleKey(event) {
  if (pendingGo && Date.now() - pendingGo < 1500) {
    pendingGo = 0;
    const target = NAVIGATION.find(([, key]) => key === event.key);
    if (target) go(`#/${target[0]}`);
    return Boolean(target);
  }
  switch (event.key) {
    case "g":
      pendingGo = Date.now();
      return true;
    case "?":
      showHelp();
      return true;
    case "/":
      if (page?.search) page.search();
      else go("#/events?focus=1");
      return true;
    case "j":
      page?.move?.(1);
      return true;
    case "k":
      page?.move?.(-1);
      return true;
    case "Escape":
      page?.back?.();
      return true;
    case "Enter":
      return Boolean(page?.enter?.());
    default:
      return Boolean(page?.key?.(event));
  }
}

// ---- who we are

function showLogin(failed) {
  loggedIn = false;
  stopListening();
  page?.close?.();
  page = null;
  renderBar();
  const input = h("input", { type: "password", id: "token", name: "token", autocomplete: "off", required: true, spellcheck: "false" });
  const form = h(
    "form",
    {
      class: "login",
      on: {
        submit: (event) => {
          event.preventDefault();
          enter(input.value.trim());
        },
      },
    },
    h("h1", {}, t("login.title")),
    h("label", { for: "token" }, t("login.token")),
    input,
    failed ? h("p", { class: "error", role: "alert" }, failed) : null,
    h("button", { class: "primary" }, t("login.enter")),
    h("p", { class: "muted" }, t("login.where")),
  );
  fill(main, form);
  input.focus();
}

async function enter(token) {
  try {
    await logIn(token);
  } catch (problem) {
    return showLogin(explain(problem));
  }
  loggedIn = true;
  start();
}

async function leave() {
  try {
    await logOut();
    showLogin();
  } catch (problem) {
    say(explain(problem), true); // still logged in, and should not look otherwise
  }
}

function start() {
  listen((kind, data) => {
    if (kind === "state") {
      if (data === liveState) return;
      liveState = data;
      const dot = bar.querySelector(".live");
      if (dot) {
        dot.className = `live ${liveState}`;
        dot.title = t(`live.${liveState}.hint`);
        fill(dot, h("i"), t(`live.${liveState}`));
      }
    } else {
      page?.live?.(kind, data);
    }
  });
  open();
}

async function begin() {
  await useLanguage(preferredLanguage());
  document.body.append(bar, main, help, toast);
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", () => loggedIn && open());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", renderBar);
  whenLoggedOut(() => loggedIn && showLogin());
  // `picket demo` prints a link with the token in the fragment, which never leaves the browser. It
  // is traded for a cookie and taken out of the address bar.
  const token = location.hash.match(/^#token=(.+)$/);
  if (!token) return start();
  history.replaceState(null, "", "/#/incidents");
  await enter(decodeURIComponent(token[1]));
}

begin();
