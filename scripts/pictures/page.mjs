import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { marked } from 'marked';

const require = createRequire(import.meta.url);

/** Width of the column in which GitHub shows a job summary, in CSS pixels. */
export const pageWidth = 1000;

/** @typedef {'light' | 'dark'} Theme */

/**
 * A job summary as a page that looks as GitHub shows it: its style sheet, its markdown, its mermaid. Once all of it is drawn the
 * page writes its size, and everything that is wider than it or cannot be read, as JSON into `data-measured` of its body.
 *
 * @param {string} markdown
 * @param {Theme} theme
 */
export function page(markdown, theme) {
  const css = readFileSync(require.resolve(`github-markdown-css/github-markdown-${theme}.css`), 'utf8');
  const mermaid = readFileSync(require.resolve('@mermaid-js/tiny/dist/mermaid.tiny.js'), 'utf8').replaceAll('</script', '<\\/script');
  const body = marked.parse(markdown, { gfm: true, async: false }).replaceAll(/<pre><code class="language-mermaid">([\s\S]*?)<\/code><\/pre>/g, '<pre class="mermaid">$1</pre>');
  return `<!doctype html>
<html><head><meta charset="utf-8"><style>${css}
body { margin: 0; background: ${theme === 'dark' ? '#0d1117' : '#ffffff'}; }
.markdown-body { box-sizing: border-box; width: ${pageWidth}px; padding: 24px; }
.markdown-body table { display: table; width: auto; }
</style></head><body><article class="markdown-body">${body}</article>
<script>${mermaid}</script>
<script>(${measure.toString()})(${JSON.stringify(theme)});</script>
</body></html>`;
}

/** Runs in the browser. @param {Theme} theme */
async function measure(theme) {
  const { mermaid, document } = /** @type {any} */ (globalThis);
  const problems = [];
  try {
    mermaid.initialize({ startOnLoad: false, theme: theme === 'dark' ? 'dark' : 'default', gantt: { useWidth: 950 } });
    await mermaid.run();
  } catch (error) {
    problems.push(`the timeline is not drawn: ${error}`);
  }
  const article = document.querySelector('article');
  const limit = article.getBoundingClientRect().right;
  for (const element of article.querySelectorAll('table, p, ul, ol, h3, blockquote, svg')) {
    const { right, width } = element.getBoundingClientRect();
    if (right > limit + 1) problems.push(`${element.tagName.toLowerCase()} is ${Math.ceil(width)} px wide: ${element.textContent.trim().slice(0, 80)}`);
  }
  for (const svg of article.querySelectorAll('svg')) {
    const ticks = [...svg.querySelectorAll('.tick text')].map((tick) => tick.textContent);
    const double = ticks.find((tick, index) => ticks.indexOf(tick) !== index);
    if (double !== undefined) problems.push(`the axis has the label ${double} more than once`);
  }
  document.body.dataset.measured = JSON.stringify({ height: Math.ceil(article.getBoundingClientRect().height), problems });
}
