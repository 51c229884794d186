import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { commandName } from '../../src/telemetry/command-name.js';
import { anyCharacter } from '../any-character.js';

it.each<[string, readonly string[], string]>([
  ['docker', ['buildx', 'build', '--push', '--build-arg', 'TOKEN=hunter2', '.'], 'docker buildx build'],
  ['docker', ['buildx', 'imagetools', 'inspect', 'ghcr.io/acme/api@sha256:1'], 'docker buildx imagetools inspect'],
  ['docker', ['login', '--username', 'me', '--password-stdin', 'ghcr.io'], 'docker login'],
  ['/opt/tools/kubectl', ['--kubeconfig=/k', '--context', 'prod', '--namespace=web', 'set', 'image', 'deployment/api', 'app=a:1'], 'kubectl set image'],
  ['kubectl', ['proxy', '--unix-socket=/x'], 'kubectl proxy'],
  ['git', ['-C', '/work', '-c', 'core.fsmonitor=false', 'config', '--get', 'remote.origin.url'], 'git config'],
  ['bash', ['--noprofile', '-c', 'curl -H "token: hunter2" …'], 'bash'],
  ['/home/me/deploy tool', ['get'], 'deploy tool'],
])('%s %j is named %s', (program, args, name) => expect(commandName(program, args).full).toBe(name));

it('a name has no word of the arguments that is not a known subcommand, whatever they are', () => {
  const program = fc.constantFrom('docker', 'kubectl', 'git', 'helm', 'bash');
  const word = fc.oneof(fc.string({ unit: anyCharacter }), fc.constantFrom('build', 'set', 'image', 'get', 'hunter2', '--token=get'));
  fc.assert(fc.property(program, fc.array(word), (name, args) => expect(commandName(name, args).full).toMatch(new RegExp(`^${name}( [a-z-]+){0,3}$`))));
  fc.assert(fc.property(program, fc.array(fc.stringMatching(/^[0-9A-Z=:/]+$/)), (name, args) => expect(commandName(name, args).full).toBe(name)));
});
