"""Chats with the demo model, and how many tokens it counted in each: tests/counts.json.

`python -m bench.counts`. Not part of `make bench`: what is recorded is what the tests hold
predictions against. Each turn is [prompt, prompt_eval_count, reply, eval_count].
"""

import json
from pathlib import Path

import ollama

from chatcore.engine import BUNDLED_NAME, EngineProcess

ROOT = Path(__file__).parents[1]
TO = ROOT / "tests" / "counts.json"
NUM_CTX = 8192
NUM_PREDICT = 120

PROSE = [
    "Why does rain smell?",
    "Please tell that again for a child of six, in three sentences at most.",
    "ok",
    "The harbour was quiet that morning. Two boats lay at the quay, and a man whom nobody knew sat"
    " between the nets, mending what the storm had torn. He did not look up when the bell rang,"
    " nor when the children came running down the hill to see whether the ferry had brought the"
    " post.\n\nWhat could the next sentence be?",
    "List five fruits, one a line.",
    "And what, in your opinion, are the advantages and disadvantages of representative"
    " democracies?",
]
CODE = [
    "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\nWhat is wrong with this?",
    'Explain:\n```json\n{"id": 9007199254740993, "tags": ["a", "b"], "ok": true, "x": null}\n```',
    "SELECT s.id, count(*) AS n FROM sessions s JOIN messages m ON m.session_pk = s.pk"
    " WHERE s.deleted_at IS NULL GROUP BY s.id HAVING n > 3 ORDER BY n DESC LIMIT 10;",
    "for (let i = 0; i < xs.length; i++) {\n  if (xs[i] !== ys[i]) { return i; }\n}\nreturn -1;",
    "Shorter, please.",
]
CHINESE = [
    "今天天气怎么样?",
    "我们明天去公园散步吧。你喜欢春天还是秋天?为什么?",
    "好的",
    "请用中文写一首关于月亮的短诗,然后用英文解释它的意思。",
]
MIXED = [
    "Übersetze ins Deutsche: The grass is greener on the other side.",
    "| name | 2023 | 2024 |\n|---|---:|---:|\n| tea | 1,204.50 | 1,377.00 |\n| coffee | 88 | 91 |",
    "Что значит слово «огонь»? 🔥🔥",
    "See https://example.org/a/b?c=1&d=2 and mail me at ada@example.org before 2026-11-23 10:45.",
    "Maak het wat korter, alsjeblieft: één zin.",
]


def chat(client: ollama.Client, prompts: list[str]) -> list[list[object]]:
    messages: list[dict[str, str]] = []
    turns: list[list[object]] = []
    for seed, prompt in enumerate(prompts):
        messages.append({"role": "user", "content": prompt})
        options = {"num_ctx": NUM_CTX, "num_predict": NUM_PREDICT, "seed": seed}
        answer = client.chat(BUNDLED_NAME, messages, options=options)
        reply = answer.message.content or ""
        turns.append([prompt, answer.prompt_eval_count, reply, answer.eval_count])
        messages.append({"role": "assistant", "content": reply})
    return turns


def main() -> None:
    engine = EngineProcess()
    try:
        client = ollama.Client(host=engine.url(), trust_env=False, timeout=300)
        kinds = {"prose": PROSE, "code": CODE, "chinese": CHINESE, "mixed": MIXED}
        chats = {name: chat(client, prompts) for name, prompts in kinds.items()}
    finally:
        engine.stop()
    TO.write_text(json.dumps(chats, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
