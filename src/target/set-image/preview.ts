import { stringify } from 'yaml';
import { ApiError } from '../../kubernetes/client/api.js';
import { isPassing, meaningOf } from '../../kubernetes/client/meaning.js';
import type { Workload } from '../../kubernetes/client/objects.js';
import { containersOf } from '../../kubernetes/observe/workload.js';
import type { Finding } from '../../outcome/finding.js';
import { digestOfBuild } from '../../outcome/plan.js';
import type { Difference } from '../../outcome/pull-request.js';
import { sentence } from '../../outcome/wording.js';
import type { Preview } from '../target.js';
import type { Given } from '../under-lock.js';
import { withoutSecrets } from '../without-secrets.js';
import type { ClusterFacts } from './facts.js';
import type { ImageChange } from './image-change.js';
import { refText } from './resolve.js';
import { dryRun } from './rewritten.js';

/** In place of a digest that only the build determines: it has the form of one, which the API server and many policies require. */
const placeholder = `sha256:${'0'.repeat(64)}`;

/**
 * What the API server would store of each workload, admission included, by a server-side dry run. Where it does not answer, or
 * not to this account, what the images alone change.
 */
export async function preview(given: Pick<Given, 'ports'>, { cluster, found }: Pick<ClusterFacts, 'cluster' | 'found'>, changes: readonly ImageChange[]): Promise<Preview> {
  const { cancelled } = given.ports;
  const all = await Promise.all(changes.map(async (change): Promise<Tried | undefined> => {
    const now = found.find(({ ref }) => refText(ref) === change.ref)?.workload;
    if (!now) return undefined;
    const images = new Map(change.containers.map(({ name, after }) => [name, after.replace(digestOfBuild, placeholder)]));
    try {
      return { difference: differenceOf(change.ref, now, await dryRun(cluster, { ref: change, workload: now }, images, cancelled)) };
    } catch (error) {
      cancelled.throwIfAborted();
      if (!(error instanceof ApiError)) throw error;
      return { difference: differenceOf(change.ref, now, withImages(change, now, images)), ...withoutAnswer(change, error) };
    }
  }));
  const tried = all.filter((each) => each !== undefined);
  const differences = tried.map(({ difference, note }): Difference => ({ ...difference, ...note !== undefined && { note } }));
  return { differences: differences.filter((each) => each.old !== each.new), problems: tried.flatMap(({ problem }) => problem ?? []) };
}

interface Tried {
  readonly difference: Difference;
  readonly note?: string;
  readonly problem?: Finding;
}

/** Why the API server has not shown what it would store. A rejection counts as a problem if it is about the image that would be set. */
function withoutAnswer({ ref, containers }: ImageChange, error: ApiError): Pick<Tried, 'note' | 'problem'> {
  const { cause, hint } = meaningOf(error);
  const said = sentence(error.message.replaceAll(placeholder, digestOfBuild));
  if (cause === 'permission-denied') return { note: `Without the changes of admission: this account is not allowed to patch ${ref}, and a dry run needs the same permission.` };
  if (isPassing(error.status) || cause === 'api-unreachable') return { note: `Without the changes of admission: the dry run failed. ${said}` };
  if (containers.some(({ after }) => after.includes(digestOfBuild))) {
    return { note: `Without the changes of admission: the API server rejects the dry run. ${said} The image is not built yet, so its digest is a placeholder, which may be the reason.` };
  }
  return { problem: { cause, message: `The API server rejects the change of ${ref}: ${said}`, hint } };
}

function withImages({ kind }: ImageChange, workload: Workload, images: ReadonlyMap<string, string>): Workload {
  const copy = structuredClone(workload);
  for (const { container } of containersOf(kind, copy)) {
    const image = images.get(container.name ?? '');
    if (image !== undefined) Object.assign(container, { image });
  }
  return copy;
}

function differenceOf(subject: string, old: Workload, now: Workload): Difference {
  const [before, after] = withoutSecrets(shownOf(old), shownOf(now));
  return { subject, old: asText(before), new: asText(after) };
}

/** What a person has written, without what the server and controllers keep in it. */
const shownOf = ({ metadata: { labels, annotations = {} } = {}, spec }: Workload): object => ({
  metadata: { labels, annotations: Object.fromEntries(Object.entries(annotations).filter(([name]) => !bookkeeping.test(name))) }, spec,
});

/** The first one holds the whole object once more, with all its values. */
const bookkeeping = /^(?:kubectl\.kubernetes\.io\/last-applied-configuration|deployment\.kubernetes\.io\/|deprecated\.daemonset\.template\.generation)/;

const asText = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).replaceAll(placeholder, digestOfBuild);
