import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { emailMessage } from '../../src/notify/email.js';
import { grafanaMessage } from '../../src/notify/grafana.js';
import { noticeOf } from '../../src/notify/notice.js';
import { triggerMessage } from '../../src/notify/pagerduty.js';
import { slackMessage } from '../../src/notify/slack.js';
import { teamsMessage } from '../../src/notify/teams.js';
import { anyCharacter } from '../any-character.js';
import { hostileOutcome } from '../report/outcomes.js';
import { attacks, bodyOf, objectsIn, textsIn, type Any } from './notices.js';

/* A commit message, a line of a log or the name of an app says something that a service understands. */

const url = 'https://a.example/';
const hostile = fc.oneof(
  fc.constantFrom(...attacks), fc.string({ unit: anyCharacter, maxLength: 200 }),
  fc.array(fc.oneof(fc.constantFrom(...attacks), fc.string({ unit: anyCharacter, maxLength: 20 })), { maxLength: 8 }).map((parts) => parts.join('\n')),
  fc.tuple(fc.constantFrom(...attacks), fc.integer({ min: 1, max: 3000 })).map(([text, count]) => text.repeat(count).slice(0, 20_000)),
);
const noticeFor = (text: string) => noticeOf({ ...hostileOutcome(text), startedAt: 0, durationMs: 1 });
/** Whatever else a payload is, no text in it steers a terminal or turns a line around. */
// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
const holds = (check: (text: string) => void, numRuns = 150): void => fc.assert(fc.property(hostile, check), { numRuns });

describe('text from outside', () => {
  it('is in Slack only where it is shown as it is, within the limits of blocks', () => holds((text) => {
    const { text: fallback, blocks } = bodyOf(slackMessage(noticeFor(text), { url }));
    const objects = objectsIn(blocks);
    for (const { type, text: shown, emoji } of objects.filter((each) => each['type'] === 'plain_text')) expect([type, emoji, String(shown).length > 0]).toEqual(['plain_text', false, true]);
    // What has markup is made of addresses and words of this action.
    for (const { text: markup, verbatim } of objects.filter((each) => each['type'] === 'mrkdwn')) expect([String(markup).replace(/<https?:[^<>|]+\|(?:Run|Commit|App)>(?: {2}· {2})?/g, ''), verbatim]).toEqual(['', true]);
    expect(new Set(objects.map(({ type }) => type))).toEqual(new Set([...objects.map(({ type }) => type)].filter((type) =>
      ['header', 'section', 'context', 'rich_text', 'rich_text_preformatted', 'text', 'plain_text', 'mrkdwn'].includes(String(type)))));
    expect([blocks.length <= 50, fallback.length <= 3000]).toEqual([true, true]);
    for (const block of blocks as readonly Any[]) {
      if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(150);
      if (block.type === 'section') expect(block.text.text.length).toBeLessThanOrEqual(3000);
    }
    expect(fallback).not.toMatch(/[<>]|@(?!\u200b)/);
    expect(textsIn({ ...blocks, fallback: fallback.replaceAll('\u200b', '') }).filter((each) => steering.test(each))).toEqual([]);
  }));

  it('is in Teams only in text runs, within its size', () => holds((text) => {
    const message = teamsMessage(noticeFor(text), { url });
    const { body, actions, fallbackText } = bodyOf(message).attachments[0].content;
    for (const { type, inlines } of body as readonly Any[]) expect([type, inlines.map((each: Any) => each.type)]).toEqual(['RichTextBlock', ['TextRun']]);
    for (const { type, title, url: href } of actions as readonly Any[]) expect([type, ['Run', 'Commit', 'App'].includes(title), /^https?:\/\//.test(href)]).toEqual(['Action.OpenUrl', true, true]);
    expect(textsIn([body, fallbackText]).filter((each) => /\{\{\s*(?:DATE|TIME)\(/i.test(each) || steering.test(each))).toEqual([]);
    expect(Buffer.byteLength(message.body)).toBeLessThanOrEqual(20_000);
  }));

  it('is in an event of PagerDuty within its limits', () => holds((text) => {
    const subject = { app: text, environment: text, namespace: text, repository: text, deploys: true };
    const message = triggerMessage(noticeFor(text), { url, key: 'k' }, subject, 0);
    const { dedup_key: key, payload } = bodyOf(message);
    expect([key.length <= 255, payload.summary.length <= 1024, /\n/.test(payload.summary), Buffer.byteLength(message.body) < 512_000]).toEqual([true, true, false, true]);
    expect(textsIn(bodyOf(message)).filter((each) => steering.test(each))).toEqual([]);
  }));

  it('makes no header and no tag of an e-mail', () => holds((text) => {
    const { subject, html, text: plain } = emailMessage(noticeFor(text), { from: { address: 'a@a.example' }, to: [] });
    expect([/[\r\n]/.test(subject), subject.length <= 180, steering.test(subject), steering.test(plain), steering.test(html)]).toEqual([false, true, false, false, false]);
    const tags = [...html.matchAll(/<\/?([a-z0-9]+|!doctype)\b[^<>]*>/g)].map(([, name]) => name);
    expect(tags.filter((name) => !['!doctype', 'html', 'body', 'h2', 'h3', 'p', 'br', 'pre', 'a'].includes(name ?? ''))).toEqual([]);
    // Every angle bracket is that of such a tag.
    expect(html.replace(/<\/?(?:[a-z0-9]+|!doctype)\b[^<>]*>/g, '')).not.toMatch(/[<>]/);
    expect([...html.matchAll(/href="([^"]*)"/g)].every(([, href = '']) => /^https?:\/\//.test(href))).toBe(true);
  }));

  it('makes no tag of an annotation', () => holds((text) => {
    const outcome = { ...hostileOutcome(text), startedAt: 0, durationMs: 1 };
    const { text: html, tags } = bodyOf(grafanaMessage(noticeOf(outcome), { url, token: 't' }, outcome));
    expect(html.replaceAll('<br>', '').replace(/<a href="https?:\/\/[^"<>]*">Run<\/a>$/, '')).not.toMatch(/[<>]/);
    expect(tags.every((tag: string) => tag.length <= 100 && !/[\r\n]/.test(tag))).toBe(true);
  }));
});
