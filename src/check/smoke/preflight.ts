import { nameOf, type Service, type Workload } from '../../kubernetes/client/objects.js';
import type { SmokeCheck } from '../../config/config.js';
import { describeProblem } from '../../outcome/errors.js';
import type { Ports } from '../../ports/ports.js';
import { selects } from '../../kubernetes/observe/selector.js';
import type { Answer } from './assess.js';
import { asServiceTarget, serviceAt, type NamedService } from './cluster-address.js';
import { answerNow, suspicion, type Reach } from './before.js';
import { isNoRoute, podPort, portText, servicePort, tcpPorts } from './route.js';
import { nothingFound, together, type Checked, type Finding } from '../../outcome/finding.js';
import { placeWords } from '../../outcome/place-words.js';

/** A workload of the run. */
interface Present {
  readonly ref: string;
  readonly workload: Workload;
}

/** What smoke checks run against before the change. */
export interface SmokeScope {
  readonly ports: Ports;
  readonly cluster: Reach;
  readonly services: readonly Service[];
  readonly present: readonly Present[];
}

/**
 * What is wrong with smoke checks themselves, whatever is released: each is looked up in the existing Services and run
 * once against the current version. A failure that may depend on the release is only a warning.
 */
export async function checkSmoke(scope: SmokeScope, checks: readonly SmokeCheck[]): Promise<Checked> {
  return together(await Promise.all(checks.map(async (check) => {
    const wrong = unresolvable(scope.services, scope.cluster.namespace, [check]);
    return wrong.length > 0 ? { problems: wrong, warnings: [] } : judge(scope, check, await answerNow(scope.ports, scope.cluster, scope.services, check));
  })));
}

/** Checks of Services and ports that do not exist or cannot be reached. Sends no request. */
export function unresolvable(services: readonly Service[], namespace: string, checks: readonly SmokeCheck[]): Finding[] {
  return checks.flatMap((check) => {
    if (check.target.type === 'url') return [];
    const port = servicePort(check.target, namespace, services);
    return isNoRoute(port) ? [finding(check, port.problem, port.hint)] : [];
  });
}

const finding = (check: SmokeCheck, message: string, hint: string): Finding =>
  ({ cause: 'config-invalid', message: `${describeProblem({ where: 'smoke', ...check.at, message })}.`, hint });

/** The workloads of the run whose pods a Service selects. */
function behind(services: readonly Service[], name: string, present: readonly Present[]): Present[] {
  const service = services.find((each) => nameOf(each) === name);
  return present.filter(({ workload }) => service && selects(service, workload.spec?.template?.metadata?.labels));
}

