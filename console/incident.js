// One incident: what happened, when, to whom, what is being done, and the proof of the alert that is
// chosen in the timeline. Everything that proves it fits a screen of 1366 x 768.
import { fill, h } from "./dom.js";
import { LAYERS, currentLanguage, duration, entityChip, layerCells, levelBadge, riskMeter, statusBadge, t, time, word } from "./text.js";
import { explain, get, post } from "./net.js";
import { openProof } from "./proof.js";

const VERBS = {
  new: [["acknowledge", true], ["close", false]],
  acknowledged: [["start", true], ["close", false]],
  in_progress: [["resolve", true], ["close", false]],
  resolved: [["close", true], ["reopen", false]],
  closed: [["reopen", false]],
};
const ROWS_MAX = 500;

// Playbooks bring their names in several languages.
const named = (thing) => thing.names?.[currentLanguage()] || thing.name || thing.id;

export function open(context) {
  const element = h("div", { class: "page incident" });
  const head = h("section", { class: "incident-head" });
  const timeline = h("section", { class: "card timeline", "aria-label": t("timeline") });
  const response = h("section", { class: "card response" });
  const entities = h("section", { class: "card" });
  const proofBox = h("section", { class: "proof" });
  let id = context.rest[0];
  let wanted = context.rest[2] ?? null;
  let incident = null;
  let runs = [];
  let error = "";
  let grown = false;
  let busy = false;
  let proof = null;

  async function load() {
    try {
      incident = await get(`/incidents/${encodeURIComponent(id)}`);
      error = "";
      grown = false;
    } catch (problem) {
      error = explain(problem);
    }
    render();
    if (!incident) return;
    choose(wanted ?? incident.top_alert);
    loadRuns();
  }

  async function loadRuns() {
    try {
      runs = (await get(`/runs?incident=${encodeURIComponent(incident.id)}`)).items;
    } catch (problem) {
      if (problem.status !== 501) context.say(explain(problem), true);
    }
    renderResponse();
  }

  // ---- the head: what happened, in a sentence

  function names(type) {
    const all = incident.entities.filter((one) => one.type === type).map((one) => one.value);
    return all.length > 3 ? `${all.slice(0, 3).join(", ")} +${all.length - 3}` : all.join(", ");
  }

  function sentence() {
    const crossed = [];
    for (const entry of incident.timeline) {
      if (entry.layer && !crossed.includes(entry.layer)) crossed.push(entry.layer);
    }
    const n = incident.alert_count;
    const said = [
      t(crossed.length > 1 ? "sentence.crossed" : "sentence.one", {
        n,
        time: duration(incident.first_seen, incident.last_seen),
        layers: crossed.map((layer) => word("layer", layer)).join(" → "),
        layer_count: crossed.length,
      }),
    ];
    for (const type of ["host", "user", "ip"]) {
      const who = names(type);
      if (who) said.push(t(`sentence.${type}`, { who }));
    }
    return `${said.join(" · ")}.`;
  }

  function actions() {
    return (VERBS[incident.status] ?? []).map(([verb, primary]) =>
      h(
        "button",
        { class: primary ? "primary" : "", id: `do-${verb}`, disabled: busy, title: verb === "acknowledge" ? "a" : null, on: { click: () => change(verb) } },
        t(`verb.${verb}`),
      ),
    );
  }

  async function change(verb) {
    busy = true;
    try {
      const { status } = await post(`/incidents/${incident.id}/${verb}`);
      incident.status = status;
      context.say(`#${incident.number}: ${word("status", status)}`);
    } catch (problem) {
      context.say(explain(problem), true);
    }
    busy = false;
    renderHead();
    head.querySelector("button.primary, button")?.focus();
  }

  const fact = (name, value) => h("span", { class: "fact" }, h("span", { class: "muted" }, t(name)), " ", value);

  function renderHead() {
    fill(
      head,
      h(
        "div",
        { class: "head-line" },
        h("a", { class: "muted back", href: "#/incidents", title: "Esc" }, `‹ ${t("nav.incidents")}`),
        levelBadge(incident.level),
        h("h1", {}, h("span", { class: "muted" }, `#${incident.number} `), incident.title || incident.id),
        h("span", { class: "grow" }),
        actions(),
      ),
      h("p", { class: "sentence" }, sentence()),
      h(
        "div",
        { class: "facts" },
        statusBadge(incident.status),
        fact("column.risk", riskMeter(incident.risk)),
        layerCells(incident.layers),
        incident.system ? fact("column.system", incident.system) : null,
        incident.owner ? fact("column.owner", incident.owner) : null,
        fact("column.first", time(incident.first_seen)),
        fact("column.last", time(incident.last_seen)),
        grown ? h("button", { class: "pill", on: { click: load } }, t("incident.grown")) : null,
      ),
    );
  }

  // ---- the timeline: one line an alert, one lane a layer

  const rows = () => [...timeline.querySelectorAll("a.moment")];

  function moment(entry) {
    return h(
      "li",
      {},
      h(
        "a",
        {
          class: "moment",
          href: `#/incidents/${incident.number}/alert/${encodeURIComponent(entry.alert)}`,
          data: { alert: entry.alert },
          "aria-current": entry.alert === wanted ? "true" : null,
        },
        h("span", { class: "at" }, time(entry["@timestamp"], true), h("span", { class: "level-word" }, word("level", entry.rule.level))),
        h(
          "span",
          { class: "lanes", role: "img", "aria-label": word("layer", entry.layer), title: word("layer", entry.layer) },
          LAYERS.map((layer) => h("i", { class: layer === entry.layer ? `lane on level-${entry.rule.level}` : "lane" })),
        ),
        h("span", { class: "what" }, entry.rule.name),
      ),
    );
  }

  function showChosen() {
    const row = timeline.querySelector("a.moment[aria-current]");
    if (row) timeline.scrollTop = Math.max(0, row.offsetTop - timeline.clientHeight / 2);
  }

  function renderTimeline() {
    timeline.setAttribute("aria-label", t("timeline"));
    fill(
      timeline,
      h(
        "h2",
        {},
        t("timeline"),
        h("span", { class: "lane-names", "aria-hidden": "true" }, LAYERS.map((layer) => h("b", { title: word("layer", layer) }, word("layer.short", layer)))),
      ),
      h("ol", {}, incident.timeline.slice(0, ROWS_MAX).map(moment)),
      incident.timeline.length > ROWS_MAX ? h("p", { class: "muted small" }, t("timeline.cut", { n: ROWS_MAX })) : null,
    );
    showChosen();
  }

  // ---- what is being done

  async function command(run, step, verb, button) {
    button.disabled = true;
    try {
      const changed = await post(`/runs/${encodeURIComponent(run.id)}/steps/${encodeURIComponent(step.id)}/${verb}`);
      runs = runs.map((one) => (one.id === changed.id ? changed : one));
      context.say(`${named(step)}: ${t(`verb.${verb}`)}`);
    } catch (problem) {
      context.say(explain(problem), true);
    }
    renderResponse();
    response.querySelector("button")?.focus();
  }

  // What waits for a decision stands first.
  function inOrder(steps) {
    const urgent = (step) => step.status === "waiting" || step.status === "unknown";
    return [...steps.filter(urgent), ...steps.filter((step) => !urgent(step))];
  }

  function stepLine(run, step) {
    return h(
      "li",
      { class: `step step-${step.status}` },
      h("i", { "aria-hidden": "true" }),
      h(
        "div",
        {},
        h("div", {}, named(step), step.parameter && !named(step).includes(step.parameter) ? [" ", h("span", { class: "chip" }, step.parameter)] : null),
        h(
          "div",
          { class: "small muted step-detail", title: step.detail },
          h("span", { class: "step-word" }, word("step", step.status)),
          step.at ? [" · ", time(step.at, true)] : null,
          step.approved_by ? [" · ", t("step.approved_by", { who: step.approved_by })] : null,
          step.detail ? [" · ", step.detail] : null,
        ),
        step.verbs?.length
          ? h(
              "div",
              { class: "verbs" },
              step.verbs.map((verb) => {
                const button = h(
                  "button",
                  { class: verb === "approve" ? "primary small" : "small", data: { verb, step: step.id }, on: { click: () => command(run, step, verb, button) } },
                  t(`verb.${verb}`),
                );
                return button;
              }),
            )
          : null,
      ),
    );
  }

  function renderResponse() {
    fill(
      response,
      h("h2", {}, t("response")),
      runs.length
        ? runs.map((run) => [
            h("p", { class: "run-name" }, run.playbook ? named(run.playbook) : run.id, " ", h("span", { class: "muted small" }, word("run", run.state ?? run.status))),
            run.note ? h("p", { class: "small muted" }, run.note) : null,
            h("ol", { class: "steps" }, inOrder(run.steps ?? []).map((step) => stepLine(run, step))),
          ])
        : h("p", { class: "muted small" }, t("response.none")),
    );
  }

  function renderEntities() {
    fill(
      entities,
      h("h2", {}, t("column.entities")),
      h("div", { class: "chips wrap" }, incident.entities.slice(0, 60).map(entityChip)),
      incident.tags?.length ? h("p", { class: "small muted tags" }, incident.tags.filter((tag) => tag.startsWith("attack.t")).map((tag) => h("span", { class: "tag" }, tag.slice(7).toUpperCase()))) : null,
    );
  }

  // ---- the page

  function choose(alert) {
    wanted = alert;
    for (const row of rows()) {
      const chosen = row.dataset.alert === alert;
      if (chosen) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    }
    showChosen();
    proof = openProof(alert, context);
    fill(proofBox, proof.element);
  }

  function render() {
    if (error && !incident) {
      fill(element, h("p", { class: "error", role: "alert" }, error), h("p", {}, h("a", { href: "#/incidents" }, t("incident.back"))));
      return;
    }
    if (!incident) {
      fill(element, h("p", { class: "loading" }, t("loading")));
      return;
    }
    fill(element, head, h("div", { class: "split" }, h("div", { class: "side" }, timeline, response, entities), proofBox));
    renderHead();
    renderTimeline();
    renderResponse();
    renderEntities();
    proof?.render(); // last: it scrolls its panes, which must be on the page for that
  }

  render();
  load();
  return {
    element,
    render,
    title: () => (incident ? `#${incident.number} ${incident.title}` : t("nav.incidents")),
    // Another alert of the same incident is another address, but the same page.
    follow(rest) {
      if (!incident || (rest[0] !== String(incident.number) && rest[0] !== incident.id)) return false;
      if (rest[2] && rest[2] !== wanted) choose(rest[2]);
      return Boolean(rest[2]);
    },
    move(step) {
      const all = rows();
      const at = all.findIndex((row) => row.dataset.alert === wanted);
      const target = all[Math.min(Math.max(at + step, 0), all.length - 1)];
      if (!target) return;
      target.focus({ preventScroll: true });
      // Walking through the timeline is not a trail of pages to go back through.
      history.replaceState(null, "", target.getAttribute("href"));
      choose(target.dataset.alert);
    },
    back: () => context.go("#/incidents"),
    key(event) {
      if (event.key === "[" || event.key === "]") proof?.step(event.key === "]" ? 1 : -1);
      else if (event.key === "a" && incident?.status === "new") change("acknowledge");
      else if (event.key === "r") load();
      else return false;
      return true;
    },
    live(kind, data) {
      if (!incident) return;
      if (kind === "incident" && data.id === incident.id) {
        if (data.alert_count !== incident.alert_count) grown = true;
        if (data.status !== incident.status) incident.status = data.status;
        if (!head.contains(document.activeElement)) renderHead();
      }
      if (kind === "stale") grown = true;
      if (kind === "run" && data.incident === incident.id) {
        runs = runs.some((one) => one.id === data.id) ? runs.map((one) => (one.id === data.id ? data : one)) : [data, ...runs];
        if (!response.contains(document.activeElement)) renderResponse();
      }
    },
  };
}
