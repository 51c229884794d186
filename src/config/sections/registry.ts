import { imageActions } from '../../outcome/action.js';
import { good } from '../kit/checked.js';
import { block } from '../kit/text.js';
import { withoutLineEnd } from '../secrets.js';
import { section, type Values } from '../setting.js';
import { argument } from '../values/argument.js';
import { registryHost, registryOf } from '../values/registry.js';
import { placeWords } from '../../outcome/place-words.js';

export const registry = section('Registry', [...imageActions, 'setup'], {
  'registry': {
    description: 'Host of the registry to log in to.',
    default: 'the host in `image`',
    examples: ['ghcr.io'],
    kind: registryHost,
  },
  'registry-username': {
    description: 'User name for the registry. Without it, the existing login of Docker is used.',
    descriptionFor: { setup: 'User name for the registry. Without it, nothing is logged in. Docker stays logged in until the end of the job.' },
    kind: argument('a user name'),
  },
  'registry-password': {
    secret: true, inFile: false,
    outsideHint: () => `${placeWords().giveSecret('registry-password')} If this was a real password, replace it: it is in the history of the repository.`,
    description: 'Password, token or JSON key for the registry; it can have several lines. It is passed on standard input and never printed.',
    // It is used unchanged: the key of a service account is a JSON file of a dozen lines.
    kind: block((password) => good(withoutLineEnd(password)), {
      expects: 'a password', largeHint: 'A password or token for a registry is shorter: check what the secret holds.',
    }),
  },
});

/** The registry to log in to, docker.io when the image has none, and with what. */
export const loginOf = ({ registry: host, 'registry-username': username, 'registry-password': password }: Values<typeof registry.settings>, image = '') =>
  (username === undefined || password === undefined ? undefined : { registry: host ?? registryOf(image), username, password });
export type RegistryLogin = NonNullable<ReturnType<typeof loginOf>>;
