// One user, host, address, hash, domain or process: what it did across the four layers, with whom, and
// which incidents it is in. Everything that is shown leads on: to incidents, to others, to its events.
import { fill, h } from "./dom.js";
import { LAYERS, entityChip, layerCells, levelBadge, number, riskMeter, statusBadge, t, time, word } from "./text.js";
import { explain, get } from "./net.js";

const EVENTS_SHOWN = 15;

export function open(context) {
  const element = h("div", { class: "page entity" });
  const eventBox = h("section", { class: "card entity-events" });
  const [type, value] = context.rest;
  let page = null;
  let events = null;
  let error = "";
  let eventError = "";

  async function load() {
    try {
      page = await get(`/entities/${encodeURIComponent(type)}?${new URLSearchParams({ value: value ?? "" })}`);
      error = "";
    } catch (problem) {
      error = explain(problem);
    }
    render();
    if (page) loadEvents();
  }

  async function loadEvents() {
    try {
      events = (await get(`/events?${new URLSearchParams({ q: page.query, limit: EVENTS_SHOWN })}`)).items;
      eventError = "";
    } catch (problem) {
      eventError = explain(problem);
    }
    renderEvents();
  }

  const allEvents = () => `#/events?${new URLSearchParams({ q: page.query })}`;

  function head() {
    const alerts = page.alerts;
    return h(
      "section",
      { class: "incident-head" },
      h(
        "div",
        { class: "head-line" },
        h("a", { class: "back", href: "#/incidents" }, `← ${t("nav.incidents")}`),
        h("span", { class: "chip-kind" }, word("entity", page.entity.type)),
        h("h1", {}, page.entity.value),
        riskMeter(page.risk),
      ),
      h(
        "div",
        { class: "facts" },
        h("span", { class: "fact" }, t("entity.alerts", { n: number(alerts.alerts) }), alerts.cut ? "+" : ""),
        Object.entries(alerts.levels).map(([level, n]) => h("span", { class: "fact" }, levelBadge(level), number(n))),
        alerts.alerts ? h("span", { class: "fact muted" }, time(alerts.first_seen), " – ", time(alerts.last_seen)) : null,
        page.tactics.length ? h("span", { class: "fact" }, page.tactics.join(" → ")) : null,
      ),
    );
  }

  const tile = (layer) => {
    const tally = page.layers[layer];
    return h(
      "div",
      { class: tally.alerts ? `card tile ${layer}` : "card tile quiet-tile", data: { layer } },
      h("h2", {}, word("layer", layer)),
      h("p", { class: "tile-number" }, number(tally.alerts)),
      h("p", { class: "muted small" }, tally.alerts ? [t("entity.hits", { n: number(tally.hits) }), h("br"), time(tally.last_seen)] : t("entity.nothing")),
    );
  };

  function alertTable() {
    const columns = ["time", "level", "layers", "alert", "hits"];
    return h(
      "section",
      { class: "table-box" },
      h(
        "table",
        { class: "grid entity-alerts" },
        h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col", class: `col-${name}` }, t(`column.${name}`))))),
        h(
          "tbody",
          {},
          page.items.map((alert) =>
            h(
              "tr",
              {},
              h("td", { class: "when" }, time(alert["@timestamp"])),
              h("td", {}, levelBadge(alert.level)),
              h("td", {}, layerCells(alert.layers.length ? alert.layers : [alert.layer])),
              h("td", {}, alert.rule.name),
              h("td", { class: "num" }, number(alert.hits)),
            ),
          ),
        ),
      ),
    );
  }

  const incidentLine = (incident) =>
    h(
      "li",
      {},
      h("a", { href: `#/incidents/${incident.number}` }, `#${incident.number}`),
      levelBadge(incident.level),
      statusBadge(incident.status),
      riskMeter(incident.risk),
      h("span", { class: "muted small" }, time(incident.last_seen)),
    );

  const incidentCard = () =>
    h(
      "section",
      { class: "card" },
      h("h2", {}, t("entity.incidents", { n: number(page.incidents.count) })),
      page.incidents.items.length
        ? h("ul", { class: "entity-incidents" }, page.incidents.items.map(incidentLine))
        : h("p", { class: "muted small" }, t("entity.no_incident")),
    );

  const peerCard = () =>
    page.seen_with.length
      ? h(
          "section",
          { class: "card" },
          h("h2", {}, t("entity.seen_with")),
          h("div", { class: "chips wrap" }, page.seen_with.map((peer) => h("span", { class: "peer" }, entityChip(peer), h("span", { class: "muted small" }, number(peer.alerts))))),
        )
      : null;

  function eventLine(event) {
    return h(
      "tr",
      {},
      h("td", { class: "when" }, time(event["@timestamp"])),
      h("td", {}, event.observer?.layer ? word("layer", event.observer.layer) : ""),
      h("td", { class: "mono clip raw-cell" }, String(event.event?.original ?? "").slice(0, 400)),
    );
  }

  function renderEvents() {
    fill(
      eventBox,
      h("h2", {}, t("entity.events"), h("a", { class: "all-events", href: allEvents() }, t("entity.all_events"))),
      eventError ? h("p", { class: "error", role: "alert" }, eventError) : null,
      events === null
        ? h("p", { class: "muted small" }, eventError ? "" : t("loading"))
        : events.length
          ? h("table", { class: "grid events entity-event-list" }, h("tbody", {}, events.map(eventLine)))
          : h("p", { class: "muted small" }, t("events.none")),
    );
  }

  function render() {
    if (error) return fill(element, h("p", { class: "error", role: "alert" }, error));
    if (!page) return fill(element, h("p", { class: "muted" }, t("loading")));
    renderEvents();
    fill(
      element,
      head(),
      h("div", { class: "tiles" }, LAYERS.map(tile)),
      h(
        "div",
        { class: "entity-split" },
        h("div", { class: "entity-main" }, page.items.length ? alertTable() : h("div", { class: "empty" }, h("h2", {}, t("entity.none")), h("p", {}, t("entity.none.hint"))), eventBox),
        h("div", { class: "entity-side" }, incidentCard(), peerCard()),
      ),
    );
  }

  render();
  load();
  return {
    element,
    render,
    title: () => value ?? "",
    back: () => context.go("#/incidents"),
    key(event) {
      if (event.key === "r") load();
      return event.key === "r";
    },
  };
}
