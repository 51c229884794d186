import { bad, good, quote, type Checked } from '../kit/checked.js';
import { line } from '../kit/text.js';

const form = 'Write YEAR-MONTH-DAY, e.g. 2027-01-31.';

/** A day of the calendar, `2027-01-31`, as its text. */
export function parseCalendarDate(text: string): Checked<string> {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return bad(`is ${quote(text)}, which is not a date`, form);
  const day = new Date(`${text}T00:00:00Z`);
  // A day that a month does not have becomes one of the next month.
  if (Number.isNaN(day.getTime()) || day.toISOString().slice(0, 10) !== text) return bad(`is ${quote(text)}, and this day does not exist`, form);
  return good(text);
}

export const calendarDate = line(parseCalendarDate, { expects: 'a date such as 2027-01-31', schema: { pattern: '^\\d{4}-\\d\\d-\\d\\d$' } });
