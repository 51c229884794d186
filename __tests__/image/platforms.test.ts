import { describe, expect, it } from '@jest/globals';
import { missingPlatforms, normalizePlatform } from '../../src/image/platforms.js';

describe('platforms', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'], ['linux/x86_64', 'linux/amd64'], ['linux/amd64/v1', 'linux/amd64'], ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/arm64', 'linux/arm64'], ['linux/arm64/v8', 'linux/arm64'], ['Linux/aarch64', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'], ['linux/arm/v6', 'linux/arm/v6'], ['linux/armhf', 'linux/arm/v7'], ['windows/amd64', 'windows/amd64'],
  ])('%s is %s', (platform, normal) => {
    expect(normalizePlatform(platform)).toBe(normal);
  });

  it('are missing only when no spelling of them is there', () => {
    expect(missingPlatforms(['linux/arm64/v8', 'linux/amd64'], ['linux/x86_64', 'linux/arm64'])).toEqual([]);
    expect(missingPlatforms(['linux/amd64', 'linux/riscv64'], ['linux/amd64'])).toEqual(['linux/riscv64']);
    expect(missingPlatforms(['linux/amd64/v3'], ['linux/amd64'])).toEqual(['linux/amd64/v3']);
  });
});
