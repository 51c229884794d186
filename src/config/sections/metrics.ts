import { actionNames } from '../../outcome/action.js';
import type { Out } from '../kit/kind.js';
import { object } from '../kit/object.js';
import { section } from '../setting.js';
import { argument } from '../values/argument.js';
import { secretReference } from '../values/secret-reference.js';
import { publicAddress } from '../values/service-address.js';

export const metrics = section('Metrics', actionNames, {
  'metrics': {
    description: 'Where the figures of each run are sent at its end: its verdict, its stages and its times. docs/observability.md lists them.',
    examples: [{ pushgateway: { url: 'https://push.acme.example', username: 'ci', password: 'env:PUSHGATEWAY_PASSWORD' } }],
    kind: object({
      pushgateway: {
        description: 'A Pushgateway of Prometheus.',
        kind: object({
          url: { needed: true, description: 'Its address, without `/metrics`.', kind: publicAddress },
          username: { description: 'User name of its login.', kind: argument('a user name') },
          password: { description: 'Password of its login, as `env:NAME`.', kind: secretReference },
        }),
      },
    }),
  },
});

/** The value of the setting. */
export type GivenMetrics = Out<typeof metrics.settings.metrics.kind>;
