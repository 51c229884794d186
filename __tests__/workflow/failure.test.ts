import { describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/kubernetes/client/api.js';
import { ConfigError } from '../../src/outcome/errors.js';
import { asDeployError } from '../../src/workflow/failure.js';

describe('what nothing has named yet is named', () => {
  it.each([
    [401, 'permission-denied', 'The cluster no longer accepts these credentials: no.', /have probably expired/],
    [403, 'permission-denied', 'The API server rejected the request: no.', /Apply the Role/],
    [500, 'api-unreachable', 'The API server could not process the request: no.', /Check the kubeconfig/],
  ])('an answer of the API server with %i', (status, cause, message, hint) => {
    const error = asDeployError(new ApiError(status, 'Reason', 'no'));
    expect([error.code, error.message]).toEqual([cause, message]);
    expect(error.hint).toMatch(hint);
  });
  it('an error that no part foresaw', () => {
    const error = asDeployError(new TypeError('x is not a function'));
    expect([error.code, error.message]).toEqual(['unexpected', 'x is not a function']);
    expect(error.evidence[0]?.title).toBe('stack');
  });
  it('one with a name keeps it', () => {
    const error = new ConfigError([{ where: 'input image', message: 'is missing' }]);
    expect(asDeployError(error)).toBe(error);
  });
});
