import { describe, expect, it } from '@jest/globals';
import { parseSecretLine, parseSecretReference } from '../../src/config/values/build-secrets.js';
import type { Checked } from '../../src/config/kit/checked.js';
import { parseChoice, parseFlag } from '../../src/config/kit/text.js';
import { parseDigest } from '../../src/config/values/digest.js';
import { formatDuration, parseDuration } from '../../src/config/values/duration.js';
import { parseImageName } from '../../src/config/values/image-name.js';
import { checkArgument, checkLabel, parseKeyValue } from '../../src/config/values/key-value.js';
import { parseWebAddress } from '../../src/config/values/web-address.js';
import { parseDownloadUrl } from '../../src/config/values/download-url.js';
import { parseVersion } from '../../src/config/values/version.js';
import { parseLabel } from '../../src/config/values/kubernetes-names.js';
import { parsePlatform } from '../../src/config/values/platforms.js';
import { parseRegistry } from '../../src/config/values/registry.js';
import { parseSmoke } from '../../src/config/values/smoke.js';
import { parseTag } from '../../src/config/values/tags.js';
import { parseArgument, parseDockerName } from '../../src/config/values/argument.js';
import { parseWorkload } from '../../src/config/values/workloads.js';

const hex = '0123456789abcdef'.repeat(4);

/** What a reader sees: `message. hint`, or the value. */
function seen(checked: Checked<unknown>): unknown {
  return checked.ok ? checked.value : checked.faults.map(({ message, hint }) => (hint ? `${message}. ${hint}` : message)).join(' | ');
}

function accepts(parse: (text: string) => Checked<unknown>, table: readonly (readonly [string, unknown])[]) {
  it.each(table)('accepts %j', (text, value) => expect(seen(parse(text))).toEqual(value));
}

function refuses(parse: (text: string) => Checked<unknown>, table: readonly (readonly [string, string])[]) {
  it.each(table)('refuses %j', (text, message) => expect(seen(parse(text))).toBe(message));
}

describe('image name', () => {
  accepts(parseImageName, ['nginx', 'acme/api', 'ghcr.io/acme/api', 'localhost:5000/a', 'localhost/a', 'r.example:443/a_b/c__d/e-f.g', '[::1]:5000/a']
    .map((name) => [name, name] as const));
  const parts = 'Each part has lower-case letters and digits, separated by ".", "_", "__" or dashes.';
  refuses(parseImageName, [
    ['ghcr.io/acme/api:v1', 'has the tag "v1". Remove it and set `tags` instead.'],
    ['GHCR.io/Acme/API:1', 'has the tag "1". Remove it and set `tags` instead. Image names also have no upper-case letters: write "ghcr.io/acme/api".'],
    ['localhost:5000', 'has the tag "5000". Remove it and set `tags` instead.'],
    [`ghcr.io/acme/api@sha256:${hex}`, 'has a digest. Remove it and set `digest` instead.'],
    ['ghcr.io/Acme/API', 'is "ghcr.io/Acme/API", but image names have no upper-case letters. Did you mean "ghcr.io/acme/api"?'],
    ['https://ghcr.io/acme/api', 'starts with "https://". Remove it: an image name starts with the host of the registry, e.g. ghcr.io/acme/api.'],
    ['ghcr.io/acme//api', 'is "ghcr.io/acme//api", which has an empty part. Write exactly one "/" between the parts and none at the ends.'],
    ['/api', 'is "/api", which has an empty part. Write exactly one "/" between the parts and none at the ends.'],
    ['a b', 'is "a b", which has a space. Give the name of one image.'],
    ['acme/-api', `is "acme/-api", but its part "-api" is not allowed in an image name. ${parts}`],
    ['$(id)', `is "$(id)", but its part "$(id)" is not allowed in an image name. ${parts}`],
    ['r.example:0/a', 'names the registry "r.example:0", which is not a host or host:port. Write it like ghcr.io or localhost:5000.'],
    ['r.example:99999/a', 'names the registry "r.example:99999", which is not a host or host:port. Write it like ghcr.io or localhost:5000.'],
    ['a'.repeat(256), 'is 256 characters long, and an image name has at most 255. Shorten it.'],
  ]);
});

