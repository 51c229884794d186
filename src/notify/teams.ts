import type { TargetOf } from '../config/config.js';
import { lastLines } from '../report/evidence.js';
import { jsonHeaders, type Answer, type HttpMessage } from './http-message.js';
import type { Notice } from './notice.js';
import type { Severity } from './occasion.js';
import { cut } from './text.js';

/*
 * An Adaptive Card for a workflow of Teams that starts when a webhook request is received:
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook. Text from outside is
 * only in text runs, in which Markdown has no effect: https://adaptivecards.io/explorer/TextRun.html
 */

/** Teams takes 28 kB with what the workflow adds, and drops a larger message although the webhook has answered 202. Bytes. */
const sizeLimit = 20_000;
/** Characters of the parts; a card that is too large is made again with half of each. */
const roomAtFirst = 3000;
const linesAtMost = 15;

type Element = Readonly<Record<string, unknown>>;

export function teamsMessage(notice: Notice, { url }: Pick<TargetOf<'teams'>, 'url'>): HttpMessage {
  return { url, headers: jsonHeaders, body: bodyWithin(notice, roomAtFirst), refusal, hint };
}

function bodyWithin(notice: Notice, room: number): string {
  const attachment = { contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content: cardOf(notice, room) };
  const body = JSON.stringify({ type: 'message', attachments: [attachment] });
  return Buffer.byteLength(body) <= sizeLimit || room < 20 ? body : bodyWithin(notice, Math.floor(room / 2));
}

const colours: Readonly<Record<Severity, string>> = { critical: 'Attention', warning: 'Warning', success: 'Good' };

function cardOf(notice: Notice, room: number): Element {
  const { sign, title, sentence, notes, severity, failure, evidence: [decisive], changes, facts, commands, links } = notice;
  const lines = (text: string, style: Element = {}): readonly Element[] => textLines(cut(text, room), style);
  return {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json', type: 'AdaptiveCard', version: '1.4', msteams: { width: 'Full' },
    fallbackText: harmless(cut(title, 300)),
    body: [
      ...lines(`${sign} ${title}`, { weight: 'Bolder', size: 'Large', color: colours[severity] }),
      ...lines([sentence, ...notes].join('\n')),
      ...failure ? [...lines(`Cause: ${failure.cause} in the stage ${failure.stage}`, { weight: 'Bolder' }), ...lines(failure.message), ...lines(`What to do: ${failure.hint}`)] : [],
      ...commands.length > 0 ? [...lines('Roll back by hand:', { weight: 'Bolder' }), ...lines(commands.join('\n'), { fontType: 'Monospace' })] : [],
      ...decisive ? [...lines(`${decisive.title}:`, { weight: 'Bolder' }), ...textLines(endOf(decisive.text, Math.floor(room / 2)), { fontType: 'Monospace' })] : [],
      ...lines(changes.join('\n')),
      ...lines(facts.join(' · '), { isSubtle: true }),
    ],
    actions: links.filter(({ href }) => href.length <= 1000).map(({ text, href }) => ({ type: 'Action.OpenUrl', title: text, url: href })),
  };
}

/** The last lines of a log: they say why. */
const endOf = (log: string, room: number): string => lastLines(log, room).split('\n').slice(-linesAtMost).join('\n');

/** Each line as an element: line breaks within one are not shown everywhere. The last lines of a long text are left out. */
function textLines(text: string, style: Element): readonly Element[] {
  const all = text.split('\n').filter((line) => line.trim() !== '');
  const shown = all.length > linesAtMost ? [...all.slice(0, linesAtMost - 1), '…'] : all;
  return shown.map((line, index) => ({
    type: 'RichTextBlock', spacing: index === 0 ? 'Default' : 'None', inlines: [{ type: 'TextRun', text: harmless(line), ...style }],
  }));
}

/** Cards fill in dates for `{{DATE(…)}}` and `{{TIME(…)}}`. */
const harmless = (text: string): string => text.replace(/\{\{(?=\s*(?:DATE|TIME)\()/gi, '{ {');

/** A workflow answers 202 without a text; a connector of the old kind `1`, and to an error 200 with a sentence. */
const refusal = ({ text }: Answer): string | undefined => (text === '' || text === '1' || !/\berror\b|failed|exception/i.test(text) ? undefined : text);

const hint = (): string => 'Check in the app Workflows of Teams that it still exists and is turned on, and that anyone who has the address can start it.';
