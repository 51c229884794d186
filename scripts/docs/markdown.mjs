import { marked } from 'marked';

/**
 * @typedef {object} Block a fenced block of code
 * @property {string} language
 * @property {string} text
 * @property {number} line of its first line of code, counted from 1
 */

/** Tokens of a page in their order, those inside lists and tables too. @param {string} markdown */
function tokensOf(markdown) {
  /** @type {import('marked').Token[]} */
  const tokens = [];
  marked.walkTokens(marked.lexer(markdown), (token) => { tokens.push(token); });
  return tokens;
}

/**
 * The fenced blocks of a page, without the margin of a list that they stand in.
 *
 * @param {string} markdown
 * @returns {readonly Block[]}
 */
export function blocksOf(markdown) {
  const lines = markdown.split('\n');
  let from = 0;
  return tokensOf(markdown).flatMap((token) => {
    if (token.type !== 'code') return [];
    const opening = token.raw.trimStart().split('\n')[0] ?? '';
    from = lines.findIndex((line, index) => index >= from && line.trim() === opening.trim()) + 1;
    return [{ language: token.lang ?? '', text: token.text, line: from + 1 }];
  });
}

/**
 * The headings of a page, as `## Title`.
 *
 * @param {string} markdown
 */
export const headingsOf = (markdown) => tokensOf(markdown).flatMap((token) => (token.type === 'heading' ? [`${'#'.repeat(token.depth)} ${token.text}`] : []));

/**
 * The anchors of a page, as GitHub makes them from its headings.
 *
 * @param {string} markdown
 * @returns {ReadonlySet<string>}
 */
export function anchorsOf(markdown) {
  const anchors = new Set();
  for (const heading of headingsOf(markdown)) {
    const plain = heading.replace(/^#+ /, '').replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
    const anchor = plain.toLowerCase().replaceAll(/[^\p{L}\p{N}\p{M} _-]/gu, '').replaceAll(' ', '-');
    let unique = anchor;
    for (let count = 1; anchors.has(unique); count += 1) unique = `${anchor}-${count}`;
    anchors.add(unique);
  }
  return anchors;
}

/**
 * Where the links and pictures of a page lead, those in HTML too; not what stands in code.
 *
 * @param {string} markdown
 * @returns {readonly string[]}
 */
export const linksOf = (markdown) => tokensOf(markdown).flatMap((token) => {
  if (token.type === 'link' || token.type === 'image') return [token.href];
  return token.type === 'html' ? [...token.raw.matchAll(/(?:src|srcset|href)="([^"]+)"/g)].map(([, address = '']) => address) : [];
});
