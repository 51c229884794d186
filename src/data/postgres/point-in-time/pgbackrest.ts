import { array, boolean, number, nullish, object, string } from 'valibot';
import { readJson } from '../../../ports/json.js';
import { plainWords, type PointInTimeTool } from './tool.js';

/** The fields of `info` that are read: https://pgbackrest.org/command.html#command-info */
const shape = array(object({
  name: string(), status: object({ code: number(), message: string() }),
  db: array(object({ 'id': number(), 'system-id': string() })),
  archive: array(object({ database: object({ id: number() }), max: nullish(string()) })),
  backup: array(object({ database: object({ id: number() }), error: nullish(boolean()), timestamp: object({ start: number(), stop: number() }) })),
}));

/** pgBackRest: https://pgbackrest.org */
export const pgBackRest: PointInTimeTool = {
  name: 'pgBackRest',
  of: ({ command }) => {
    const words = plainWords(command);
    const [program = ''] = words ?? [];
    if (!words || !/(?:^|\/)pgbackrest$/.test(program)) return undefined;
    // Its own options, such as its stanza and its file, without the command and what PostgreSQL puts in.
    const own = words.filter((word) => word.startsWith('--'));
    return {
      list: [...words.slice(0, 1), ...own, 'info', '--output=json'],
      trigger: [...words.slice(0, 1), ...own, '--type=incr', 'backup'],
      recover: `${[program, ...own].join(' ')} --type=time "--target=TIME" --target-action=promote restore`,
      backups: (printed, { identity }) => {
        // An identifier has more digits than a number of JavaScript.
        const stanzas = readJson(printed.replace(/("system-id":)\s*(\d+)/g, '$1"$2"'), shape, 'The output of pgbackrest info');
        const wanted = own.find((word) => word.startsWith('--stanza='))?.slice('--stanza='.length);
        const stanza = stanzas.find(({ name, db }) => name === wanted || (wanted === undefined && db.some((each) => each['system-id'] === identity)));
        const ids = new Set(stanza?.db.filter((each) => each['system-id'] === identity).map(({ id }) => id));
        const backups = (stanza?.backup ?? []).filter(({ database, error }) => ids.has(database.id) && error !== true);
        const stops = backups.map(({ timestamp }) => timestamp.stop * 1000);
        const lastWal = stanza?.archive.filter(({ database }) => ids.has(database.id)).map(({ max }) => max ?? '').sort().at(-1);
        return { ...stops.length > 0 && { firstAt: Math.min(...stops), lastAt: Math.max(...stops) }, ...lastWal && { lastWal } };
      },
    };
  },
};