describe('tag', () => {
  accepts(parseTag, [['1.4.2', '1.4.2'], ['_x', '_x'], ['A'.repeat(128), 'A'.repeat(128)]]);
  refuses(parseTag, [
    ['feature/x', 'has "feature/x", which is not a tag. Give only what comes after the colon of an image, without "/", ":" and "@": "feature-x" is a tag.'],
    ['api:1', 'has "api:1", which is not a tag. Give only what comes after the colon of an image, without "/", ":" and "@".'],
    ['-x', 'has "-x", which is not a tag. A tag has letters, digits, "_", "." and "-", and starts with a letter, a digit or "_".'],
    ['A'.repeat(129), 'has a tag of 129 characters, and a tag has at most 128. Shorten it.'],
  ]);
});

describe('digest', () => {
  accepts(parseDigest, [[`sha256:${hex}`, `sha256:${hex}`]]);
  refuses(parseDigest, [
    [hex, `has no algorithm. Did you mean "sha256:${hex}"?`],
    [`api@sha256:${hex}`, 'is a whole reference. Give only what comes after the "@"; the name goes into `image`.'],
    ['sha256:abc', 'has 3 characters after "sha256:", and 64 are needed. Copy the whole digest.'],
    ['latest', 'is "latest", which is not a digest. A digest is "sha256:" and 64 hexadecimal digits; a tag is not accepted, because it can move.'],
    [`sha256:${'g'.repeat(64)}`, `is "sha256:${'g'.repeat(53)}…", which is not a digest. A digest is "sha256:" and 64 hexadecimal digits in lower case.`],
  ]);
});

describe('platform', () => {
  accepts(parsePlatform, [['linux/amd64', 'linux/amd64'], ['linux/arm64/v8', 'linux/arm64'], ['linux/arm', 'linux/arm/v7'], ['linux/amd64/v3', 'linux/amd64/v3']]);
  const unknown = 'A platform is written os/architecture[/variant], e.g. linux/amd64, linux/arm64 or linux/arm/v7.';
  refuses(parsePlatform, [
    ['amd64', 'has the platform "amd64", which is not a known platform. Did you mean "linux/amd64"?'],
    ['linux/x86_64', 'has the platform "linux/x86_64", which is not a known platform. Did you mean "linux/amd64"?'],
    ['linux/aarch64', 'has the platform "linux/aarch64", which is not a known platform. Did you mean "linux/arm64"?'],
    ['linux/amd46', 'has the platform "linux/amd46", which is not a known platform. Did you mean "linux/amd64"?'],
    ['plan9', `has the platform "plan9", which is not a known platform. ${unknown}`],
    ['constructor', `has the platform "constructor", which is not a known platform. ${unknown}`],
  ]);
});

describe('duration', () => {
  accepts(parseDuration, [['500ms', 500], ['90s', 90_000], ['10m', 600_000], ['1h30m', 5_400_000], ['1.5h', 5_400_000], ['24h', 86_400_000]]);
  const form = 'Write a number with a unit, e.g. 90s, 10m or 1h30m.';
  refuses(parseDuration, [
    ['10', 'is "10", which has no unit. Did you mean "10s" or "10m"?'],
    ['-5m', `is "-5m", and a duration cannot be negative. ${form}`],
    ['0s', 'is "0s", which is zero. Give more than zero.'],
    ['25h', 'is "25h", which is longer than 24 hours. Give at most 24h.'],
    ['2d', 'is "2d", and days are not a unit. Write hours: "48h".'],
    ['10 minutes', `is "10 minutes", which is not a duration. ${form}`],
  ]);
  it('is written in its shortest form', () => expect([90_000, 5_400_500, 0].map(formatDuration)).toEqual(['1m30s', '1h30m500ms', '0s']));
});