/** The API server returns "not found" for a Service without a selector for which no one has created endpoints. */
const ofNoEndpoints = /^status 404 [^{]*: \{"kind":"Status",.*"message":"services \\"/;

function judge(scope: SmokeScope, check: SmokeCheck, answer: Answer | { readonly problem: string }): Checked {
  if ('problem' in answer || answer.kind === 'right') return nothingFound;
  if (answer.kind === 'silent') return check.target.type === 'url' ? judgeUrl(scope, check, check.target.url, answer) : judgeService(scope, check, check.target, answer);
  if (check.target.type === 'service' && ofNoEndpoints.test(answer.seen)) return judgeService(scope, check, check.target, { kind: 'silent', seen: 'no endpoints available' });
  if (answer.lacks === 'text') {
    // Many checks expect a text that only the new version returns.
    scope.ports.log.info(`Smoke check \`${check.text}\` does not pass before the change: ${answer.seen}`);
    return nothingFound;
  }
  return warning(`The current version does not pass smoke check \`${check.text}\`: ${answer.seen}. If this release does not fix that, ${suspicion(answer.status)}${firstOf(scope, check)}`);
}

/** A check without a port uses the first one, which is not always the intended one. */
function firstOf({ services }: SmokeScope, { target }: SmokeCheck): string {
  if (target.type === 'url' || target.port !== undefined) return '';
  const ports = tcpPorts(services.find((each) => nameOf(each) === target.name)).map(portText);
  return ports.length > 1 ? ` The check names no port, so it uses the first of ${ports.join(', ')}.` : '';
}

type Silent = Extract<Answer, { kind: 'silent' }>;
type ServiceTarget = Extract<SmokeCheck['target'], { type: 'service' }>;

function judgeUrl({ cluster, services }: SmokeScope, check: SmokeCheck, url: string, { seen, trouble }: Silent): Checked {
  const message = `this machine cannot reach ${url}: ${seen}`;
  const inside = serviceAt(url, cluster.namespace, services);
  // Only cluster DNS resolves such a name, so a failed look-up here is not a temporary error.
  const isUnknown = (trouble === 'name' || (trouble === 'look-up' && inside !== undefined)) && !isHeadless(services, inside?.name);
  if (isUnknown || trouble === 'certificate') {
    const hint = isUnknown ? (inside ? insideHint(url, inside, cluster.namespace, services) : unknownHint) : certificateHint();
    return { problems: [finding(check, message, hint)], warnings: [] };
  }
  const advice = inside ? ` ${insideHint(url, inside, cluster.namespace, services)}` : '';
  return warning(`Smoke check \`${check.text}\` does not pass now: ${message}.${advice}`);
}

/** Cluster DNS resolves the name of a headless Service only while it has a ready pod. */
const isHeadless = (services: readonly Service[], name: string | undefined): boolean =>
  services.some((service) => nameOf(service) === name && service.spec?.clusterIP === 'None');

const unknownHint = 'Correct the host name. If it resolves only in another network, use a machine in that network or a proxy (HTTPS_PROXY).';
const certificateHint = (): string => `Fix the certificate, or set NODE_EXTRA_CA_CERTS in ${placeWords().environment} to a file with the certificate of its CA.`;

function insideHint(url: string, inside: NamedService, namespace: string, services: readonly Service[]): string {
  if (inside.namespace !== namespace) return `This Service is in namespace ${inside.namespace}, but service/NAME checks only Services in namespace ${namespace}. Use a URL that this machine can reach.`;
  const ports = tcpPorts(services.find((service) => nameOf(service) === inside.name));
  const target = asServiceTarget(url, inside, ports);
  const which = target.includes(':PORT/') ? ` with one of the ports ${ports.map(portText).join(', ')}` : '';
  return `Write ${target}${which}: Services are checked through the API server, which this machine can reach.`;
}

function judgeService({ cluster, services, present }: SmokeScope, check: SmokeCheck, target: ServiceTarget, { seen }: Silent): Checked {
  const { name } = target;
  if (!/^no endpoints available/.test(seen)) return warning(`Smoke check \`${check.text}\` does not pass now: service/${name} returned ${seen}.`);
  const hasSelector = Object.keys(services.find((each) => nameOf(each) === name)?.spec?.selector ?? {}).length > 0;
  if (!hasSelector) {
    const message = `Service ${name} has no selector and no endpoints, so it cannot send traffic to the pods of a release`;
    return { problems: [finding(check, message, 'Add a selector that matches the pods to the Service.')], warnings: [] };
  }
  const own = behind(services, name, present);
  if (own.length === 0) return warning(`Smoke check \`${check.text}\` does not pass now: Service ${name} has no endpoints and selects no pods of ${present.map(({ ref }) => ref).join(', ')}.`);
  const port = servicePort(target, cluster.namespace, services);
  const { targetPort } = isNoRoute(port) ? {} : port;
  // Admission may add a container that declares the port. If it had, the ready pods would be endpoints.
  const lacking = own.find(({ workload }) => readyPods(workload) > 0 && podPort(workload.spec?.template?.spec, targetPort ?? 0) === undefined);
  if (!lacking) return nothingFound;
  const message = `Service ${name} has the targetPort ${targetPort}, but no container of ${lacking.ref} declares a port with that name`;
  return { problems: [finding(check, message, `Name the port in the pod template of ${lacking.ref}, or correct the targetPort of the Service.`)], warnings: [] };
}

const readyPods = ({ status }: Workload): number => status?.readyReplicas ?? status?.numberAvailable ?? 0;

const warning = (text: string): Checked => ({ problems: [], warnings: [text] });
