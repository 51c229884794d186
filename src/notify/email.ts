import type { TargetOf } from '../config/config.js';
import type { MailMessage } from '../ports/mail.js';
import { lastLines } from '../report/evidence.js';
import { noticeText, type Notice } from './notice.js';
import type { Severity } from './occasion.js';
import { cut, escapeHtml, oneLine } from './text.js';

/** Characters of the subject: RFC 5322 allows lines of 998, and programs show about 70. */
const subjectLimit = 180;
/** Of a piece of evidence, and of the whole text. */
const [logLimit, textLimit] = [10_000, 100_000];

/** A message as text and as simple HTML, which say the same. */
export function emailMessage(notice: Notice, { from, to }: Pick<TargetOf<'email'>, 'from' | 'to'>): MailMessage {
  const { title, failure, verdict } = notice;
  const text = cut(noticeText(notice, (log) => lastLines(log, logLimit)), textLimit);
  return {
    from, to, subject: cut(oneLine(failure ? `${title} (${failure.cause})` : title), subjectLimit), text, html: htmlOf(notice),
    // RFC 3834: so no program answers that someone is on holiday.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Deploy-Action-Event': verdict },
  };
}

const colours: Readonly<Record<Severity, string>> = { critical: '#b91c1c', warning: '#b45309', success: '#15803d' };

function htmlOf(notice: Notice): string {
  const { sign, title, sentence, notes, severity, failure, evidence, changes, facts, commands, links } = notice;
  const paragraph = (text: string): string => `<p>${escapeHtml(cut(text, logLimit)).replaceAll('\n', '<br>')}</p>`;
  const block = (name: string, text: string): string => `<h3>${escapeHtml(cut(name, 300))}</h3><pre style="white-space:pre-wrap;background:#f3f4f6;padding:8px">${escapeHtml(text)}</pre>`;
  const parts = [
    `<h2 style="color:${colours[severity]}">${escapeHtml(cut(`${sign} ${title}`, 300))}</h2>`,
    paragraph([sentence, ...notes].join('\n')),
    ...failure ? [paragraph(`Cause: ${failure.cause} in the stage ${failure.stage}`), paragraph(failure.message), paragraph(`What to do: ${failure.hint}`)] : [],
    ...commands.length > 0 ? [block('Roll back by hand', cut(commands.join('\n'), logLimit))] : [],
    ...changes.length > 0 ? [block('Versions', changes.join('\n'))] : [],
    ...evidence.slice(0, 5).map((piece) => block(piece.title, lastLines(piece.text, logLimit))),
    ...facts.length > 0 ? [paragraph(facts.join(', '))] : [],
    ...links.length > 0 ? [`<p>${links.map(({ text, href }) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`).join(' · ')}</p>`] : [],
  ];
  return `<!doctype html><html><body style="font-family:sans-serif">${parts.join('\n')}</body></html>`;
}
