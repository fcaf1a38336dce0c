// Starts the page. A file of its own: the page may run no script that is written into it.
const { js, wasm } = document.querySelector("script[data-js]").dataset;
const { default: start } = await import(js);
const module = await start({ module_or_path: wasm });
dispatchEvent(new CustomEvent("TrunkApplicationStarted", { detail: { wasm: module } }));
