import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Period } from '../../src/config/config.js';
import { parsePeriod } from '../../src/config/values/periods.js';
import { closedReason, nextClosing, nextOpening } from '../../src/policy/calendar.js';

function period(text: string): Period {
  const checked = parsePeriod(text);
  if (!checked.ok) throw new Error(checked.faults.map(({ message }) => message).join());
  return checked.value;
}
const reason = (now: string, freeze: readonly string[], windows: readonly string[] = []): string | undefined =>
  closedReason(Date.parse(now), freeze.map(period), windows.map(period));

const weekEnd = 'Fri 16:00 – Mon 08:00 Europe/Paris';
const night = '22:00–06:00 Europe/Paris';
const window = 'Sun 02:00–04:00 UTC';

describe('why it is closed', () => {
  it.each<[string, readonly string[], readonly string[], string | undefined]>([
    ['2024-06-12T12:00:00Z', [], [], undefined],
    ['2024-06-14T13:59:59.999Z', [weekEnd], [], undefined],
    ['2024-06-14T14:00:00Z', [weekEnd], [], `frozen by \`${weekEnd}\` until Monday 08:00 Europe/Paris (in 2 d 16 h)`],
    ['2024-06-15T23:59:59Z', [weekEnd], [], `frozen by \`${weekEnd}\` until Monday 08:00 Europe/Paris (in 1 d 6 h)`],
    ['2024-06-16T15:40:00Z', [weekEnd], [], `frozen by \`${weekEnd}\` until Monday 08:00 Europe/Paris (in 14 h 20 min)`],
    ['2024-06-17T05:59:59.999Z', [weekEnd], [], `frozen by \`${weekEnd}\` until Monday 08:00 Europe/Paris (in 1 min)`],
    ['2024-06-17T06:00:00Z', [weekEnd], [], undefined],
    ['2024-06-12T20:30:00Z', [night], [], `frozen by \`${night}\` until Thursday 06:00 Europe/Paris (in 7 h 30 min)`],
    ['2024-06-12T03:00:00Z', [night], [], `frozen by \`${night}\` until Wednesday 06:00 Europe/Paris (in 1 h)`],
    ['2024-06-12T04:00:00Z', [night], [], undefined],
    // Of two that hold, the one that holds longer is named; the night begins again before the first window.
    ['2024-06-15T21:00:00Z', [night, weekEnd], [], `frozen by \`${weekEnd}\` until Monday 08:00 Europe/Paris (in 1 d 9 h)`],
    ['2024-06-12T12:00:00Z', ['Wed 10:00–15:00 UTC'], [window], 'frozen by `Wed 10:00–15:00 UTC` until Wednesday 15:00 UTC (in 3 h); the next open time is Sunday 02:00 UTC (in 3 d 14 h)'],
    ['2024-06-12T12:00:00Z', [], [window], `outside every window; the next one is \`${window}\`, open from Sunday 02:00 UTC (in 3 d 14 h)`],
    ['2024-06-16T03:59:59Z', [], [window], undefined],
    ['2024-06-16T04:00:00Z', [], [window], `outside every window; the next one is \`${window}\`, open from Sunday 02:00 UTC (in 6 d 22 h)`],
    ['2024-06-12T12:00:00Z', [], [window, 'Mon–Fri 09:00–11:00 UTC'], 'outside every window; the next one is `Mon–Fri 09:00–11:00 UTC`, open from Thursday 09:00 UTC (in 21 h)'],
    ['2024-06-15T12:00:00Z', [], ['Mon–Fri 09:00–11:00 UTC'], 'outside every window; the next one is `Mon–Fri 09:00–11:00 UTC`, open from Monday 09:00 UTC (in 1 d 21 h)'],
    // The freeze covers the beginning of the window, or all of it.
    ['2024-06-15T12:00:00Z', ['Sun 01:00–03:00 UTC'], [window], `outside every window; the next one is \`${window}\`, open from Sunday 03:00 UTC (in 15 h)`],
    ['2024-06-15T12:00:00Z', ['Sun 01:00–05:00 UTC'], [window], 'outside every window, and these settings never allow a deployment'],
    ['2024-06-16T02:30:00Z', ['Sun 01:00–05:00 UTC'], [window], 'frozen by `Sun 01:00–05:00 UTC`, and these settings never allow a deployment'],
    ['2024-06-16T02:30:00Z', ['00:00–24:00 UTC'], [], 'frozen by `00:00–24:00 UTC`, and these settings never allow a deployment'],
    ['2024-06-16T02:30:00Z', ['Mon–Sun 06:00–06:30 UTC', 'Sat–Sun 00:00–24:00 UTC'], [], 'frozen by `Sat–Sun 00:00–24:00 UTC` until Monday 00:00 UTC (in 21 h 30 min)'],
  ])('at %s, frozen %j, windows %j', (now, freeze, windows, sentence) => expect(reason(now, freeze, windows)).toBe(sentence));

  it.each<[string, string, readonly string[], readonly string[], string | undefined]>([
    ['an hour less', '2024-03-30T12:00:00Z', [weekEnd], [], `frozen by \`${weekEnd}\` until Monday 08:00 Europe/Paris (in 1 d 18 h)`],
    ['an hour more', '2024-10-26T12:00:00Z', [weekEnd], [], `frozen by \`${weekEnd}\` until Monday 08:00 Europe/Paris (in 1 d 19 h)`],
    ['the end is left out', '2024-03-31T00:30:00Z', ['Sun 01:00–02:30 Europe/Paris'], [], 'frozen by `Sun 01:00–02:30 Europe/Paris` until Sunday 03:00 Europe/Paris (in 30 min)'],
    ['all is left out', '2024-03-31T00:30:00Z', [], ['Sun 02:00–02:45 Europe/Paris'], 'outside every window; the next one is `Sun 02:00–02:45 Europe/Paris`, open from Sunday 02:00 Europe/Paris (in 6 d 23 h)'],
    ['the first of two', '2024-10-27T00:15:00Z', ['Sun 02:00–02:30 Europe/Paris'], [], 'frozen by `Sun 02:00–02:30 Europe/Paris` until Sunday 02:30 Europe/Paris (in 15 min)'],
    ['between the two', '2024-10-27T00:45:00Z', ['Sun 02:00–02:30 Europe/Paris'], [], undefined],
    ['the second of two', '2024-10-27T01:15:00Z', ['Sun 02:00–02:30 Europe/Paris'], [], 'frozen by `Sun 02:00–02:30 Europe/Paris` until Sunday 02:30 Europe/Paris (in 15 min)'],
    ['across both', '2024-10-26T23:30:00Z', ['Sun 01:00–03:00 Europe/Paris'], [], 'frozen by `Sun 01:00–03:00 Europe/Paris` until Sunday 03:00 Europe/Paris (in 2 h 30 min)'],
    ['half an hour', '2024-04-06T14:45:00Z', ['Sun 01:30–02:00 Australia/Lord_Howe'], [], 'frozen by `Sun 01:30–02:00 Australia/Lord_Howe` until Sunday 02:00 Australia/Lord_Howe (in 45 min)'],
  ])('when the clocks are changed: %s', (_, now, freeze, windows, sentence) => expect(reason(now, freeze, windows)).toBe(sentence));
});

