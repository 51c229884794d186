import { array, object, string } from 'valibot';
import { readJson } from '../../../ports/json.js';
import { plainWords, type PointInTimeTool } from './tool.js';

/** The fields of `backup-list` that are read: https://wal-g.readthedocs.io/PostgreSQL/#backup-list */
const shape = array(object({ backup_name: string(), finish_time: string() }));

/** WAL-G: https://wal-g.readthedocs.io */
export const walG: PointInTimeTool = {
  name: 'WAL-G',
  of: ({ command }) => {
    const words = plainWords(command);
    const at = words?.indexOf('wal-push') ?? -1;
    // It may be started by another program, such as envdir.
    if (!words || at < 1 || !words.slice(0, at).some((word) => /(?:^|\/)wal-g$/.test(word))) return undefined;
    const program = words.slice(0, at);
    const options = words.slice(at + 1).filter((word, index, all) => word.startsWith('--') || all[index - 1] === '--config');
    return {
      list: [...program, 'backup-list', '--detail', '--json', ...options],
      recover: `${[...program, 'backup-fetch', '$PGDATA', 'BACKUP', ...options].join(' ')}  # then recovery_target_time = 'TIME' and restore_command with wal-fetch`,
      backups: (printed) => {
        const ends = readJson(printed.trim() === '' ? '[]' : printed, shape, 'The output of wal-g backup-list').map((each) => Date.parse(each.finish_time)).filter(Number.isFinite);
        return ends.length > 0 ? { firstAt: Math.min(...ends), lastAt: Math.max(...ends) } : {};
      },
    };
  },
};
