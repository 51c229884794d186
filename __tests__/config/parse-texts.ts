import { readDocuments } from '../../src/config/documents.js';
import { parseConfig, type ConfigSource, type ParsedConfig } from '../../src/config/parse.js';

export interface Texts extends Pick<ConfigSource, 'action' | 'inputs' | 'ambient' | 'facts'> {
  /** Of the settings file; undefined when there is none. */
  readonly text?: string;
  /** Where that file is, or would be. */
  readonly path?: string;
}

/** What `loadConfig` makes of inputs and a settings file, without files. */
export const parseTexts = ({ text, path = '.github/deploy.yml', ...source }: Texts): ParsedConfig =>
  parseConfig({ ...source, ...readDocuments(path, text, source.inputs['kubeconfig']) });
