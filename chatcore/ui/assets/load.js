// Streamlit sends this with every change of the data, so page.js is fetched, and once only.
const from = (name) => new URL(`assets/VERSION/${name}`, document.baseURI).href;
const markup = fetch(from("page.html")).then((answer) => answer.text());
const loaded = Promise.all([import(from("page.js")), markup]);

export default function (component) {
  let leave = null;
  let isGone = false;
  loaded.then(([page, html]) => {
    if (!isGone) leave = page.default(component, html);
  });
  return () => {
    isGone = true;
    leave?.();
  };
}
