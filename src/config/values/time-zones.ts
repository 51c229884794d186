import { quote, type Fault } from '../kit/checked.js';
import { didYouMean } from '../kit/did-you-mean.js';

/**
 * The problem if this is not the name of a time zone. Names are those of the IANA database of this Node.js, in the form
 * Area/City, and `UTC`. Abbreviations are refused although some are in the database: BST is Dhaka there, EST has no summer time.
 */
export function timeZoneFault(name: string): Fault | undefined {
  if (name === 'UTC' || (name.includes('/') && isKnown(name))) return undefined;
  const message = `has the time zone ${quote(name)}`;
  if (/^(?:UTC|GMT)?[+\-\u2212][0-9]/i.test(name)) return { message: `${message}, which is an offset`, hint: 'An offset does not follow summer time: use a place, e.g. Europe/Paris, or UTC.' };
  if (/^(?:UTC|GMT|Z)$/i.test(name)) return { message: `${message}, which is not accepted`, hint: 'Did you mean "UTC"?' };
  const place = placeLike(name);
  if (place !== undefined) return { message: `${message}, which is not known`, hint: `Did you mean "${place}"?` };
  if (/^[A-Z]{2,5}$/.test(name)) return { message: `${message}, which is an abbreviation`, hint: 'Abbreviations are ambiguous: use a place, e.g. Europe/Paris, or UTC.' };
  return { message: `${message}, which is not known`, hint: 'Write Area/City as in the IANA database, e.g. Europe/Paris or America/New_York, or UTC.' };
}

function isKnown(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** The zone that was most likely meant by a city alone or by a misspelt name. */
function placeLike(name: string): string | undefined {
  const known = Intl.supportedValuesOf('timeZone').filter((zone) => zone.includes('/'));
  const ofCity = known.find((zone) => zone.toLowerCase().endsWith(`/${name.toLowerCase()}`));
  return ofCity ?? (/^[A-Z]{1,5}$/.test(name) ? undefined : didYouMean(name, known));
}
