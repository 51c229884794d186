import { repeated } from '../kit/faults.js';
import { list } from '../kit/list.js';
import { word } from '../kit/text.js';
import { section } from '../setting.js';
import { argument } from '../values/argument.js';
import { sha256 } from '../values/digest.js';
import { downloadUrl } from '../values/download-url.js';
import { version } from '../values/version.js';

/** What is set up if it is missing, unless the inputs say otherwise. */
export const setupParts = ['builder', 'kubectl'] as const;

/** What prepares a machine. None of it is in the settings file, which describes deployments and not machines. */
export const setup = section('Set-up', ['setup'], {
  'parts': {
    inFile: false,
    description: 'What is set up if it is missing, separated by commas: `builder` (for `docker buildx`), `kubectl`. Helm and the login have inputs of their own.',
    default: '`builder, kubectl`',
    kind: list(word(setupParts), { expects: 'a list of parts', separator: ',', check: repeated((part) => part) }),
  },
  'buildkit-image': {
    inFile: false,
    description: 'Image of BuildKit for a builder that is created, such as a copy in your own registry.',
    default: 'the one that buildx uses',
    examples: ['registry.acme.example/moby/buildkit:v0.31.1'],
    kind: argument('an image'),
  },
  'emulation-image': {
    inFile: false,
    description: 'Image that installs emulation for other platforms. It runs with all privileges on the machine, so the default names it by its digest.',
    default: '`docker.io/tonistiigi/binfmt`, pinned',
    kind: argument('an image'),
  },
  'kubectl-version': {
    inFile: false,
    description: 'Version of kubectl. Another one on the machine is not used.',
    default: 'the one on the machine, otherwise the pinned one',
    examples: ['1.34.4'],
    kind: version,
  },
  'helm-version': {
    inFile: false,
    description: 'Version of Helm. Without it, Helm is not set up.',
    examples: ['4.0.4'],
    kind: version,
  },
  'helm-url': {
    inFile: false,
    description: 'URL of the archive from which Helm is installed; `{version}`, `{os}` and `{arch}` are replaced.',
    default: 'the release site of Helm',
    kind: downloadUrl('https://HOST/PATH/helm-v{version}-{os}-{arch}.tar.gz'),
  },
  'helm-sha256': {
    inFile: false,
    description: 'SHA-256 of the archive of Helm for the machine, if `helm-version` or `helm-url` names another one than the pinned one.',
    kind: sha256,
  },
});
