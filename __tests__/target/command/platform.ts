/** What a platform makes of a request: what it should, or something else. */
export type Deed =
  | 'done'
  /** It says that it was done, and nothing was. */
  | 'ignored'
  /** A revision is there, and traffic stays where it was. */
  | 'pinned'
  /** It says that it failed, and nothing was done. */
  | 'refused'
  /** It says that it failed, and it was done. */
  | 'done, and says it failed'
  /** No answer comes, and nothing was done. */
  | 'never answered'
  /** No answer comes, and it was done. */
  | 'done, and never answered';

export interface Revision {
  readonly name: string;
  readonly commit: string;
  readonly reference: string;
}

export interface Answer {
  readonly ok: boolean;
  readonly body: string;
}

/** A platform with revisions, of which one gets the traffic. It is as honest and as fast as a test wants it to be. */
export class Platform {
  readonly revisions: Revision[] = [{ name: 'api-00001', commit: 'c1', reference: `registry.example/api@sha256:${'0'.repeat(64)}` }];
  /** Every request that changes something, as it came: `deploy c2`, `rollback api-00001`. */
  readonly changes: string[] = [];
  deploying: Deed = 'done';
  goingBack: Deed = 'done';
  /** Until traffic follows a change, ms. */
  switchMs = 0;
  /** What `current` gives instead of the name of the revision; undefined: a failure. */
  says: (serving: string) => string | undefined = (serving) => serving;
  /** Commits and references of versions that cannot serve. */
  readonly broken = new Set<string>();
  private serving = 'api-00001';

  constructor(private readonly sleep: (ms: number) => Promise<void>) {}

  /** The revision that gets the traffic. */
  get traffic(): Revision {
    return this.revisions.find(({ name }) => name === this.serving) ?? { name: this.serving, commit: '', reference: '' };
  }

  current(): Answer {
    const body = this.says(this.serving);
    return { ok: body !== undefined, body: body ?? 'current: the login has expired' };
  }

  /** What the app answers: what it is, or that it is broken. */
  version(): Answer {
    const { commit, reference } = this.traffic;
    const isBroken = this.broken.has(commit) || this.broken.has(reference);
    return { ok: !isBroken, body: isBroken ? 'internal server error' : `commit ${commit} of ${reference}` };
  }

  deploy(commit: string, reference: string): Promise<Answer> {
    this.changes.push(`deploy ${commit}`);
    const name = `api-${String(this.revisions.length + 1).padStart(5, '0')}`;
    return this.act(this.deploying, name, () => this.revisions.push({ name, commit, reference }));
  }

  rollback(to: string): Promise<Answer> {
    this.changes.push(`rollback ${to}`);
    const found = this.revisions.find(({ name, reference }) => name === to || reference === to);
    return found ? this.act(this.goingBack, found.name, () => undefined) : Promise.resolve({ ok: false, body: `no revision ${to}` });
  }

  private async act(deed: Deed, name: string, create: () => unknown): Promise<Answer> {
    if (deed === 'never answered') return new Promise(() => undefined);
    if (deed === 'refused') return { ok: false, body: 'quota exceeded' };
    if (deed !== 'ignored') create();
    if (deed.startsWith('done')) this.switch(name);
    if (deed === 'done, and never answered') return new Promise(() => undefined);
    return deed === 'done, and says it failed' ? { ok: false, body: 'timeout while waiting for the deployment' } : { ok: true, body: `Done: ${name}` };
  }

  private switch(name: string): void {
    const move = (): void => void (this.serving = name);
    if (this.switchMs === 0) move();
    else void this.sleep(this.switchMs).then(move);
  }
}
