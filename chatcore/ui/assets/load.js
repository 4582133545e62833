// Streamlit sends this with every change of the data, so NAME.js is fetched, and once only.
const from = (kind) => new URL(`assets/VERSION/NAME.${kind}`, document.baseURI).href;
const markup = fetch(from("html")).then((answer) => answer.text());
const loaded = Promise.all([import(from("js")), markup]);

export default function (component) {
  let leave = null;
  let isGone = false;
  loaded.then(([{ default: draw }, html]) => {
    if (!isGone) leave = draw(component, html);
  });
  return () => {
    isGone = true;
    leave?.();
  };
}
