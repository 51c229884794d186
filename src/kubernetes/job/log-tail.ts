import { decisiveLine } from '../../outcome/decisive.js';
import type { Evidence } from '../../outcome/errors.js';
import type { Log } from '../../ports/log.js';

const linesKept = 200;
const bytesKept = 32 * 1024;

/** The last lines of a log, without secrets and limited in size. */
export class LogTail {
  private readonly lines: string[] = [];
  private bytes = 0;

  constructor(private readonly log: Pick<Log, 'redact'>) {}

  add(line: string): void {
    // Before anything is cut: a half of a secret is not recognized any more.
    const text = this.log.redact(line).slice(0, bytesKept);
    this.lines.push(text);
    this.bytes += Buffer.byteLength(text) + 1;
    while (this.lines.length > linesKept || (this.bytes > bytesKept && this.lines.length > 1)) this.bytes -= Buffer.byteLength(this.lines.shift() ?? '') + 1;
  }

  /** @param title `log of job/api-migrate-1a2b3c4d5e` */
  evidence(title: string): Evidence[] {
    if (this.lines.length === 0) return [];
    const text = this.lines.join('\n');
    return [{ title, text, decisive: decisiveLine(text, 'failed'), isPrinted: true }];
  }
}