describe('when it is closed next', () => {
  it.each<[string, readonly string[], readonly string[], string | undefined]>([
    ['2024-06-12T12:00:00Z', [], [], undefined],
    ['2024-06-12T12:00:00Z', [weekEnd], [], `frozen by \`${weekEnd}\` from Friday 16:00 Europe/Paris (in 2 d 2 h) until Monday 08:00 Europe/Paris`],
    ['2024-06-14T13:00:00Z', [night, weekEnd], [], `frozen by \`${weekEnd}\` from Friday 16:00 Europe/Paris (in 1 h) until Monday 08:00 Europe/Paris`],
    ['2024-06-16T02:30:00Z', [], [window], 'outside every window from Sunday 04:00 UTC (in 1 h 30 min) until Sunday 02:00 UTC'],
    // It is closed now: that is another sentence.
    ['2024-06-15T12:00:00Z', [weekEnd], [], undefined],
    ['2024-06-12T12:00:00Z', [], [window], undefined],
  ])('from %s on, frozen %j, windows %j', (now, freeze, windows, sentence) => expect(nextClosing(Date.parse(now), freeze.map(period), windows.map(period))).toBe(sentence));
});

const dayWords = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
/** Samples of 16 days, each with the change of clocks in one or two of the zones. */
const samples = ['2024-03-06', '2024-03-27', '2024-10-23'].map((date) => Date.parse(`${date}T00:00:00Z`));
const sampleMinutes = 16 * 1440;
const zones = ['Europe/Paris', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC'];

/** What a clock on the wall shows: the day and the text of the time. */
interface Shown { readonly day: number; readonly time: string }
const shown = new Map<string, readonly Shown[]>();
/** Of every minute of a sample. Between two quarters of an hour no clock here is changed: only those are asked for. */
function clock(zone: string, start: number): readonly Shown[] {
  const key = `${zone} ${start}`;
  const known = shown.get(key);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const made = Array.from({ length: sampleMinutes / 15 }, (_, index) => {
    const [day = '', quarter = ''] = format.format(start + index * 15 * 60_000).split(/,? /);
    const [hour = '', minute = ''] = quarter.split(':');
    return Array.from({ length: 15 }, (_each, later) => ({ day: dayWords.indexOf(day), time: `${hour}:${String(Number(minute) + later).padStart(2, '0')}` }));
  }).flat();
  shown.set(key, made);
  return made;
}

/** A period as text, with the rule by which a person would apply it to a clock. */
interface Drawn { readonly text: string; readonly zone: string; readonly holds: (at: Shown) => boolean }

const zone = fc.constantFrom(...zones);
const dayIndex = fc.integer({ min: 0, max: 6 });
const time = fc.tuple(fc.oneof(fc.integer({ min: 0, max: 23 }), fc.constantFrom(1, 2, 3)), fc.constantFrom('00', '15', '30', '59')).map(([hour, minutes]) => `${String(hour).padStart(2, '0')}:${minutes}`);

const weekly: fc.Arbitrary<Drawn> = fc.record({ zone, first: dayIndex, last: dayIndex, from: time, to: time })
  .filter(({ first, last, from, to }) => first !== last || from !== to)
  .map(({ zone: place, first, last, from, to }) => {
    const [begin, end] = [`${first} ${from}`, `${last} ${to}`];
    return { text: `${dayWords[first]} ${from} – ${dayWords[last]} ${to} ${place}`, zone: place, holds: ({ day, time: shownTime }) => {
      const here = `${day} ${shownTime}`;
      return begin < end ? here >= begin && here < end : here >= begin || here < end;
    } };
  });

const daily: fc.Arbitrary<Drawn> = fc.record({ zone, days: fc.option(fc.tuple(dayIndex, dayIndex), { nil: undefined }), from: time, to: fc.oneof(time, fc.constant('24:00')) })
  .filter(({ from, to }) => from !== to)
  .map(({ zone: place, days, from, to }) => {
    const [first, last] = days ?? [0, 6];
    const isOn = (day: number): boolean => (first <= last ? day >= first && day <= last : day >= first || day <= last);
    return { text: `${days ? `${dayWords[first]}-${dayWords[last]} ` : ''}${from}-${to} ${place}`, zone: place, holds: ({ day, time: shownTime }) => (from < to
      ? isOn(day) && shownTime >= from && shownTime < to
      : (isOn(day) && shownTime >= from) || (isOn((day + 6) % 7) && shownTime < to)) };
  });

const several = fc.array(fc.oneof(weekly, daily), { maxLength: 3 });

describe('any calendar', () => {
  it('opens in the minute in which every clock on the wall says so', () => {
    const moment = fc.tuple(fc.constantFrom(...samples), fc.integer({ min: 0, max: 8 * 1440 }), fc.integer({ min: 0, max: 59_999 }));
    fc.assert(fc.property(several, several, moment, (freeze, windows, [start, index, ms]) => {
      const now = start + index * 60_000 + ms;
      const isOn = (drawn: Drawn, at: number): boolean => {
        const here = clock(drawn.zone, start)[at];
        return here !== undefined && drawn.holds(here);
      };
      const isOpen = (at: number): boolean => !freeze.some((one) => isOn(one, at)) && (windows.length === 0 || windows.some((one) => isOn(one, at)));
      let open = index;
      while (open < sampleMinutes && !isOpen(open)) open++;
      const [frozen, allowed] = [freeze.map(({ text }) => period(text)), windows.map(({ text }) => period(text))];
      expect(closedReason(now, frozen, allowed) === undefined).toBe(open === index);
      const found = nextOpening(now, frozen, allowed);
      if (open < sampleMinutes) expect(found).toBe(open === index ? now : start + open * 60_000);
      else expect(found ?? Infinity).toBeGreaterThanOrEqual(start + sampleMinutes * 60_000);
    }), { numRuns: 300 });
  });
});
