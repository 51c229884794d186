import { describe, expect, it } from '@jest/globals';
import { anchorsOf, blocksOf, headingsOf, linksOf } from '../../scripts/docs/markdown.mjs';

const page = '# A `b` (c)\n\n[one](a.md#b) `[no](x)` [two](https://c.d)\n\n- x\n\n  ```yaml\n  a: 1\n    b: 2\n  ```\n\n````md\n```sh\n# not a heading\n```\n````\n\n## A b, c!\n## Ë é_d\n## A b, c!\n<img src="p.png">\n';

describe('a page', () => {
  it('has blocks of code, without the margin of a list', () => {
    expect(blocksOf(page)).toEqual([{ language: 'yaml', text: 'a: 1\n  b: 2', line: 8 }, { language: 'md', text: '```sh\n# not a heading\n```', line: 13 }]);
  });
  it('has headings, and the anchors that GitHub gives them', () => {
    expect(headingsOf(page)).toEqual(['# A `b` (c)', '## A b, c!', '## Ë é_d', '## A b, c!']);
    expect([...anchorsOf(page)]).toEqual(['a-b-c', 'a-b-c-1', 'ë-é_d', 'a-b-c-2']);
  });
  it('has links and pictures, but not those in code', () => expect(linksOf(page)).toEqual(['a.md#b', 'https://c.d', 'p.png']));
});
