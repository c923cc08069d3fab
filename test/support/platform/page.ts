/** The look of every page a person sees here: one card, no script, nothing fetched from elsewhere. */

export interface Page {
  readonly title: string;
  /** HTML; whatever comes from outside is escaped by the caller. */
  readonly content: string;
}

export const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

export function renderPage({ title, content }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Mira</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<p class="brand"><span aria-hidden="true"></span>mira</p>
<h1>${escapeHtml(title)}</h1>
${content}
</main>
<p class="foot">Embedded platform for demo and tests, on this machine only.</p>
</body>
</html>`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

const STYLE = `
:root { color-scheme: light dark; --ink: #1d2433; --quiet: #5d6779; --card: #fff; --ground: #eef1f6; --line: #d5dbe6;
  --brand: #4457d6; --brand-ink: #fff; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e9edf5; --quiet: #a3adc0; --card: #1b2130; --ground: #10141e;
  --line: #343d51; --brand: #8b9bff; --brand-ink: #10141e; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column; align-items: center; justify-content: center;
  gap: 1rem; padding: 1rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { width: 100%; max-width: 27rem; padding: 2rem 2.25rem 2.25rem; background: var(--card);
  border: 1px solid var(--line); border-radius: 14px; box-shadow: 0 8px 30px rgb(20 30 60 / 8%); }
.brand { display: flex; align-items: center; gap: .5rem; margin: 0 0 1.25rem; font-weight: 600; color: var(--quiet); }
.brand span { width: .8rem; height: .8rem; border-radius: 50%; background: var(--brand); }
h1 { margin: 0 0 .5rem; font-size: 1.45rem; line-height: 1.25; }
p { margin: 0 0 1rem; } .quiet, .foot { color: var(--quiet); } .foot { font-size: .85rem; }
.bad { color: var(--bad); font-weight: 600; }
label { display: block; margin: 1rem 0 .35rem; font-weight: 600; }
input[type=text] { width: 100%; padding: .7rem .8rem; font: 600 1.35rem/1.2 ui-monospace, "DejaVu Sans Mono", monospace;
  letter-spacing: .12em; text-align: center; text-transform: uppercase; color: inherit; background: transparent;
  border: 1px solid var(--line); border-radius: 9px; }
.code { margin: 1rem 0; padding: .8rem; text-align: center; border: 1px dashed var(--line); border-radius: 9px;
  font: 600 1.6rem/1.2 ui-monospace, "DejaVu Sans Mono", monospace; letter-spacing: .12em; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .3rem 1rem; margin: 0 0 1.25rem; } dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
.row { display: flex; gap: .75rem; margin-top: 1.25rem; }
button { flex: 1; padding: .75rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  border: 1px solid var(--brand); border-radius: 9px; background: var(--brand); color: var(--brand-ink); }
button.second { background: transparent; color: inherit; border-color: var(--line); }
button:focus-visible, input:focus-visible { outline: 3px solid var(--brand); outline-offset: 2px; }
`;
