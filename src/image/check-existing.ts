import type { Config } from '../config/config.js';
import type { Described } from './registry.js';
import { causes } from '../outcome/causes.js';
import type { Checked } from '../outcome/finding.js';
import { settingText } from '../outcome/place-words.js';

const giveLogin = (): string => `give ${settingText('registry-username')} and ${settingText('registry-password')}`;

/** Advice to log in: without a login, some registries report a private image as missing. */
export const unlessPrivate = ({ login }: Pick<Config, 'login'>): string => (login ? '' : `If the repository is private, ${giveLogin()}: without a login, some registries report a private image as missing. `);

/** Problems and warnings about an existing image that is going to be deployed. */
export function checkExisting(existing: Described | undefined, config: Pick<Config, 'image' | 'digest' | 'login'>): Checked {
  const name = `${config.image}@${config.digest}`;
  switch (existing?.state) {
    case 'absent':
      return { warnings: [], problems: [{ cause: 'image-not-found', message: `${name} is not in the registry.`, hint: `${unlessPrivate(config)}${causes['image-not-found'].hint}` }] };
    case 'denied':
      return { problems: [], warnings: [
        `This run is not allowed to read ${name} in the registry, so only the nodes will show whether it exists${config.login ? `: ${existing.reason}` : `. To check it before the rollout, ${giveLogin()}.`}`,
      ] };
    case 'unreachable':
      return { problems: [], warnings: [`${name} could not be looked up in the registry, so only the nodes will show whether it exists: ${existing.reason}`] };
    default:
      return { problems: [], warnings: [] };
  }
}

