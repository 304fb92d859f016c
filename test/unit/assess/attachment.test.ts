import { expect } from 'chai';
import type { Listener, ListenerStatus } from '../../../api/gateway-api.ts';
import { attachedListeners } from '../../../assess/attachment.ts';
import { intersectHostnames } from '../../../assess/hostnames.ts';
import type { HttpListener } from '../../../assess/listeners.ts';
import { condition, coreService, gateway, httpRoute, listener } from '../../support/router-fixtures.ts';
import { discover, found } from '../../support/url-discovery.ts';

describe('host names of a route and a listener', () => {
  const table: [string, string, string | undefined][] = [
    ['a.example.com', 'a.example.com', 'a.example.com'],
    ['a.example.com', 'b.example.com', undefined],
    ['a.example.com', '*.example.com', 'a.example.com'],
    ['b.a.example.com', '*.example.com', 'b.a.example.com'],
    ['example.com', '*.example.com', undefined],
    ['notexample.com', '*.example.com', undefined],
    ['*.example.com', '*.example.com', '*.example.com'],
    ['*.a.example.com', '*.example.com', '*.a.example.com'],
    ['*.example.com', '*.example.org', undefined],
  ];
  for (const [a, b, common] of table) {
    it(`${a} and ${b} have ${common ?? 'nothing'} in common`, () => {
      expect(intersectHostnames(a, b)).to.equal(common);
      expect(intersectHostnames(b, a)).to.equal(common);
    });
  }
});

describe('URLs of listeners that take the route (B5.15)', () => {
  const http = listener('http', 'HTTP', 80, 'models.example.com');
  const https = listener('https', 'HTTPS', 443, 'chat.example.com');
  const wide = listener('wide', 'HTTPS', 8443, '*.example.com');
  const urls = (listeners: Listener[], hostnames: string[], services: object[] = []) =>
    found(discover({ gateway: { listeners }, route: { hostnames }, services })).map(({ url }) => url);

  it('are those of listeners with a host name of the route', () => {
    expect(urls([http, https], ['chat.example.com'])).to.deep.equal(['https://chat.example.com/']);
    expect(urls([http, https, wide], ['chat.example.com'])).to.deep.equal(['https://chat.example.com/', 'https://chat.example.com:8443/']);
  });

  it('have the hosts that both sides know', () => {
    const hosts = ['chat.example.com', 'models.example.com', 'other.example.org'];
    expect(urls([http, https], hosts)).to.deep.equal(['https://chat.example.com/', 'http://models.example.com/']);
    expect(urls([http], ['*.example.com'])).to.deep.equal(['http://models.example.com/']);
  });

  it('leave out the ports of other listeners inside of the cluster, too', () => {
    const service = coreService('gateway', 'gateway-ns', { ports: [80, 443] });
    expect(urls([http, https], ['chat.example.com'], [service])).to.deep.equal([
      'https://chat.example.com/',
      'https://gateway.gateway-ns.svc.cluster.local/',
    ]);
  });

  it('have the hosts of the route where no listener knows any of them (#38, #73)', () => {
    expect(urls([http, https], ['other.example.org'])).to.deep.equal(['https://other.example.org/', 'http://other.example.org/']);
  });

  it('are none where the listener with the host of the route is broken', () => {
    const status = [{ name: 'https', conditions: [condition('Programmed', 'False', 'Invalid')] }];
    expect(
      found(discover({ gateway: { listeners: [http, https], listenerStatus: status }, route: { hostnames: ['chat.example.com'] } })),
    ).to.deep.equal([]);
  });
});