describe('workload', () => {
  accepts(parseWorkload, [
    ['deployment/api', { kind: 'deployment', name: 'api' }],
    ['statefulset/db:main', { kind: 'statefulset', name: 'db', container: 'main' }],
    ['deploy/a.b', { kind: 'deployment', name: 'a.b' }],
    ['Deployment/api', { kind: 'deployment', name: 'api' }],
    ['sts/x', { kind: 'statefulset', name: 'x' }],
    ['daemonsets/x', { kind: 'daemonset', name: 'x' }],
    ['deployments.apps/x', { kind: 'deployment', name: 'x' }],
    ['cj/x', { kind: 'cronjob', name: 'x' }],
  ]);
  const kinds = 'Kinds are deployment, statefulset, daemonset and cronjob.';
  const form = 'Write KIND/NAME or KIND/NAME:CONTAINER, e.g. deployment/api.';
  const names = 'Names in Kubernetes have lower-case letters, digits and dashes, and start and end with a letter or digit.';
  refuses(parseWorkload, [
    ['deplyoment/api', `has the kind "deplyoment", which cannot be rolled out. Did you mean "deployment"? ${kinds}`],
    ['pod/api', `has the kind "pod", which cannot be rolled out. ${kinds}`],
    ['constructor/api', `has the kind "constructor", which cannot be rolled out. ${kinds}`],
    ['api', 'has "api", which has no kind. Did you mean "deployment/api"?'],
    ['deployment', `has "deployment", which has no name. ${form}`],
    ['deployment/', `does not name the deployment. ${form}`],
    ['deployment/Api', `names the deployment "Api", which is not a valid name. ${names}`],
    ['deployment/--x', `names the deployment "--x", which is not a valid name. ${names}`],
    ['deployment/api:', `does not name the container. ${form}`],
    ['deployment/api:A', `names the container "A", which is not a valid name. ${names}`],
    ['deployment/api:a:b', 'has "deployment/api:a:b", which has two colons. Write each container on a line of its own.'],
  ]);
});

describe('smoke check', () => {
  const check = (text: string, target: object, statuses: number[], contains?: string) =>
    [text, { text, target, statuses, ...(contains === undefined ? {} : { contains }) }] as const;
  const url = (address: string) => ({ type: 'url', url: address });
  accepts(parseSmoke, [
    check('https://a.example/x', url('https://a.example/x'), [200]),
    check('https://a.example -> 200,204', url('https://a.example'), [200, 204]),
    check('https://a.example -> 200 contains a -> b', url('https://a.example'), [200], 'a -> b'),
    check('service/api', { type: 'service', name: 'api', path: '/' }, [200]),
    check('service/api:80/healthz?x=1 -> 503', { type: 'service', name: 'api', port: '80', path: '/healthz?x=1' }, [503]),
    check('service/api:http/a/b -> 200 contains  "ok": 1', { type: 'service', name: 'api', port: 'http', path: '/a/b' }, [200], '"ok": 1'),
  ]);
  const form = 'Write TARGET -> STATUS contains TEXT, e.g. service/api:80/healthz -> 200 contains ok.';
  const path = 'The path starts with "/" and has no "..", spaces or "#".';
  refuses(parseSmoke, [
    ['-> 200', `has the target "-> 200", which has a space. What is expected comes after "->". ${form}`],
    ['https://a.example 200', `has the target "https://a.example 200", which has a space. What is expected comes after "->". ${form}`],
    ['https://a.example -> 200 has x', `expects "200 has x", which is neither a status nor "STATUS contains TEXT". ${form}`],
    ['https://a.example -> 200 contains', `has nothing after "contains". ${form}`],
    ['https://a.example -> ok', 'expects the status "ok", which is not an HTTP status. A status is a number from 100 to 599; several are separated by commas without spaces.'],
    ['a.example/x', 'has the target "a.example/x", which is neither a URL nor a Service. Did you mean "https://a.example/x"?'],
    ['svc/api/x', 'has the target "svc/api/x", which is neither a URL nor a Service. Did you mean "service/api/x"?'],
    ['ftp:x', 'has the target "ftp:x", which is neither a URL nor a Service. Write https://HOST/PATH or service/NAME:PORT/PATH.'],
    ['https://', 'has a target that is not a valid URL. Write https://HOST/PATH.'],
    ['https://u:p@a.example', 'has a user name or password in its URL. They would appear in logs and reports: check a URL that requires no login.'],
    ['service/api:99999/', 'has the port "99999", which is not a port. A port is a number from 1 to 65535 or the name of a port of the Service.'],
    ['service/api/../../pods', `has the path "/../../pods", which leaves the Service with its dots. ${path}`],
    ['service/api/%2e%2E/x', `has the path "/%2e%2E/x", which leaves the Service with its dots. ${path}`],
    ['service/api/x#y', `has the path "/x#y", which has a space, "#" or "\\". ${path}`],
    ['service/Api/', 'names the Service "Api", which is not a valid name. Names in Kubernetes have lower-case letters, digits and dashes, and start and end with a letter or digit.'],
  ]);
  it('warns of plain HTTP to the outside, and of quotes', () => {
    const warnings = (text: string) => { const checked = parseSmoke(text); return checked.ok ? checked.warnings : undefined; };
    expect(warnings('http://a.example/')).toEqual([{
      message: 'requests a.example without TLS, so the response could be forged on the way', hint: 'Use https:// if the host supports it.',
    }]);
    for (const near of ['localhost:8080', '10.0.0.1', '127.0.0.1', 'api.svc', 'api', '172.16.0.1', '[::1]']) expect(warnings(`http://${near}/`)).toEqual([]);
    expect(warnings('https://a.example -> 200 contains "ok"')).toEqual([
      { message: 'looks for a text with quotes around it', hint: 'Remove the quotes unless the response contains them.' },
    ]);
  });
});

