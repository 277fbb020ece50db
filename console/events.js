// Search over stored events.
import { fill, h, icon } from "./dom.js";
import { bytes, number, quoted, t, time, word } from "./text.js";
import { explain, get } from "./net.js";

const RANGES = { all: 0, "15m": 15 * 60, "1h": 3600, "24h": 86400, "7d": 7 * 86400 };
const FIELDS_MAX = 300;
const DEPTH_MAX = 12;
const LIMIT = 100;
const LIMIT_MAX = 500; // of one answer

// Nested ECS to dotted names. Arrays of scalars stay one value.
function flatten(value, prefix, out, depth) {
  if (out.length >= FIELDS_MAX) return out;
  const nested = value !== null && typeof value === "object";
  if (nested && !Array.isArray(value) && depth < DEPTH_MAX) {
    for (const [key, one] of Object.entries(value)) flatten(one, prefix ? `${prefix}.${key}` : key, out, depth + 1);
  } else {
    out.push([prefix, nested ? JSON.stringify(value) : String(value)]);
  }
  return out;
}

const pick = (event, path) => path.split(".").reduce((at, key) => at?.[key], event);
const first = (event, ...paths) => paths.map((path) => pick(event, path)).find((value) => value !== undefined && value !== "") ?? "";

export function open(context) {
  const element = h("div", { class: "page" });
  let query = context.query.get("q") ?? "";
  let range = context.query.get("range") in RANGES ? context.query.get("range") : "all";
  let items = [];
  let next = null;
  let totals = null;
  let took = 0;
  let error = "";
  let loading = false;
  let turn = 0;
  const opened = new Set();
  let limit = LIMIT;

  async function search(cursor, more) {
    const mine = ++turn;
    loading = true;
    error = "";
    limit = more ? LIMIT_MAX : LIMIT;
    if (!cursor && !more) {
      items = [];
      opened.clear();
    }
    renderResults();
    const begun = performance.now();
    const parameters = new URLSearchParams({ q: query, limit });
    if (RANGES[range]) parameters.set("from", new Date(Date.now() - RANGES[range] * 1000).toISOString());
    if (cursor) parameters.set("cursor", cursor);
    try {
      const answer = await get(`/events?${parameters}`);
      if (mine !== turn) return;
      items = cursor ? items.concat(answer.items) : answer.items;
      next = answer.next ?? null;
      totals = answer.totals;
      took = performance.now() - begun;
    } catch (problem) {
      if (mine !== turn) return;
      error = explain(problem);
    }
    loading = false;
    renderResults();
  }

  function submit() {
    const parameters = new URLSearchParams({ q: query });
    if (range !== "all") parameters.set("range", range);
    history.replaceState(null, "", `#/events?${parameters}`);
    search();
  }

  function include(name, value) {
    query = `${query} ${name}:${quoted(value)}`.trim();
    render();
    submit();
  }

  // ---- results

  function details(event) {
    const fields = flatten(event, "", [], 0).filter(([name]) => name !== "event.original");
    return h(
      "tr",
      { class: "details" },
      h(
        "td",
        { colspan: "6" },
        h("h3", {}, t("proof.raw")),
        h("pre", { class: "raw" }, event.event?.original ?? ""),
        h("h3", {}, t("proof.fields")),
        h(
          "table",
          { class: "fields" },
          h(
            "tbody",
            {},
            fields.map(([name, value]) =>
              h(
                "tr",
                {},
                h("td", { class: "why" }, h("button", { class: "quiet", title: t("events.include"), "aria-label": `${t("events.include")}: ${name}`, on: { click: () => include(name, value) } }, icon("plus"))),
                h("th", { scope: "row" }, name),
                h("td", { class: "mono" }, value.length > 4096 ? `${value.slice(0, 4096)} …` : value),
              ),
            ),
          ),
        ),
      ),
    );
  }

  function eventRow(event, index) {
    const isOpen = opened.has(index);
    const layer = first(event, "observer.layer");
    const raw = String(event.event?.original ?? event.message ?? "");
    const toggle = () => {
      if (opened.has(index)) opened.delete(index);
      else opened.add(index);
      renderResults();
      element.querySelector(`[data-row="${index}"]`)?.focus({ preventScroll: true });
    };
    return [
      h(
        "tr",
        { class: isOpen ? "open" : "", on: { click: (click) => !click.target.closest("button, a") && !getSelection().toString() && toggle() } },
        h("td", { class: "when" }, h("button", { class: "toggle", "aria-expanded": String(isOpen), data: { row: index }, on: { click: toggle } }, time(event["@timestamp"]))),
        h("td", {}, first(event, "picket.source", "event.dataset")),
        h("td", {}, layer ? word("layer", layer) : ""),
        h("td", {}, first(event, "host.name", "destination.ip")),
        h("td", {}, first(event, "user.name", "source.ip")),
        h("td", { class: "mono clip raw-cell" }, raw.slice(0, 400)),
      ),
      isOpen ? details(event) : null,
    ];
  }

  // A search that cannot be continued can be asked for more at once, up to a limit.
  function continuation() {
    if (next) return h("button", { class: "more", on: { click: () => search(next) } }, t("more"));
    if (items.length < limit) return null;
    if (limit < LIMIT_MAX) return h("button", { class: "more", on: { click: () => search(null, true) } }, t("more"));
    return h("p", { class: "muted small more" }, t("events.limited", { n: items.length }));
  }

  function renderResults() {
    const box = element.querySelector(".results");
    if (!box) return;
    const columns = ["time", "source", "layer", "host", "who", "record"];
    fill(
      box,
      error ? h("p", { class: "error", role: "alert" }, error) : null,
      h(
        "p",
        { class: "muted small", role: "status" },
        loading
          ? t("loading")
          : totals
            ? t("events.totals", { n: items.length, rows: number(totals.rows), scanned: bytes(totals.bytes_scanned), skipped: bytes(totals.bytes_skipped), time: number(Math.round(took)) })
            : "",
      ),
      items.length
        ? h(
            "div",
            { class: "table-box" },
            h("table", { class: "grid events" }, h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col", class: `col-${name}` }, t(`column.${name}`))))), h("tbody", {}, items.map(eventRow))),
          )
        : loading || error
          ? null
          : h("div", { class: "empty" }, h("h2", {}, t("events.none")), h("p", {}, t(range === "all" ? "events.none.hint" : "events.none.range"))),
      loading ? null : continuation(),
    );
  }

  function render() {
    const input = h("input", { type: "search", id: "query", value: query, placeholder: t("events.placeholder"), "aria-label": t("events.query"), spellcheck: "false", autocomplete: "off", maxlength: 4096 });
    const select = h("select", { id: "range", "aria-label": t("events.range") }, Object.keys(RANGES).map((name) => h("option", { value: name }, t(`range.${name}`))));
    select.value = range;
    input.addEventListener("input", () => (query = input.value));
    select.addEventListener("change", () => {
      range = select.value;
      submit();
    });
    fill(
      element,
      h("div", { class: "toolbar" }, h("h1", {}, t("nav.events"))),
      h(
        "form",
        {
          class: "query",
          role: "search",
          on: {
            submit: (event) => {
              event.preventDefault();
              submit();
            },
          },
        },
        input,
        select,
        h("button", { class: "primary" }, t("events.search")),
      ),
      h("p", { class: "muted small hint" }, t("events.syntax")),
      h("div", { class: "results" }),
    );
    renderResults();
  }

  const rows = () => [...element.querySelectorAll("button.toggle")];
  render();
  search();
  if (context.query.has("focus")) setTimeout(() => element.querySelector("#query")?.focus());
  return {
    element,
    render,
    title: () => t("nav.events"),
    follow: () => false,
    search: () => element.querySelector("#query")?.focus(),
    move(step) {
      const all = rows();
      const at = all.indexOf(document.activeElement);
      all[Math.min(Math.max(at + step, 0), all.length - 1)]?.focus();
    },
    back() {
      if (opened.size) {
        opened.clear();
        renderResults();
      }
    },
    key(event) {
      if (event.key === "r") search();
      return event.key === "r";
    },
  };
}
