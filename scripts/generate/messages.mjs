import ts from 'typescript';

/** A text for users: its line, and its words, with `{name}` for placeholders. */
/** @typedef {{ readonly line: number, readonly text: string }} Message */

/**
 * The messages of one source file, in their order: every text of at least two words, pieces joined by `+` as one.
 * A text within what fills another text is a message of its own.
 *
 * @param {string} name of the file, for the parser
 * @param {string} source TypeScript
 * @returns {readonly Message[]}
 */
export function messagesOf(name, source) {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.ES2022, true);
  /** @type {Message[]} */
  const messages = [];
  /** @param {ts.Node} node */
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isLiteralTypeNode(node)) return;
    const text = textOf(node);
    if (text === undefined) return void ts.forEachChild(node, visit);
    if (isMessage(text.words)) messages.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + 1, text: text.shown });
    text.holes.forEach(visit);
  };
  visit(file);
  return messages;
}

/**
 * The table of all messages, file by file: what a reviewer of wording reads.
 *
 * @param {readonly { readonly path: string, readonly text: string }[]} files
 */
export const messageTable = (files) =>
  files
    .map(({ path, text }) => ({ path, lines: messagesOf(path, text).map((message) => `  ${message.text.replaceAll('\n', '⏎')}`) }))
    .filter(({ lines }) => lines.length > 0)
    .map(({ path, lines }) => `${path}\n${lines.join('\n')}\n`)
    .join('\n');

/** @param {string} words without what is filled in */
const isMessage = (words) => /[a-z’']{2,}[,;:.)]* [^a-z]*[a-z]{2,}/i.test(words);

/** @typedef {{ readonly words: string, readonly shown: string, readonly holes: readonly ts.Node[] }} Text */

/**
 * @param {ts.Node} node
 * @returns {Text | undefined} undefined for what is not a text
 */
function textOf(node) {
  if (ts.isStringLiteralLike(node)) return { words: node.text, shown: node.text, holes: [] };
  if (ts.isTemplateExpression(node)) {
    const spans = node.templateSpans;
    return {
      words: node.head.text + spans.map(({ expression, literal }) => (settingIn(expression) ?? '…') + literal.text).join(''),
      shown: node.head.text + spans.map(({ expression, literal }) => hole(expression) + literal.text).join(''),
      holes: spans.map(({ expression }) => expression),
    };
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) return joined(node);
  return undefined;
}

/**
 * `'a text ' + 'in two parts'` as one text. Undefined when neither side is a text.
 *
 * @param {ts.BinaryExpression} node
 * @returns {Text | undefined}
 */
function joined({ left, right }) {
  const [first, second] = [textOf(left), textOf(right)];
  if (!first && !second) return undefined;
  const [a, b] = [first ?? filledIn(left), second ?? filledIn(right)];
  return { words: a.words + b.words, shown: a.shown + b.shown, holes: [...a.holes, ...b.holes] };
}

/**
 * @param {ts.Expression} expression
 * @returns {Text}
 */
const filledIn = (expression) => ({ words: '…', shown: hole(expression), holes: [expression] });

/**
 * A setting as a workflow names it: it is a word of the message. Undefined for what is not one.
 *
 * @param {ts.Expression} expression
 */
function settingIn(expression) {
  if (!ts.isCallExpression(expression) || expression.expression.getText() !== 'settingText') return undefined;
  const [name, value] = expression.arguments;
  return name && ts.isStringLiteral(name) ? `\`${name.text}${value ? ': …' : ''}\`` : undefined;
}

/** @param {ts.Expression} expression */
function hole(expression) {
  const setting = settingIn(expression);
  if (setting !== undefined) return setting;
  const code = expression.getText().replace(/\s+/g, ' ');
  return code.length > 40 || /['"`?{]/.test(code) ? '{…}' : `{${code}}`;
}