describe('key and value', () => {
  accepts(parseKeyValue(checkArgument), [['A=b=c', ['A', 'b=c']], ['A=', ['A', '']], ['A= x', ['A', ' x']]]);
  refuses(parseKeyValue(checkArgument), [
    ['secretvalue', 'has no "=". Write one KEY=VALUE on each line; a value cannot have a line break.'],
    ['-x=1', 'has the name "-x", which is not a valid name of a build argument. Use letters, digits and "_", as in the ARG line of the Dockerfile.'],
    ['A=\u0007', 'has "A", whose value has the invisible character U+0007. Type the value again instead of pasting it.'],
  ]);
  accepts(parseKeyValue(checkLabel), [['org.opencontainers.image.title=x', ['org.opencontainers.image.title', 'x']]]);
  refuses(parseKeyValue(checkLabel), [
    ['a b=1', 'has the name "a b", which is not a valid name of a label. Use letters, digits, ".", "_", "-" and "/", e.g. org.opencontainers.image.title.'],
  ]);
});

describe('build secret', () => {
  const form = 'Write one ID=VALUE on each line. For a value with line breaks, use an environment variable: ID=env:NAME.';
  accepts(parseSecretLine, [['npm=a=b', ['npm', { value: 'a=b' }]], ['npm=env:NPM', ['npm', { variable: 'NPM' }]], ['npm=env:a b', ['npm', { value: 'env:a b' }]]]);
  refuses(parseSecretLine, [
    ['MIIEvQsecret', `has no "=". ${form}`],
    ['MIIE/+secret=x', `has an invalid id. ${form}`],
    ['npm=', 'has an id without a value. A secret that does not exist, or that this run is not allowed to read (as in a pull request from a fork), is empty.'],
  ]);
  accepts((text) => parseSecretReference('npm', text), [['env:NPM', ['npm', { variable: 'NPM' }]]]);
  refuses((text) => parseSecretReference('npm', text), [[
    'hunter2',
    'is not "env:NAME", and the value of a secret does not belong in a file. Name an environment variable. If this was a real secret, replace it: it is in the history of the repository.',
  ]]);
  refuses((text) => parseSecretReference(text, 'env:X'), [
    ['a,b', 'has an invalid id. An id has letters, digits, "_", "." and "-", as in --mount=type=secret,id=ID.'],
  ]);
});

