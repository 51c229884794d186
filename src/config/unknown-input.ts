import { takers, type Taker } from '../outcome/action.js';
import { folders } from './actions.js';
import { both, quote, type Fault } from './kit/checked.js';
import { didYouMean } from './kit/did-you-mean.js';
import { settingNames, settingsOf, type SettingName } from './settings.js';

/** The problem with an input that this action does not have, with the name that was probably meant. */
export function unknownInput(name: string, action: Taker): Fault {
  const message = `unknown input ${quote(name)}`;
  const others = settingNames.filter((other) => takers.some((taker) => settingsOf(taker).includes(other)));
  const meant = others.some((other) => other === name) ? undefined : didYouMean(name, settingsOf(action));
  if (meant !== undefined) return { message, hint: `Did you mean "${meant}"?` };
  const near = didYouMean(name, others);
  const other = others.find((one) => one === near);
  if (other === undefined) return { message, hint: `Remove it: docs/settings.md lists all inputs. ${ownVariable(name)}` };
  return { message, hint: `${other === name ? 'It' : `"${other}"`} is an input of ${holders(other)}, not of ${reference(action)}.` };
}

/** An input arrives as an environment variable, and a workflow can set a variable of such a name too. */
const ownVariable = (name: string): string =>
  `If ${quote(`INPUT_${name.toUpperCase()}`)} is a variable of your own under \`env:\`, rename it: the runner passes inputs in variables with this prefix.`;

const holders = (setting: SettingName): string => both(takers.filter((taker) => settingsOf(taker).includes(setting)).map(reference));

/** As written after `uses:`, without the version. */
const reference = (action: Taker): string => ['acci/deploy-action', ...(folders[action] === '.' ? [] : [folders[action]])].join('/');