describe('listeners that take a route (B5.15)', () => {
  const plain: HttpListener = { ...listener('http', 'HTTP', 80), scheme: 'http' };
  const tls: HttpListener = { ...listener('tls', 'TLS', 443), scheme: 'https' };
  const takes = (given: Partial<HttpListener>, status: Partial<ListenerStatus> = {}, generation = 2): boolean => {
    const one = { ...plain, ...given };
    const gw = gateway({ generation, listeners: [one], listenerStatus: [{ name: one.name, ...status }] });
    return attachedListeners(httpRoute({ namespace: 'team-a' }), gw, [one]).length > 0;
  };

  const kindsOf = (...names: string[]) => ({ allowedRoutes: { kinds: names.map((kind) => ({ kind })) } });
  const from = (where: string, selector?: object) => ({ allowedRoutes: { namespaces: { from: where, ...(selector ? { selector } : {}) } } });
  const named = (operator: string, ...values: string[]) =>
    from('Selector', { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator, values }] });
  const allowed: [string, Partial<HttpListener>, boolean][] = [
    ['says nothing', {}, true],
    ['allows HTTPRoutes', kindsOf('GRPCRoute', 'HTTPRoute'), true],
    ['allows other kinds only', kindsOf('GRPCRoute'), false],
    ['allows HTTPRoutes of another group', { allowedRoutes: { kinds: [{ group: 'example.com', kind: 'HTTPRoute' }] } }, false],
    ['ends TLS', { ...tls, tls: { mode: 'Terminate' } }, true],
    ['passes TLS through', { ...tls, tls: { mode: 'Passthrough' } }, false],
    ['is for its own namespace, as the schema has it', from('Same'), true],
    ['is for all namespaces', from('All'), true],
    ['selects all namespaces', from('Selector', {}), true],
    ['selects the namespace by name', from('Selector', { matchLabels: { 'kubernetes.io/metadata.name': 'team-a' } }), true],
    ['selects another by name', from('Selector', { matchLabels: { 'kubernetes.io/metadata.name': 'team-b' } }), false],
    ['selects by labels nobody here knows', from('Selector', { matchLabels: { tier: 'gold' } }), true],
    ['has the namespace in a list', named('In', 'team-b', 'team-a'), true],
    ['has others in a list', named('In', 'team-b'), false],
    ['has it among those that may not', named('NotIn', 'team-a'), false],
    ['wants namespaces without a name', named('DoesNotExist'), false],
    ['wants namespaces with a name', named('Exists'), true],
  ];
  for (const [what, given, taken] of allowed) {
    it(`${taken ? 'count' : 'do not count'} one that ${what}`, () => expect(takes(given)).to.equal(taken));
  }

  const reported: [string, Partial<ListenerStatus>, boolean][] = [
    ['serves HTTPRoutes', { supportedKinds: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute' }] }, true],
    ['serves other kinds only', { supportedKinds: [{ kind: 'TLSRoute' }] }, false],
    ['serves kinds it does not list', { supportedKinds: [] }, true],
    ['is programmed', { conditions: [condition('Programmed', 'True')] }, true],
    ['is in conflict', { conditions: [condition('Accepted', 'False', 'HostnameConflict', 2)] }, false],
    ['is not accepted, as of another generation', { conditions: [condition('Accepted', 'False', 'PortUnavailable', 1)] }, true],
    ['is invalid', { conditions: [condition('Accepted', 'True'), condition('Programmed', 'False', 'Invalid', 2)] }, false],
    ['is pending', { conditions: [condition('Programmed', 'False', 'Pending')] }, true],
    ['is unknown', { conditions: [condition('Programmed', 'Unknown', 'Pending')] }, true],
    ['has no certificate', { conditions: [condition('ResolvedRefs', 'False', 'InvalidCertificateRef')] }, false],
    [
      'has one certificate of two',
      { conditions: [condition('ResolvedRefs', 'False', 'InvalidCertificateRef'), condition('Programmed', 'True')] },
      true,
    ],
    ['names a kind of routes that does not exist', { conditions: [condition('ResolvedRefs', 'False', 'InvalidRouteKinds')] }, true],
    ['is another one', { name: 'another', conditions: [condition('Programmed', 'False', 'Invalid')] }, true],
  ];
  for (const [what, status, taken] of reported) {
    it(`${taken ? 'count' : 'do not count'} one that the gateway says ${what}`, () => expect(takes({}, status)).to.equal(taken));
  }
});
