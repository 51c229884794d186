import { describe, expect, it } from '@jest/globals';
import { editableKubeconfig, readKubeconfigDocuments } from '../../src/config/kubeconfig-documents.js';

describe('a kubeconfig that is read again', () => {
  it('is not affected by changes of the document that is written', () => {
    const text = 'kind: Config\nusers: []\n';
    const before = readKubeconfigDocuments(text);
    editableKubeconfig(text)?.setIn(['kind'], 'changed');
    expect(readKubeconfigDocuments(text)).toBe(before);
    expect(before.value).toEqual({ kind: 'Config', users: [] });
  });
  it('is parsed again when it is another text', () => {
    expect(['a: 1', 'a: 2', 'a: 1'].map((text) => readKubeconfigDocuments(text).value)).toEqual([{ a: 1 }, { a: 2 }, { a: 1 }]);
  });
});
