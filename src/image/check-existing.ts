import type { Config } from '../config/config.js';
import type { Described } from './registry.js';
import { causes } from '../outcome/causes.js';
import type { Checked } from '../outcome/finding.js';

const giveLogin = 'Give `registry-username` and `registry-password`';

/** Of what is private, some registries say to whoever has no login that it does not exist. */
export const unlessPrivate = ({ login }: Pick<Config, 'login'>): string => (login ? '' : `${giveLogin} if the repository is private: some registries say that it does not exist to whoever has no login. `);

/** What the registry says of an image that is to be deployed as it is. */
export function checkExisting(existing: Described | undefined, config: Pick<Config, 'image' | 'digest' | 'login'>): Checked {
  const name = `${config.image}@${config.digest}`;
  switch (existing?.state) {
    case 'absent':
      return { warnings: [], problems: [{ cause: 'image-not-found', message: `${name} is not in the registry.`, hint: `${unlessPrivate(config)}${causes['image-not-found'].hint}` }] };
    case 'denied':
      return { problems: [], warnings: [
        `The runner may not read ${name} in the registry, so that only the nodes will show whether it exists${config.login ? `: ${existing.reason}` : `. ${giveLogin} to have it checked beforehand.`}`,
      ] };
    case 'unreachable':
      return { problems: [], warnings: [`The registry could not be asked for ${name}, so that only the nodes will show whether it exists: ${existing.reason}`] };
    default:
      return { problems: [], warnings: [] };
  }
}

