import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Platform, type Answer } from './platform.js';

export interface PlatformServer {
  readonly platform: Platform;
  readonly port: number;
  /** Resolves when a request with this path has come, whether it is answered or not. */
  arrived(path: string): Promise<void>;
  close(): Promise<void>;
}

/** A platform that is reached by HTTP: `/deploy?commit=…`, `/current`, `/version`, `/rollback?to=…`. What fails has the status 500. */
export async function servePlatform(): Promise<PlatformServer> {
  const platform = new Platform((ms) => sleep(ms));
  const waiting = new Map<string, () => void>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://platform');
    const answers: Readonly<Record<string, () => Answer | Promise<Answer>>> = {
      '/deploy': () => platform.deploy(searchParams.get('commit') ?? '', searchParams.get('reference') ?? ''),
      '/rollback': () => platform.rollback(searchParams.get('to') ?? ''),
      '/current': () => platform.current(), '/version': () => platform.version(),
    };
    void Promise.resolve(answers[pathname]?.() ?? { ok: false, body: 'no such path' }).then((answer) => send(response, answer));
    waiting.get(pathname)?.();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    platform, port: (server.address() as AddressInfo).port,
    arrived: (path) => new Promise((resolve) => waiting.set(path, resolve)),
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

function send(response: ServerResponse, { ok, body }: Answer): void {
  response.writeHead(ok ? 200 : 500, { 'content-type': 'text/plain', 'connection': 'close' });
  response.end(`${body}\n`);
}

/** Commands for a platform at this port, which need nothing but bash. */
export const commandsAt = (port: number) => ({
  deploy: [...asking(port), 'ask POST "/deploy?commit=$DEPLOY_COMMIT&reference=$DEPLOY_REFERENCE"'],
  current: [...asking(port), 'ask GET /current'],
  verify: [...asking(port), 'answer=$(ask GET /version)', 'echo "$answer"', '[[ $answer == *"$DEPLOY_COMMIT"* ]]'],
  rollback: [...asking(port), 'ask POST "/rollback?to=${DEPLOY_PREVIOUS:?}"'],
});

const asking = (port: number): string[] => [
  'ask() {',
  '  local status line',
  `  exec 3<>/dev/tcp/127.0.0.1/${port}`,
  "  printf '%s %s HTTP/1.0\\r\\n\\r\\n' \"$1\" \"$2\" >&3",
  '  IFS= read -r status <&3',
  "  while IFS= read -r line <&3 && [[ $line != $'\\r' ]]; do :; done",
  '  cat <&3',
  '  exec 3<&-',
  '  [[ $status == *" 200 "* ]]',
  '}',
];
