// The ledger: is anything missing? Received = stored + rejected + dropped + in flight, per source.
import { fill, h, icon } from "./dom.js";
import { bytes, gauge, number, t, word } from "./text.js";
import { explain, get } from "./net.js";

const sum = (reasons) => Object.values(reasons ?? {}).reduce((total, n) => total + n, 0);

export function open() {
  const element = h("div", { class: "page" });
  let ledger = null;
  let error = "";

  async function load() {
    try {
      ledger = await get("/ledger");
      error = "";
    } catch (problem) {
      error = explain(problem);
    }
    render();
  }

  function reasons(map) {
    const all = Object.entries(map ?? {}).filter(([, n]) => n > 0);
    if (!all.length) return h("span", { class: "muted" }, "0");
    return [
      number(sum(map)),
      h("div", { class: "muted small" }, all.map(([reason, n], i) => [i ? " · " : "", `${word("reason", reason)} ${number(n)}`])),
    ];
  }

  const residual = (n) => h("span", { class: n === 0 ? "zero good" : "zero bad" }, icon(n === 0 ? "check" : "alert"), number(n));

  // How much of what is stored was understood.
  function shares(one) {
    if (!one.stored) return h("span", { class: "muted" }, "–");
    const total = one.stored;
    const words = ["parsed", "partial", "raw"].map((name) => `${t(`parse.${name}`)} ${number(one[name])}`).join(" · ");
    return h(
      "div",
      { class: "understood", title: words },
      gauge(one.parsed / total),
      h("span", { class: "muted small" }, `${number(Math.floor((one.parsed / total) * 1000) / 10)} %`),
    );
  }

  function row(one, name) {
    return h(
      "tr",
      name ? {} : { class: "total" },
      h("th", { scope: "row" }, name ?? t("ledger.total")),
      h("td", { class: "num" }, number(one.received)),
      h("td", { class: "num" }, number(one.stored)),
      h("td", { class: "num" }, reasons(one.rejected)),
      h("td", { class: "num" }, reasons(one.dropped)),
      h("td", { class: "num" }, number(one.in_flight)),
      h("td", { class: "num" }, residual(one.residual)),
      h("td", {}, shares(one)),
      h("td", { class: "num" }, bytes(one.bytes)),
    );
  }

  function verdict() {
    const total = ledger.total;
    // Sources may cancel one another out, so the question is asked of each.
    const off = ledger.sources.filter((one) => one.residual !== 0);
    const missing = off.reduce((n, one) => n + Math.abs(one.residual), 0);
    const lost = sum(total.dropped);
    return h(
      "div",
      { class: off.length ? "verdict bad" : "verdict good" },
      icon(off.length ? "alert" : "check"),
      h(
        "div",
        {},
        h("h1", {}, off.length ? t("ledger.bad", { n: missing }) : t("ledger.good")),
        h(
          "p",
          { class: "identity" },
          t("ledger.identity", {
            received: number(total.received),
            stored: number(total.stored),
            rejected: number(sum(total.rejected)),
            dropped: number(lost),
            in_flight: number(total.in_flight),
          }),
        ),
        lost ? h("p", { class: "small" }, t("ledger.dropped", { n: lost })) : null,
      ),
    );
  }

  function render() {
    const columns = ["source", "received", "stored", "rejected", "dropped", "in_flight", "residual", "understood", "size"];
    fill(
      element,
      h("div", { class: "toolbar" }, h("h1", { class: "question" }, t("ledger.question"))),
      error ? h("p", { class: "error", role: "alert" }, error) : null,
      !ledger
        ? h("p", { class: "loading" }, error ? "" : t("loading"))
        : ledger.sources.length
          ? [
              verdict(),
              h(
                "div",
                { class: "table-box" },
                h(
                  "table",
                  { class: "grid ledger" },
                  h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col", class: `col-${name}`, title: t(`ledger.hint.${name}`) }, t(`column.${name}`))))),
                  h("tbody", {}, ledger.sources.map((one) => row(one, one.source))),
                  h("tfoot", {}, row(ledger.total)),
                ),
              ),
              h("p", { class: "muted small" }, t("ledger.explain")),
            ]
          : h("div", { class: "empty" }, h("h2", {}, t("ledger.empty")), h("p", {}, t("ledger.empty.why")), h("pre", {}, "logger -n 127.0.0.1 -P 5514 -d 'hello'")),
    );
  }

  render();
  load();
  return {
    element,
    render,
    title: () => t("nav.ledger"),
    back() {},
    key(event) {
      if (event.key === "r") load();
      return event.key === "r";
    },
    live(kind, data) {
      if (kind === "ledger") {
        ledger = data;
        render();
      }
    },
  };
}
