import { describe, expect, it } from '@jest/globals';
import { parsePeriod } from '../../src/config/values/periods.js';
import { parseReason } from '../../src/config/values/reason.js';
import { parseReleaseName, releaseNameType } from '../../src/config/values/release-name.js';
import type { Checked } from '../../src/config/kit/checked.js';

/** What a reader sees: `message. hint`, or the value. */
function seen(checked: Checked<unknown>): unknown {
  return checked.ok ? checked.value : checked.faults.map(({ message, hint }) => (hint ? `${message}. ${hint}` : message)).join(' | ');
}

const hours = (day: number, hour: number): number => (day * 24 + hour) * 60;
const [sun, mon, tue, fri, sat] = [0, 1, 2, 5, 6];

describe('a period', () => {
  it.each<readonly [string, number, number, string, number?]>([
    ['Fri 16:00 – Mon 08:00 Europe/Paris', hours(fri, 16), hours(mon, 8), 'Europe/Paris'],
    ['friday 16:00—MONDAY 8:00 UTC', hours(fri, 16), hours(mon, 8), 'UTC'],
    ['Fri 16:00 − Mon 08:00 America/Port-au-Prince', hours(fri, 16), hours(mon, 8), 'America/Port-au-Prince'],
    ['Mon 08:00 - Fri 16:00 Etc/GMT-3', hours(mon, 8), hours(fri, 16), 'Etc/GMT-3'],
    ['Sun 02:00-04:00 UTC', hours(sun, 2), hours(sun, 4), 'UTC'],
    ['Sun 22:00-04:00 UTC', hours(sun, 22), hours(mon, 4), 'UTC'],
    ['Sat 22:00-04:00 UTC', hours(sat, 22), hours(sun, 4), 'UTC'],
    ['Sat 00:00-24:00 UTC', hours(sat, 0), hours(sun, 0), 'UTC'],
    ['Sat 00:00 - Sun 24:00 UTC', hours(sat, 0), hours(mon, 0), 'UTC'],
    ['22:00-06:00 Europe/Paris', hours(sun, 22), hours(mon, 6), 'Europe/Paris', 7],
    ['00:00-24:00 UTC', hours(sun, 0), hours(mon, 0), 'UTC', 7],
    ['Mon–Fri 09:00–17:00 UTC', hours(mon, 9), hours(mon, 17), 'UTC', 5],
    ['Mon–Fri 22:00–06:00 UTC', hours(mon, 22), hours(tue, 6), 'UTC', 5],
    ['Fri–Mon 09:00–17:00 UTC', hours(fri, 9), hours(fri, 17), 'UTC', 4],
  ])('is read: %s', (text, fromMinute, toMinute, timeZone, ...[days]) => {
    expect(seen(parsePeriod(text))).toStrictEqual({ text, fromMinute, toMinute, timeZone, ...(days === undefined ? {} : { days }) });
  });

  const form = 'Write DAY TIME – DAY TIME ZONE, DAY TIME–TIME ZONE, DAY–DAY TIME–TIME ZONE or TIME–TIME ZONE, e.g. Fri 16:00 – Mon 08:00 Europe/Paris.';
  const times = 'Write hours from 0 to 23 and two digits of minutes, e.g. 16:00; a period can end at 24:00.';
  const zones = 'Write Area/City as in the IANA database, e.g. Europe/Paris or America/New_York, or UTC.';
  it.each([
    ['Fri 16:00 – Mon 08:00', 'has "Fri 16:00 – Mon 08:00", which names no time zone. Add one at its end, e.g. Europe/Paris or UTC.'],
    ['22:00-06:00', 'has "22:00-06:00", which names no time zone. Add one at its end, e.g. Europe/Paris or UTC.'],
    ['', `has "", which is not a period. ${form}`],
    ['Fri – Mon UTC', `has "Fri – Mon UTC", which is not a period. ${form}`],
    ['Fri 16:00 to Mon 08:00 UTC', `has "Fri 16:00 to Mon 08:00 UTC", which is not a period. ${form}`],
    ['24 Dec – 2 Jan UTC', `has "24 Dec – 2 Jan UTC", which is not a period. ${form}`],
    ['16:00 – Mon 08:00 UTC', `has "16:00 – Mon 08:00 UTC", which is not a period. ${form}`],
    ['Fry 16:00 – Mon 08:00 UTC', 'has the day "Fry", which is not a day of the week. Did you mean "Fri"?'],
    ['Samedi 16:00 – Mon 08:00 UTC', 'has the day "Samedi", which is not a day of the week. Days are Mon, Tue, Wed, Thu, Fri, Sat and Sun.'],
    ['Sun 4pm-18:00 UTC', `has the time "4pm", which is not a time of day. ${times}`],
    ['Sun 16:00-25:00 UTC', `has the time "25:00", which is not a time of day. ${times}`],
    ['Sun 16:00-18:60 UTC', `has the time "18:60", which is not a time of day. ${times}`],
    ['Sat 24:00 – Mon 08:00 UTC', 'starts at "24:00". Write 00:00 of the next day.'],
    ['Sun 16:00-16:00 UTC', 'has "Sun 16:00-16:00 UTC", which starts and ends at the same time. Whole days are written 00:00–24:00.'],
    ['Mon 00:00 – Sun 24:00 UTC', 'has "Mon 00:00 – Sun 24:00 UTC", which starts and ends at the same time. Whole days are written 00:00–24:00.'],
    ['Sun 16:00-18:00 Europe/Pariss', 'has the time zone "Europe/Pariss", which is not known. Did you mean "Europe/Paris"?'],
    ['Sun 16:00-18:00 paris', 'has the time zone "paris", which is not known. Did you mean "Europe/Paris"?'],
    ['Sun 16:00-18:00 Moon/Crater', `has the time zone "Moon/Crater", which is not known. ${zones}`],
    ['Sun 16:00-18:00 -05:00', 'has the time zone "-05:00", which is an offset. An offset does not follow summer time: use a place, e.g. Europe/Paris, or UTC.'],
    ['Sun 16:00-18:00 UTC+2', 'has the time zone "UTC+2", which is an offset. An offset does not follow summer time: use a place, e.g. Europe/Paris, or UTC.'],
    ['Sun 16:00-18:00 BST', 'has the time zone "BST", which is an abbreviation. Abbreviations are ambiguous: use a place, e.g. Europe/Paris, or UTC.'],
    ['Sun 16:00-18:00 GMT', 'has the time zone "GMT", which is not accepted. Did you mean "UTC"?'],
    ['Fry 4pm-25:00 CEST', [
      'has the day "Fry", which is not a day of the week. Did you mean "Fri"?', `has the time "4pm", which is not a time of day. ${times}`, `has the time "25:00", which is not a time of day. ${times}`,
      'has the time zone "CEST", which is an abbreviation. Abbreviations are ambiguous: use a place, e.g. Europe/Paris, or UTC.',
    ].join(' | ')],
  ])('is refused: %s', (text, message) => expect(seen(parsePeriod(text))).toBe(message));
});

