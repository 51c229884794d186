import * as v from 'valibot';
import { tryJson } from '../../ports/json.js';
import type { PolicyObject } from '../input.js';
import { at, textOf } from '../objects/read.js';
import { minorOf, removedApi, type RemovedApi } from '../removed-apis.js';
import type { Found, Rule } from '../rule.js';

export const deprecatedApis: Rule = {
  fix: 'Change `apiVersion` in the manifest to the version that replaces it.',
  check: ({ objects, facts }) => objects.filter(({ form }) => form === 'kubernetes').flatMap((object) => check(object, facts.clusterVersion)),
};

function check(object: PolicyObject, clusterVersion: string | undefined): Found[] {
  const kind = textOf(at(object.object, 'kind')) ?? '';
  const isFile = object.origin.kind === 'file';
  const apiVersion = isFile ? textOf(at(object.object, 'apiVersion')) : appliedVersion(object);
  const api = apiVersion === undefined ? undefined : removedApi(apiVersion, kind);
  if (!api) return [];
  const what = isFile ? `${object.subject} has the API version ${apiVersion}` : `${object.subject} was last applied with the API version ${apiVersion}`;
  return [{
    subject: object.subject, item: apiVersion, object, path: isFile ? ['apiVersion'] : ['metadata', 'annotations', applied],
    message: `${what}, ${whenText(api, clusterVersion)}.`, fix: fixOf(api, kind),
  }];
}

const applied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Anyone can write this annotation: what is not a manifest has no version. */
const appliedVersion = ({ object }: PolicyObject): string | undefined =>
  tryJson(textOf(at(object, 'metadata', 'annotations', applied)) ?? '', v.object({ apiVersion: v.string() }))?.apiVersion;

function whenText({ removedIn }: RemovedApi, clusterVersion: string | undefined): string {
  const minor = minorOf(clusterVersion);
  if (minor === undefined) return `which Kubernetes has not served since version 1.${removedIn}`;
  return minor >= removedIn ? `which this cluster (${clusterVersion}) does not serve: Kubernetes removed it in version 1.${removedIn}`
    : `which Kubernetes removes in version 1.${removedIn}; this cluster has ${clusterVersion}`;
}

const fixOf = ({ replacement }: RemovedApi, kind: string): string => (replacement
  ? `Change \`apiVersion\` of the ${kind} to ${replacement.apiVersion}, which Kubernetes serves since version 1.${replacement.since}. The fields can differ: see the migration guide.`
  : `Remove the ${kind}: nothing replaces it.`);
