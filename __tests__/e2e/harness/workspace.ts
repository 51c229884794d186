import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Any } from './api.js';

/** Hands over a checked-out folder that holds nothing but these settings, and removes it afterwards. */
export async function withSettings<T>(settings: Any, body: (workspace: string) => Promise<T>): Promise<T> {
  const workspace = mkdtempSync(join(tmpdir(), 'deploy-workspace-'));
  try {
    mkdirSync(join(workspace, '.github'));
    // JSON is YAML.
    writeFileSync(join(workspace, '.github/deploy.yml'), JSON.stringify(settings));
    return await body(workspace);
  } finally {
    rmSync(workspace, { recursive: true, force: true });
  }
}
