// Words, numbers and times in the reader's language.
import { h } from "./dom.js";

export const LANGUAGES = { en: "English", vi: "Tiếng Việt" };
const loaded = {};
let language = "en";

export function preferredLanguage() {
  const chosen = localStorage.getItem("picket.language");
  if (chosen in LANGUAGES) return chosen;
  return (navigator.languages ?? []).some((one) => one.startsWith("vi")) ? "vi" : "en";
}

export const currentLanguage = () => language;

export async function useLanguage(next) {
  if (!loaded[next]) {
    const answer = await fetch(`/i18n/${next}.json`);
    loaded[next] = await answer.json();
  }
  language = next;
  document.documentElement.lang = next;
}

// t("list.new", {n: 3}); with n, "list.new.one" is preferred for 1.
export function t(key, values) {
  const words = loaded[language];
  const text = (values?.n === 1 && words[key + ".one"]) || words[key];
  if (text === undefined) return key;
  return text.replace(/\{(\w+)\}/g, (all, name) => {
    const value = values?.[name];
    if (value === undefined) return all;
    return typeof value === "number" ? number(value) : value;
  });
}

// A word of the API ("acknowledged") in the reader's language; unknown words stay as they are.
export function word(group, name) {
  const key = `${group}.${name}`;
  return name && loaded[language][key] ? loaded[language][key] : String(name ?? "");
}

export const number = (value) =>
  new Intl.NumberFormat(language === "vi" ? "vi-VN" : "en-GB").format(value ?? 0);

export function bytes(value) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    ++unit;
  }
  return `${number(unit && value < 10 ? Math.round(value * 10) / 10 : Math.round(value))} ${units[unit]}`;
}

// Vietnam keeps one time zone and no summer time; other readers get their browser's.
const VIETNAM_MINUTES = 7 * 60;
const offsetMinutes = (date) => (language === "vi" ? VIETNAM_MINUTES : -date.getTimezoneOffset());
const two = (value) => String(value).padStart(2, "0");

export function zoneName() {
  const minutes = offsetMinutes(new Date());
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function parts(text) {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) return null;
  const local = new Date(date.getTime() + offsetMinutes(date) * 60000);
  const day = two(local.getUTCDate());
  const month = two(local.getUTCMonth() + 1);
  const year = local.getUTCFullYear();
  return {
    day: language === "vi" ? `${day}/${month}/${year}` : `${year}-${month}-${day}`,
    clock: `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}:${two(local.getUTCSeconds())}`,
    utc: date.toISOString().replace("T", " ").replace(/\.000Z$/, " UTC").replace(/Z$/, " UTC"),
  };
}

export function timeText(text) {
  const value = parts(text);
  return value ? `${value.day} ${value.clock}` : "";
}

// A <time> that shows UTC on hover. `clockOnly` where the day is said elsewhere.
export function time(text, clockOnly) {
  const value = parts(text);
  if (!value) return h("time", {}, "–");
  const shown = clockOnly ? value.clock : `${value.day} ${value.clock}`;
  return h("time", { datetime: text, title: `${value.day} ${value.clock} ${zoneName()}\n${value.utc}` }, shown);
}

export function duration(from, to) {
  const seconds = Math.max(0, Math.round((new Date(to) - new Date(from)) / 1000));
  if (seconds < 90) return t("duration.seconds", { n: seconds });
  if (seconds < 90 * 60) return t("duration.minutes", { n: Math.round(seconds / 60) });
  if (seconds < 36 * 3600) return t("duration.hours", { n: Math.round(seconds / 3600) });
  return t("duration.days", { n: Math.round(seconds / 86400) });
}

// ---- the small pieces that every page shows alike

export const LAYERS = ["network", "server", "application", "endpoint"];

export const levelBadge = (level) =>
  h("span", { class: `badge level-${level}`, data: { level } }, word("level", level));

export const statusBadge = (status) => h("span", { class: `status status-${status}` }, word("status", status));

export function layerCells(layers) {
  const crossed = LAYERS.filter((layer) => layers.includes(layer));
  const names = crossed.map((layer) => word("layer", layer)).join(", ");
  return h(
    "span",
    { class: "cells", role: "img", "aria-label": names || t("layers.none"), title: names || t("layers.none") },
    LAYERS.map((layer) =>
      h("span", { class: layers.includes(layer) ? `cell on ${layer}` : "cell" }, word("layer.short", layer)),
    ),
  );
}

// A bar beside a number that says the same; `share` is 0 to 1.
export function gauge(share, kind) {
  const bar = h("i");
  bar.style.width = `${Math.round(Math.min(Math.max(share, 0), 1) * 100)}%`;
  return h("span", { class: `gauge ${kind ?? ""}`, "aria-hidden": "true" }, bar);
}

export function riskMeter(risk) {
  const kind = risk >= 80 ? "critical" : risk >= 60 ? "high" : risk >= 35 ? "medium" : "low";
  return h("span", { class: "risk" }, String(risk), gauge(risk / 100, kind));
}

export function entityChip(entity) {
  return h(
    "a",
    {
      class: "chip",
      href: `#/entity/${encodeURIComponent(entity.type)}/${encodeURIComponent(entity.value)}`,
      title: `${t("entity.open")}\n${entity.value}`,
    },
    h("span", { class: "chip-kind" }, word("entity", entity.type)),
    entity.value,
  );
}

export const quoted = (value) =>
  /^[\w.:@/-]+$/.test(value) ? value : `"${String(value).replace(/[\\"]/g, "\\$&")}"`;
