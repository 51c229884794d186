import { describe, expect, it } from '@jest/globals';
import type { Node, PodSpec, Taint } from '../../../src/kubernetes/client/objects.js';
import { checkPlatforms } from '../../../src/kubernetes/preflight/platforms.js';

const node = (name: string, architecture: string, taints: readonly Taint[] = [], labels: Record<string, string> = {}): Node =>
  ({ metadata: { name, labels }, spec: { taints }, status: { nodeInfo: { architecture, operatingSystem: 'linux' } } });
const check = (spec: PodSpec, nodes: readonly Node[] | undefined, platforms = ['linux/amd64']) =>
  checkPlatforms('deployment/web', { spec }, platforms, nodes);

const arm: Taint = { key: 'arch', value: 'arm64', effect: 'NoSchedule' };
const [amd, tainted, plain] = [node('a', 'amd64'), node('b', 'arm64', [arm]), node('b', 'arm64', [], { pool: 'arm' })];
const problem = (of: number) => [{
  cause: 'image-platform-missing', message: `1 of ${of} nodes that deployment/web can run on are linux/arm64 (b), but the image is only for linux/amd64.`,
}];

describe('a node of another platform', () => {
  it.each<[string, PodSpec, readonly Node[], number]>([
    ['is a problem where pods may run on it', {}, [amd, plain], 2],
    ['is one where its taint is tolerated', { tolerations: [{ key: 'arch', operator: 'Exists' }] }, [amd, tainted], 2],
    ['is one where its taint is tolerated by its value', { tolerations: [{ key: 'arch', value: 'arm64', effect: 'NoSchedule' }] }, [amd, tainted], 2],
    ['is one where every taint is tolerated', { tolerations: [{ operator: 'Exists' }] }, [amd, tainted], 2],
    ['is one where its taint is a mere preference', {}, [amd, node('b', 'arm64', [{ ...arm, effect: 'PreferNoSchedule' }])], 2],
    ['is one where the selector chooses it', { nodeSelector: { pool: 'arm' } }, [amd, plain], 1],
    ['is one where the pods name it', { nodeName: 'b' }, [amd, tainted], 1],
  ])('%s', (_name, spec, nodes, eligible) => {
    expect(check(spec, nodes)).toEqual({ problems: problem(eligible), warnings: [] });
  });

  it.each<[string, PodSpec, readonly Node[] | undefined]>([
    ['with a taint that nobody tolerates', {}, [amd, tainted]],
    ['with a taint of another value', { tolerations: [{ key: 'arch', value: 'x' }] }, [amd, tainted]],
    ['with a taint of another effect', { tolerations: [{ operator: 'Exists', effect: 'NoExecute' }] }, [amd, tainted]],
    ['that no selector chooses', { nodeSelector: { pool: 'x' } }, [amd, plain]],
    ['that may not be read', {}, undefined],
  ])('%s is no matter', (_name, spec, nodes) => {
    expect(check(spec, nodes)).toEqual({ problems: [], warnings: [] });
  });

  it.each<[string, PodSpec]>([
    ['affinity', { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} } } }],
    ['a runtime class', { runtimeClassName: 'gvisor' }],
  ])('is a warning where %s may keep the pods away', (_name, spec) => {
    const { problems, warnings } = check(spec, [amd, plain]);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringMatching(/only for linux\/amd64\. The affinity or runtime class of its pods may exclude these nodes\.$/)]);
  });

  it.each([['arm64', 'linux/arm/v7'], ['arm64', 'linux/arm/v6'], ['amd64', 'linux/386']])('is a warning where it is %s, and the image is for %s, which containerd takes', (architecture, platform) => {
    expect(check({}, [node('pi', architecture)], [platform])).toEqual({
      problems: [], warnings: [
        `1 of 1 nodes that deployment/web can run on are linux/${architecture} (pi), but the image is only for ${platform}. Whether these nodes can run it depends on their container runtime and processor.`,
      ],
    });
  });
  it.each([['amd64', 'linux/arm/v7'], ['arm64', 'linux/386'], ['s390x', 'linux/arm/v7']])('is a problem where it is %s, and the image is for %s', (architecture, platform) => {
    expect(check({}, [node('pi', 'arm64'), node('x', architecture)], [platform]).problems).toHaveLength(1);
  });
});