describe('words', () => {
  accepts(parseRegistry, [['ghcr.io', 'ghcr.io'], ['localhost:5000', 'localhost:5000']]);
  refuses(parseRegistry, [
    ['https://ghcr.io/acme', 'is "https://ghcr.io/acme", which is not a host or host:port. Did you mean "ghcr.io"?'],
    ['https://index.docker.io/v1/', 'is "https://index.docker.io/v1/", which is not a host or host:port. Did you mean "docker.io"?'],
    ['a b', 'is "a b", which is not a host or host:port. Write it like ghcr.io or localhost:5000.'],
  ]);
  accepts(parseFlag, [['true', true], ['FALSE', false]]);
  refuses(parseFlag, [
    ['yes', 'is "yes", but must be true or false. Did you mean "true"?'],
    ['off', 'is "off", but must be true or false. Did you mean "false"?'],
    ['maybe', 'is "maybe", but must be true or false'],
  ]);
  refuses(parseChoice(['none', 'registry', 'gha']), [['registri', 'is "registri", but must be none, registry or gha. Did you mean "registry"?']]);
  accepts(parseDownloadUrl('https://HOST/PATH/{version}/{os}/{arch}/kubectl'), [['https://m.example/{version}/{os}/{arch}/kubectl', 'https://m.example/{version}/{os}/{arch}/kubectl']]);
  refuses(parseDownloadUrl('https://HOST/PATH/{version}/{os}/{arch}/kubectl'), [
    ['https://m.example/{versoin}', 'has the placeholder "{versoin}", which is unknown. Did you mean "version"?'],
    ['file:///x', 'is not a URL. Write https://HOST/PATH/{version}/{os}/{arch}/kubectl.'],
    ['https://u:p@m.example/x', 'has a user name or password in it. It would appear in logs: use a mirror that requires no login.'],
  ]);
  accepts(parseVersion, [['1.34.4', '1.34.4'], ['v4.0.0-rc.1', '4.0.0-rc.1']]);
  refuses(parseVersion, [
    ['latest', 'is "latest", which is not a version. Write the whole version, such as 1.34.4. A range or "latest" is not accepted, because what is installed would change by itself.'],
    ['1.34', 'is "1.34", which is not a version. Write the whole version, such as 1.34.4. A range or "latest" is not accepted, because what is installed would change by itself.'],
  ]);
  accepts(parseWebAddress, [['https://api.acme.example', 'https://api.acme.example/'], ['http://localhost:8080/a?b=c#d', 'http://localhost:8080/a?b=c#d']]);
  refuses(parseWebAddress, [
    ['api.acme.example', 'is not the address of a web page. Write https://HOST/PATH.'],
    ['javascript:alert(1)', 'is not the address of a web page. Write https://HOST/PATH.'],
    ['https://', 'is not the address of a web page. Write https://HOST/PATH.'],
    ['https://u:p@api.acme.example', 'has a user name or password in it. It would appear in the summary: leave it out.'],
  ]);
  refuses(parseLabel, [
    ['My_App', 'is "My_App", which is not a name. Names in Kubernetes have lower-case letters, digits and dashes, and start and end with a letter or digit. Did you mean "my-app"?'],
    ['a'.repeat(64), 'is 64 characters long, and a name has at most 63. Shorten it.'],
  ]);
  refuses(parseArgument, [
    ['--privileged', 'is "--privileged", which starts with a dash and would be read as a flag. Start with another character; a path can be written ./-name.'],
    ['a\nb', 'has 2 lines, but must have one. Write the value on one line.'],
    ['a\u202eb', 'has the invisible character U+202E. Type the value again instead of pasting it.'],
  ]);
  refuses(parseDockerName, [['a b', 'is "a b", which is not a name. Use letters, digits, "_", "." and "-", starting with a letter or digit.']]);
});
