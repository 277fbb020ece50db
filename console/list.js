// The list of incidents. New ones are counted in a pill and come in when asked for: the list never
// moves under the reader's hand.
import { fill, h } from "./dom.js";
import { entityChip, layerCells, levelBadge, number, riskMeter, statusBadge, t, time } from "./text.js";
import { explain, get } from "./net.js";

const LEVELS = ["critical", "high", "medium", "low", "informational"];

export function open(context) {
  const element = h("div", { class: "page" });
  let incidents = [];
  let next = null;
  let loaded = false;
  let error = "";
  let filter = "";
  let openOnly = false;
  const arrived = new Map();
  let stale = false;
  let body = null;
  let pillBox = null;

  async function load(cursor) {
    try {
      const answer = await get(`/incidents?limit=100${cursor ? `&cursor=${cursor}` : ""}`);
      incidents = cursor ? incidents.concat(answer.items) : answer.items;
      next = answer.next ?? null;
      error = "";
    } catch (problem) {
      error = explain(problem);
    }
    loaded = true;
    if (!cursor) {
      arrived.clear();
      stale = false;
    }
    render();
  }

  const matches = (incident) => {
    if (openOnly && (incident.status === "closed" || incident.status === "resolved")) return false;
    if (!filter) return true;
    const text = JSON.stringify(incident).normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    return text.includes(filter.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase());
  };

  function cells(incident) {
    const shown = incident.entities.slice(0, 3);
    return [
      h("td", {}, levelBadge(incident.level)),
      h("td", { class: "num" }, riskMeter(incident.risk)),
      h("td", { class: "num muted" }, `#${incident.number}`),
      h(
        "td",
        { class: "title" },
        h("a", { href: `#/incidents/${incident.number}`, data: { id: incident.id } }, incident.title || incident.id),
        h(
          "div",
          { class: "muted small clip" },
          incident.rule_count > 1
            ? incident.story.map((step, index) => [index ? " → " : "", step.rule])
            : incident.system,
        ),
      ),
      h("td", {}, layerCells(incident.layers)),
      h(
        "td",
        { class: "entities" },
        h(
          "div",
          { class: "chips" },
          shown.map(entityChip),
          incident.entities.length > shown.length
            ? h("span", { class: "muted" }, `+${incident.entities.length - shown.length}`)
            : null,
        ),
      ),
      h("td", { class: "num" }, number(incident.alert_count)),
      h("td", { class: "when" }, time(incident.first_seen), h("br"), time(incident.last_seen)),
      h("td", {}, statusBadge(incident.status)),
    ];
  }

  function row(incident) {
    return h(
      "tr",
      {
        data: { id: incident.id },
        on: {
          click: (event) => {
            if (!event.target.closest("a")) context.go(`#/incidents/${incident.number}`);
          },
        },
      },
      cells(incident),
    );
  }

  function table() {
    const columns = ["level", "risk", "number", "title", "layers", "entities", "alerts", "seen", "status"];
    const shown = incidents.filter(matches);
    body = h("tbody", {}, shown.map(row));
    return h(
      "div",
      { class: "table-box" },
      h(
        "table",
        { class: "grid incidents" },
        h("thead", {}, h("tr", {}, columns.map((name) => h("th", { class: `col-${name}`, scope: "col" }, t(`column.${name}`))))),
        body,
      ),
      shown.length ? null : hiddenByFilter(),
    );
  }

  const hiddenByFilter = () =>
    h(
      "div",
      { class: "empty small-empty" },
      h("p", {}, t("list.hidden", { n: incidents.length })),
      h(
        "button",
        {
          on: {
            click: () => {
              filter = "";
              openOnly = false;
              render();
            },
          },
        },
        t("list.show_all"),
      ),
    );

  const emptyState = () =>
    h(
      "div",
      { class: "empty" },
      h("h2", {}, t("list.empty.title")),
      h("p", {}, t("list.empty.why")),
      h(
        "ol",
        {},
        h("li", {}, t("list.empty.send"), h("pre", {}, "logger -n 127.0.0.1 -P 5514 -d 'hello'")),
        h("li", {}, h("a", { href: "#/ledger" }, t("list.empty.ledger"))),
        h("li", {}, t("list.empty.demo"), h("pre", {}, "picket demo")),
      ),
    );

  function counts() {
    const open = incidents.filter((one) => one.status !== "closed" && one.status !== "resolved");
    return LEVELS.map((level) => {
      const n = open.filter((one) => one.level === level).length;
      return n ? h("span", { class: "count" }, levelBadge(level), number(n)) : null;
    });
  }

  function renderPill() {
    if (!pillBox) return;
    const n = arrived.size;
    fill(
      pillBox,
      n || stale
        ? h("button", { class: "pill", on: { click: () => load() } }, n ? t("list.new", { n }) : t("list.stale"))
        : null,
    );
  }

  function render() {
    const focused = element.contains(document.activeElement) ? document.activeElement.dataset?.id : null;
    pillBox = h("span", { class: "pill-box", role: "status" });
    const input = h("input", {
      type: "search",
      id: "filter",
      value: filter,
      placeholder: t("list.filter"),
      "aria-label": t("list.filter"),
      on: {
        input: () => {
          filter = input.value;
          const fresh = table();
          element.querySelector(".table-box")?.replaceWith(fresh);
        },
      },
    });
    const only = h("input", {
      type: "checkbox",
      id: "open-only",
      on: {
        change: () => {
          openOnly = only.checked;
          render();
          element.querySelector("#open-only")?.focus();
        },
      },
    });
    only.checked = openOnly;
    fill(
      element,
      h(
        "div",
        { class: "toolbar" },
        h("h1", {}, t("nav.incidents")),
        h("span", { class: "counts" }, counts()),
        pillBox,
        h("span", { class: "grow" }),
        h("label", { class: "check" }, only, t("list.open_only")),
        input,
      ),
      error ? h("p", { class: "error", role: "alert" }, error) : null,
      !loaded ? h("p", { class: "loading" }, t("loading")) : incidents.length ? table() : error ? null : emptyState(),
      next ? h("button", { class: "more", on: { click: () => load(next) } }, t("more")) : null,
    );
    renderPill();
    if (focused) element.querySelector(`a[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  // A row that is on the page may change its words in place; the link in it, which may have the
  // focus, stays.
  function refreshRow(incident) {
    const index = incidents.findIndex((one) => one.id === incident.id);
    if (index < 0) return false;
    incidents[index] = incident;
    const line = body && [...body.rows].find((one) => one.dataset.id === incident.id);
    if (line) {
      cells(incident).forEach((cell, column) => {
        if (!line.cells[column].classList.contains("title")) line.cells[column].replaceWith(cell);
      });
    }
    return true;
  }

  function links() {
    return [...element.querySelectorAll("tbody td.title a")];
  }

  render();
  load();
  return {
    element,
    render,
    title: () => t("nav.incidents"),
    move(step) {
      const all = links();
      const at = all.indexOf(document.activeElement);
      const target = all[Math.min(Math.max(at + step, 0), all.length - 1)];
      target?.focus();
    },
    search: () => element.querySelector("#filter")?.focus(),
    key(event) {
      if (event.key === "r") load();
      return event.key === "r";
    },
    live(kind, data) {
      if (kind === "incident" && !refreshRow(data)) arrived.set(data.id, data);
      if (kind === "stale") stale = true;
      renderPill();
    },
  };
}
