// Whether there is more to show than the page was drawn with: begun in another tab or browser, or
// by a program. A page whose script runs, as it does while it follows a reply, keeps itself true.

const EVERY = 2000; // ms
// That the script runs is told a moment late (web/later.py).
const SURE_AFTER = 700; // ms
const RUNNING = "[data-testid=stApp][data-test-script-state=running]";

// look: has the page drawn again. Returns what ends the watch.
export function watchNews(look) {
  const gone = new AbortController();
  const clock = setInterval(ask, EVERY);
  let isAsking = false;
  let told = ""; // the news for which the page is drawn already: once for each, whatever comes of it

  document.addEventListener("visibilitychange", ask, { signal: gone.signal });

  async function ask() {
    const drawn = marks();
    if (isAsking || !drawn || document.hidden || document.querySelector(RUNNING)) return;
    isAsking = true;
    await take(drawn, await newsOf(drawn.dataset.open));
    isAsking = false;
  }

  async function take(drawn, news) {
    const isDrawn = news === drawn.dataset.news;
    if (isDrawn) told = "";
    if (isDrawn || !news || news === told) return;
    await new Promise((resolve) => setTimeout(resolve, SURE_AFTER));
    if (gone.signal.aborted || drawn !== marks() || document.querySelector(RUNNING)) return;
    told = news;
    look();
  }

  return () => {
    clearInterval(clock);
    gone.abort();
  };
}

// Of marks.py.
function marks() {
  return document.querySelector("[data-news]");
}

async function newsOf(session) {
  try {
    const answer = await fetch(`news?session=${encodeURIComponent(session)}`);
    return answer.ok ? await answer.text() : "";
  } catch {
    return ""; // the next time, maybe
  }
}
