// Starts the page. A file of its own: the page may run no script that is written into it.
const root = document.documentElement;
const languages = new Set([...document.querySelectorAll("#boot [lang]")].map((text) => text.lang));
const wishes = [new URLSearchParams(location.search).get("lang"), ...navigator.languages];
// What is said until the program is here; then it says everything itself, in the language of its settings.
root.lang = wishes.map((wish) => wish?.split("-")[0].toLowerCase()).find((wish) => languages.has(wish)) ?? root.lang;
const { js, wasm } = document.querySelector("script[data-js]").dataset;
const { default: start } = await import(js);
const module = await start({ module_or_path: wasm });
dispatchEvent(new CustomEvent("TrunkApplicationStarted", { detail: { wasm: module } }));
