import * as v from 'valibot';
import type { TargetOf } from '../config/config.js';
import { tryJson } from '../ports/json.js';
import { lastLines } from '../report/evidence.js';
import { jsonHeaders, type Answer, type HttpMessage } from './http-message.js';
import type { Notice } from './notice.js';
import { cut, escapeAngles, oneLine } from './text.js';

/*
 * A message of Slack, by an incoming webhook: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks. Slack
 * rejects a whole message when one of its limits is exceeded (invalid_blocks). Text from outside is only in `plain_text` and
 * `rich_text`, which Slack shows as it is: no mention, no link, no formatting comes out of it.
 */

/** https://docs.slack.dev/reference/block-kit/blocks: characters of a header and of a section. */
const [headerLimit, sectionLimit] = [150, 3000];
/** Of a message: the first lines decide whether someone reads on. */
const [messageLimit, logLimit, commandLimit] = [2000, 1500, 2500];
/** Of the text of notifications, and of servers that know no blocks (Mattermost, Rocket.Chat). */
const fallbackLimit = 3000;

type Block = Readonly<Record<string, unknown>>;

export function slackMessage(notice: Notice, { url }: Pick<TargetOf<'slack'>, 'url'>): HttpMessage {
  const body = { text: fallback(notice), blocks: blocksOf(notice), unfurl_links: false, unfurl_media: false };
  return { url, headers: jsonHeaders, body: JSON.stringify(body), refusal, hint };
}

function blocksOf(notice: Notice): readonly Block[] {
  const { sign, title, sentence, notes, failure, evidence: [decisive], changes, facts, commands } = notice;
  return [
    { type: 'header', text: plain(`${sign} ${title}`, headerLimit) },
    section([sentence, ...notes].join('\n')),
    ...failure ? [
      section(`Cause: ${failure.cause} in the stage ${failure.stage}\n${cut(failure.message, messageLimit)}`), section(`What to do: ${cut(failure.hint, messageLimit)}`),
    ] : [],
    ...commands.length > 0 ? [section('Roll back by hand:'), preformatted(cut(commands.join('\n'), commandLimit))] : [],
    ...decisive ? [section(`${cut(decisive.title, headerLimit)}:`), preformatted(lastLines(decisive.text, logLimit))] : [],
    ...changes.length > 0 ? [section(changes.join('\n'))] : [],
    ...facts.length > 0 ? [{ type: 'context', elements: [plain(facts.join(' · '), messageLimit)] }] : [],
    ...linkBlock(notice),
  ];
}

/** Without `emoji: false`, `:fire:` in a name would become a picture. */
const plain = (text: string, limit: number): Block => ({ type: 'plain_text', text: cut(text, limit), emoji: false });
const section = (text: string): Block => ({ type: 'section', text: plain(text, sectionLimit) });
const preformatted = (text: string): Block => ({ type: 'rich_text', elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text }] }] });

/** The only text with markup: addresses, and words of this action. A button would need an app that answers to clicks. */
function linkBlock({ links }: Notice): readonly Block[] {
  const text = links.map(({ text: words, href }) => `<${escapeAngles(href)}|${words}>`).join('  ·  ');
  return text === '' || text.length > sectionLimit ? [] : [{ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }];
}

/** Slack reads `text` as markup: `<` starts a mention. After an @, Mattermost would see a name without the invisible space. */
function fallback({ sign, title, sentence, failure, links }: Notice): string {
  const text = [`${sign} ${title}`, sentence, ...failure ? [oneLine(failure.message)] : []].map((line) => escapeAngles(cut(line, 1000)).replaceAll('@', '@\u200b'));
  const [run] = links;
  return cut([...text, ...run && run.href.length < 500 ? [escapeAngles(run.href)] : []].join('\n'), fallbackLimit);
}

const answerShape = v.object({ ok: v.optional(v.boolean()), success: v.optional(v.boolean()), error: v.optional(v.string()) });

/** Slack answers `ok`. Of an error it says the name (`no_service`), which some servers do with the status 200. */
function refusal({ text }: Answer): string | undefined {
  if (text === '' || text === 'ok') return undefined;
  const answer = tryJson(text, answerShape);
  return answer?.ok === true || answer?.success === true ? undefined : answer?.error ?? text;
}

const hint = (status: number): string => (status === 400
  ? 'This is a bug in this action if the webhook is one of Slack.'
  : 'Check that the webhook and its channel still exist, or create a new webhook.');