describe('a reason', () => {
  const hint = 'Explain in a few words why it cannot wait, e.g. "INC-1234: the checkout is down".';
  it.each([
    ['INC-1234: the checkout is down', 'INC-1234: the checkout is down'],
    ['結帳壞了，客戶無法付款了', '結帳壞了，客戶無法付款了'],
    ['true', `is too short: a reason has at least 10 characters. ${hint}`],
    ['1234567890', `has no word that explains anything. ${hint}`],
    ['because '.repeat(100), `has 800 characters, and a reason has at most 500. ${hint}`],
  ])('%j', (text, expected) => expect(seen(parseReason(text, hint))).toBe(expected));
});

describe('the name of a release', () => {
  const sha = 'deadbeef'.repeat(5);
  it.each<[string, string | undefined]>([
    ['1', 'revision'], ['999999', 'revision'], ['1234567', 'commit'], ['abc1234', 'commit'], [sha, 'commit'], [`${sha}deadbeefdeadbeefdeadbeef`, 'commit'],
    [`sha256:${'a'.repeat(64)}`, 'digest'], ['0', undefined], ['abc123', undefined], [`${sha}a`, undefined], ['v1', undefined],
  ])('%s is a %s', (text, type) => {
    expect(releaseNameType(text)).toBe(type);
    expect(parseReleaseName(text).ok).toBe(type !== undefined);
  });

  const examples = 'Give its revision (12), its digest (sha256:…) or at least 7 digits of its commit.';
  it.each([
    ['v1.2', `is "v1.2", which is neither a revision nor a digest nor a commit. ${examples} A tag or branch is not accepted, because it can move.`],
    ['0', 'is "0", but revisions are counted from 1. Remove it to roll back to the previous release.'],
    ['abc12', 'is "abc12", which is too short for a commit. Give at least 7 of its digits.'],
    ['ABC1234', 'is "ABC1234", but a commit is written in lower case. Did you mean "abc1234"?'],
    ['previous', 'is "previous", which does not name a release. Remove it to roll back to the previous release.'],
    ['sha256:abc', 'has 3 characters after "sha256:", and 64 are needed. Copy the whole digest.'],
    [`a@sha256:${'a'.repeat(64)}`, 'is a whole reference. Give only what comes after the "@"; the name goes into `image`.'],
  ])('is refused: %s', (text, message) => expect(seen(parseReleaseName(text))).toBe(message));
});
