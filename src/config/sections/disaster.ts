import { expectedFault } from '../kit/faults.js';
import type { Kind, Out } from '../kit/kind.js';
import { list } from '../kit/list.js';
import { fallbacksOf, object } from '../kit/object.js';
import { flag } from '../kit/text.js';
import { section } from '../setting.js';
import { age } from '../values/age.js';
import { path } from '../values/argument.js';
import { duration } from '../values/duration.js';

const fields = {
  objects: {
    description: 'Files and folders that kubectl applies, in this order; a folder with a `kustomization.yaml` is built first. Of a chart, a file with what `helm template` prints.',
    examples: [['k8s/']], kind: list(path, { expects: 'a list of paths' }),
  },
  rto: { description: 'How long a recovery is allowed to take, from its start until the checks of the app have passed.', fallback: '1h', kind: duration },
  rpo: { description: 'How old the data of the backups is allowed to be.', default: '`backup.rpo`', kind: age },
} as const;

const inFile = object(fields);

/** In the file the settings of a recovery; as an input, that this run is one. */
const kind: Kind<Out<typeof inFile> & { readonly isMeant?: boolean }> = {
  ...inFile, fromText: true, expects: flag.expects,
  read: (node, report, under) => {
    if (node.at.file !== undefined) return node.type === 'map' ? inFile.read(node, report, under) : report.problem(node.at, expectedFault(inFile.expects, node));
    const isMeant = flag.read(node, report);
    return isMeant === undefined ? undefined : { ...fallbacksOf(fields), ...under, isMeant };
  },
};

export const disaster = section('Disaster recovery', ['restore'], {
  'disaster': {
    description: 'How everything is recovered into an empty namespace. docs/disaster-recovery.md has the details.',
    descriptionFor: { restore: '`true`: recover everything into a namespace without data: the objects, the databases, the caches, then the app and its checks. A `confirm` is only needed for a database that has data.' },
    default: '`false`',
    examples: [{ objects: ['k8s/'], rto: '1h', rpo: '6h' }],
    kind,
  },
});

export type GivenDisaster = Out<typeof kind>;
