// The proof of one alert: the rule's lines beside the raw record, what matched lit in both, and the
// decoded fields below. A correlation's events are stepped through with [ and ].
import { fill, h, icon, segmentText, segments } from "./dom.js";
import { bytes, duration, levelBadge, t, time, word } from "./text.js";
import { explain, get } from "./net.js";

export function openProof(alertId, context) {
  const element = h("div", { class: "proof-inner" });
  let proof = null;
  let error = "";
  let at = 0; // index of the shown event among all

  async function load(first) {
    try {
      proof = await get(`/alerts/${encodeURIComponent(alertId)}/proof${first === undefined ? "" : `?at=${first}`}`);
      if (first === undefined) {
        const trigger = proof.events.findIndex((event) => event.trigger);
        at = proof.at + Math.max(trigger, 0);
      }
      error = "";
    } catch (problem) {
      error = explain(problem);
    }
    render();
  }

  const shownEvent = () => proof.events[at - proof.at];

  async function step(by) {
    if (!proof) return;
    const next = at + by;
    if (next < 0 || next >= proof.total) return;
    at = next;
    if (shownEvent()) render();
    else await load(Math.max(0, by > 0 ? at : at - 19));
    element.querySelector(by > 0 ? ".next" : ".previous")?.focus({ preventScroll: true });
  }

  // ---- what the alert is

  function head() {
    const { alert } = proof;
    return h(
      "div",
      { class: "proof-head" },
      h(
        "div",
        { class: "head-line" },
        h("h2", {}, t("proof.title")),
        levelBadge(alert.rule.level),
        h("strong", { class: "clip" }, alert.rule.name),
        h("span", { class: "muted small" }, word("kind", alert.kind)),
        h("span", { class: "grow" }),
        stepper(),
      ),
      alert.kind === "correlation" ? correlation(alert) : null,
    );
  }

  function stepper() {
    if (proof.total < 2) return null;
    return h(
      "span",
      { class: "stepper", role: "group", "aria-label": t("proof.events") },
      h("button", { class: "previous", disabled: at === 0, title: "[", "aria-label": t("proof.previous"), on: { click: () => step(-1) } }, icon("left")),
      h("span", { class: "num", "aria-live": "polite" }, t("proof.event", { i: at + 1, n: proof.total })),
      h("button", { class: "next", disabled: at >= proof.total - 1, title: "]", "aria-label": t("proof.following"), on: { click: () => step(1) } }, icon("right")),
    );
  }

  function correlation(alert) {
    return h(
      "div",
      { class: "correlation" },
      Object.entries(alert.group ?? {}).map(([name, value]) =>
        h("span", { class: "chip" }, h("span", { class: "chip-kind" }, name), value),
      ),
      h("span", { class: "fact" }, h("span", { class: "muted" }, t("proof.window")), " ", time(alert.window.start, true), " – ", time(alert.window.end, true), ` (${duration(alert.window.start, alert.window.end)})`),
      h("span", { class: "fact" }, h("span", { class: "muted" }, t("proof.count")), " ", h("strong", {}, String(alert.window.count))),
    );
  }

  // ---- the rule

  function colored(line) {
    const comment = line.match(/^\s*#.*$/);
    if (comment) return h("span", { class: "y-comment" }, line);
    const key = line.match(/^(\s*(?:- )?)([^\s:#'"]+)(:)(\s.*|)$/);
    if (!key) return line;
    return [key[1], h("span", { class: "y-key" }, key[2]), key[3], key[4]];
  }

  function ruleText(rule, index, matches) {
    const lit = new Map();
    for (const line of rule.lit) lit.set(line, "");
    for (const match of matches) if (match.rule === index) lit.set(match.line, match.selection);
    return [
      h(
        "div",
        { class: "code-head" },
        h("span", { class: "mono clip", title: rule.path }, rule.path.split("/").slice(-3).join("/")),
        rule.changed ? h("span", { class: "warn" }, t("proof.changed")) : null,
      ),
      h(
        "ol",
        { class: "code" },
        rule.lines.map((line, i) => {
          const number = rule.first_line + i;
          const on = lit.has(number);
          return h(
            "li",
            { class: on ? "line lit" : "line", title: on && lit.get(number) ? t("proof.selection", { name: lit.get(number) }) : null },
            h("span", { class: "no", "aria-hidden": "true" }, String(number)),
            h("span", { class: "tx" }, colored(line)),
          );
        }),
      ),
    ];
  }

  // What a feed says of the indicators that were found.
  function indicator(match) {
    const { type, value, source, confidence, valid_from, valid_until, reference, description } = match.indicator;
    const fact = (name, text) => (text ? h("tr", {}, h("th", { scope: "row" }, t(name)), h("td", {}, text)) : null);
    const valid = valid_from || valid_until ? [valid_from ? time(valid_from, true) : "…", " – ", valid_until ? time(valid_until, true) : "…"] : null;
    return h(
      "table",
      { class: "fields" },
      h(
        "tbody",
        {},
        h("tr", { class: "lit" }, h("th", { scope: "row" }, type), h("td", { class: "mono" }, value)),
        fact("proof.indicator_source", source),
        fact("proof.confidence", confidence === undefined ? null : String(confidence)),
        fact("proof.valid", valid),
        fact("proof.reference", reference),
        fact("proof.description", description),
        fact("proof.line", String(match.line)),
      ),
    );
  }

  function rulePane(event) {
    const indicators = (event?.matches ?? []).filter((match) => match.indicator);
    if (indicators.length) {
      return h(
        "div",
        { class: "pane rule-pane", tabindex: "0", role: "region", "aria-label": t("proof.indicators") },
        h("h3", {}, t("proof.indicators"), h("span", { class: "muted small clip" }, proof.alert.rule.path)),
        indicators.map(indicator),
      );
    }
    return h(
      "div",
      { class: "pane rule-pane", tabindex: "0", role: "region", "aria-label": t("proof.rule") },
      h("h3", {}, t("proof.rule")),
      proof.rules.length
        ? proof.rules.map((rule, index) => ruleText(rule, index, event?.matches ?? []))
        : h("p", { class: "muted small pad" }, t("proof.no_rule")),
    );
  }

  // ---- the record

  async function copy(event) {
    await navigator.clipboard.writeText(segmentText(event.raw));
    context.say(t("copied"));
  }

  function rawPane(event) {
    if (event.missing) {
      return h("div", { class: "pane raw-pane" }, h("h3", {}, t("proof.raw")), h("p", { class: "pad" }, t("proof.missing")), h("p", { class: "muted small pad" }, event.missing));
    }
    return h(
      "div",
      { class: "pane raw-pane", tabindex: "0", role: "region", "aria-label": t("proof.raw") },
      h(
        "h3",
        {},
        t("proof.raw"),
        h("span", { class: "muted small clip" }, `${event.source} · ${t("proof.record")} ${event.seq} · ${bytes(event.raw_bytes)} · ${word("parse", event.status)}`),
        h("span", { class: "grow" }),
        time(event["@timestamp"]),
        h("button", { class: "quiet", title: t("copy"), "aria-label": t("copy"), on: { click: () => copy(event) } }, icon("copy")),
      ),
      h("pre", { class: "raw" }, segments(event.raw)),
      event.raw_cut ? h("p", { class: "muted small pad" }, t("proof.cut")) : null,
    );
  }

  function whyOf(event, field) {
    const lines = event.matches
      .filter((match) => match.field === field.name || match.field === field.original)
      .map((match) => `${match.selection}:${match.line}`);
    return [...new Set(lines)];
  }

  function fieldRow(event, field) {
    return h(
      "tr",
      { class: field.lit ? "lit" : "" },
      h("th", { scope: "row" }, field.name, field.original ? h("div", { class: "muted small" }, field.original) : null),
      h("td", { class: "mono" }, segments(field.value), field.cut_from ? h("span", { class: "muted" }, " …") : null),
      h("td", { class: "why" }, field.lit ? whyOf(event, field).map((line) => h("span", { class: "tag lit-tag", title: t("proof.why") }, line)) : null),
    );
  }

  function fieldPane(event) {
    if (event.missing) return null;
    const fields = event.fields ?? [];
    return h(
      "div",
      { class: "pane field-pane", tabindex: "0", role: "region", "aria-label": t("proof.fields") },
      h("h3", {}, t("proof.fields"), h("span", { class: "muted small" }, event.dataset ?? "")),
      fields.length
        ? h("table", { class: "fields" }, h("tbody", {}, fields.map((field) => fieldRow(event, field))))
        : h("p", { class: "muted small pad" }, t("proof.no_fields")),
    );
  }

  // Brings the first lit line of a pane into it, without moving the page, and no further than needed: what
  // a correlation demands stays in view above the line that it counts.
  function reveal(pane, selector) {
    const first = pane?.querySelector(selector);
    if (first) pane.scrollTop = Math.max(0, first.offsetTop - pane.clientHeight + 80);
  }

  function render() {
    if (!proof) {
      fill(element, error ? h("p", { class: "pad" }, t("proof.gone"), " ", h("span", { class: "muted small" }, error)) : h("p", { class: "loading" }, t("loading")));
      return;
    }
    const event = shownEvent();
    const rule = rulePane(event);
    const raw = rawPane(event);
    fill(element, head(), h("div", { class: "panes" }, rule, h("div", { class: "record" }, raw, fieldPane(event))));
    reveal(rule, matchedLine(event));
    reveal(raw, "mark.lit");
  }

  // In a correlation the event's own line is further down than what the correlation demands.
  const matchedLine = (event) => (event?.matches?.some((match) => match.rule > 0) ? "ol.code ~ ol.code .line.lit" : ".line.lit");

  render();
  load();
  return { element, render, step };
}
