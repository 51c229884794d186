import { within } from '../../ports/within.js';
import { DataError } from '../error.js';
import type { DataContext } from '../engine.js';
import type { Place } from '../place.js';

/** Who owns the data of a database. */
export interface Owner {
  readonly user: number;
  readonly group: number;
}

const script = `
for folder in "\${PGDATA:-}" /var/lib/postgresql/data /bitnami/postgresql /data; do
  [ -n "$folder" ] && [ -d "$folder" ] || continue
  stat -c 'acci-owner %u %g' "$folder"
  exit 0
done
echo "acci-owner $(id -u) $(id -g)"
`;

/** As the official images have it. */
const usual: Owner = { user: 999, group: 999 };

/** The user that the server of a place runs as: never root, as which programs of databases refuse to run. */
export async function ownerOf({ ports: { clock }, failure }: DataContext, place: Place, signal: AbortSignal): Promise<Owner> {
  const late = (): Error => new DataError(failure, `${place.words} did not answer within 30 s.`);
  const text = await within(clock, { ms: 30_000, late, signal }, async (over) => {
    const pipe = place.start(script, { signal: over });
    let printed = '';
    for await (const piece of pipe.output) printed += Buffer.from(piece).toString();
    over.throwIfAborted();
    pipe.end();
    await pipe.stop();
    return printed;
  });
  const match = /^acci-owner (\d+) (\d+)$/m.exec(text);
  const owner = match ? { user: Number(match[1]), group: Number(match[2]) } : usual;
  return owner.user === 0 ? usual : { user: owner.user, group: owner.group === 0 ? owner.user : owner.group };
}
