import { describe, expect, it } from '@jest/globals';
import { randomUUID } from '../../src/host/random-id.js';

describe('a random UUID', () => {
  it('is another one each time, and looks like one', () => {
    const ids = Array.from({ length: 100 }, randomUUID);
    expect(new Set(ids).size).toBe(100);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
