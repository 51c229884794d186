import { plainLine } from '../outcome/plain.js';
import { historyJson, historyLines } from '../report/history.js';
import { readHistory, type HistoryRequest } from './history.js';
import { printQuery } from './terminal-query.js';

/** `deploy-action history`: prints what is recorded of an app, as a table or as JSON. @returns the exit code @throws ConfigError */
export const printHistory = ({ inputs: { json, ...inputs }, ...request }: HistoryRequest): Promise<number> => printQuery({
  json: json === 'true', failure: 'The history could not be read',
  read: async (ports, folder) => {
    const history = await readHistory(ports, { ...request, inputs }, folder);
    return json === 'true' ? historyJson(history) : historyLines(history).map((line) => `${plainLine(line)}\n`).join('');
  },
});
