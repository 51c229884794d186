import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decisiveLine } from '../../src/outcome/decisive.js';
import { anyCharacter } from '../any-character.js';

describe('the line of a log that says why a program stopped', () => {
  it.each<[string, string, string]>([
    ['Go', '2026/11/21 12:10:31 hello v3 cannot start: unknown time zone Europe/Paris\n', '2026/11/21 12:10:31 hello v3 cannot start: unknown time zone Europe/Paris'],
    ['a panic of Go', 'listening on :8080\npanic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x48f]\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:12 +0x1d\nexit status 2\n', 'panic: runtime error: invalid memory address or nil pointer dereference'],
    ['Python', 'Traceback (most recent call last):\n  File "/app/main.py", line 3, in <module>\n    import redis\nModuleNotFoundError: No module named \'redis\'\n', 'ModuleNotFoundError: No module named \'redis\''],
    ['Node.js', '/app/main.js:1\nthrow new Error("DATABASE_URL is not set");\n^\n\nError: DATABASE_URL is not set\n    at Object.<anonymous> (/app/main.js:1:7)\n    at Module._compile (node:internal/modules/cjs/loader:1554:14)\n\nNode.js v20.20.2\n', 'Error: DATABASE_URL is not set'],
    ['npm', 'npm error Missing script: "start"\nnpm error\nnpm error A complete log of this run can be found in: /root/.npm/_logs/x.log\n', 'npm error Missing script: "start"'],
    ['Java', 'Exception in thread "main" java.lang.IllegalStateException: cannot connect\n\tat com.acme.Main.main(Main.java:5)\nCaused by: java.net.ConnectException: Connection refused\n\tat java.base/sun.nio.ch.Net.connect(Net.java:1)\n\t... 12 more\n', 'Caused by: java.net.ConnectException: Connection refused'],
    ['Rust', "thread 'main' panicked at src/main.rs:4:5:\nDATABASE_URL must be set\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n", 'DATABASE_URL must be set'],
    ['PostgreSQL', 'FATAL:  password authentication failed for user "acci"\nDETAIL:  Connection matched pg_hba.conf line 100\n', 'FATAL: password authentication failed for user "acci"'],
    ['a shell', '/entrypoint.sh: line 3: exec: gunicorn: not found\n', '/entrypoint.sh: line 3: exec: gunicorn: not found'],
    ['nobody knows what', 'starting\nbye\n', 'bye'],
    ['a trace alone', '    at a (b.js:1:1)\n    at c (d.js:1:1)\n', 'at c (d.js:1:1)'],
  ])('%s', (_, log, line) => expect(decisiveLine(log, 'stopped')).toBe(line));

  it('is none in an empty log', () => expect(decisiveLine('\n \n', 'stopped')).toBeUndefined());
  it('is none in the log of a program that goes on and gives no reason', () => {
    expect(decisiveLine('GET / 500\n', 'failed')).toBeUndefined();
    expect(decisiveLine('GET / 500\nerror: no such table\n', 'failed')).toBe('error: no such table');
  });
  it('is looked for at the end', () => expect(decisiveLine(`error: of yesterday\n${'request served\n'.repeat(100)}`, 'stopped')).toBe('request served'));
  it('is short and one line, whatever the log holds', () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter, maxLength: 2000 }), (log) => {
      const line = decisiveLine(log, 'stopped') ?? '';
      expect([...line].length).toBeLessThanOrEqual(240);
      expect(line).not.toContain('\n');
    }));
  });
});
