import { describe, expect, it } from '@jest/globals';
import { bridgesWithin } from '../../sandbox/network.mjs';

/** As `ip -json -4 address show type bridge` prints it, with an empty object for each link that has no address of that kind. */
const printed = JSON.stringify([
  {}, { ifname: 'acci0', addr_info: [{ family: 'inet', local: '10.213.0.1', prefixlen: 24 }] },
  { ifname: 'acci-docker', addr_info: [{ family: 'inet', local: '10.216.0.1', prefixlen: 24 }] },
  { ifname: 'docker0', addr_info: [{ family: 'inet', local: '172.17.0.1', prefixlen: 16 }] }, {},
  { ifname: 'br-0123456789ab', addr_info: [{ family: 'inet', local: '10.216.129.1', prefixlen: 24 }] },
  { ifname: 'br-foreign', addr_info: [{ family: 'inet', local: '10.21.6.1', prefixlen: 24 }] },
]);

describe('the bridges of a network', () => {
  it('are those with an address of it', () => expect(bridgesWithin('10.216.0.0/16', printed)).toEqual(['acci-docker', 'br-0123456789ab']));

  it.each(['', '[]\n'])('are none where ip prints %j', (text) => expect(bridgesWithin('10.216.0.0/16', text)).toEqual([]));
});
