import { expect } from 'chai';
import { addressesOf, addressName, primaryUrl, serviceAddress } from '../../../assess/addresses.ts';
import { reachOf } from '../../../assess/hosts.ts';
import { assessRouter } from '../../../assess/router.ts';
import type { DiscoveredUrl } from '../../../assess/urls.ts';
import { ask } from '../../support/answers.ts';
import { context, coreService, gateway, httpRoute, listener, rule, serviceBackend } from '../../support/router-fixtures.ts';

function discovered(url: string, gatewayName = 'gw', modelRouting = false): DiscoveredUrl {
  const { protocol, hostname, pathname } = new URL(url);
  const scheme = protocol === 'https:' ? 'https' : 'http';
  return {
    url,
    scheme,
    host: hostname.replace(/^\[|\]$/g, ''),
    path: pathname,
    modelRouting,
    origin: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: gatewayName, namespace: 'gw-ns' },
  };
}

describe('reach of a host (R5.65)', () => {
  const table: [string, string][] = [
    ['192.168.1.10', 'internal'],
    ['10.0.0.20', 'internal'],
    ['172.16.0.1', 'internal'],
    ['172.31.255.1', 'internal'],
    ['172.32.0.1', 'external'],
    ['fd00::1', 'internal'],
    ['FC01:2::3', 'internal'],
    ['fd::1', 'external'],
    ['fe80::1', 'internal'],
    ['::1', 'internal'],
    ['::ffff:10.0.0.1', 'internal'],
    ['::ffff:203.0.113.1', 'external'],
    ['2001:db8::1', 'external'],
    ['localhost', 'internal'],
    ['service.local', 'internal'],
    ['app.localhost', 'internal'],
    ['backend.INTERNAL', 'internal'],
    ['api.example.com', 'external'],
    ['secure.example.com', 'external'],
    ['203.0.113.1', 'external'],
    ['gw.ns.svc.cluster.local', 'cluster'],
    ['GW.ns.svc.Cluster.Local', 'cluster'],
    ['mycluster.local', 'internal'],
    ['127.0.0.1', 'internal'],
    ['169.254.1.1', 'internal'],
    ['100.64.0.1', 'internal'],
    ['100.128.0.1', 'external'],
    ['10.example.com', 'external'],
  ];
  for (const [host, reach] of table) it(`of ${host} is ${reach}`, () => expect(reachOf(host, 'cluster.local')).to.equal(reach));
  it('compares the cluster domain at a dot', () => expect(reachOf('notcorp.example', 'corp.example')).to.equal('external'));
});

describe('names of addresses (R5.70)', () => {
  const table: [string, string][] = [
    ['https://api.example.com/ns/name', 'gateway-external'],
    ['http://203.0.113.1/ns/name', 'gateway-external'],
    ['http://192.168.1.100/ns/name', 'internal'],
    ['http://localhost/ns/name', 'internal'],
    ['http://my-service.default.svc.cluster.local/ns/name', 'gateway-internal'],
    ['http://my-service.default.svc.cluster.local:8080/ns/name', 'gateway-internal'],
    ['https://api.example.com/', 'gateway-external-model-routing'],
    ['http://my-service.default.svc.cluster.local/', 'gateway-internal-model-routing'],
    ['http://localhost/', 'internal-model-routing'],
  ];
  for (const [url, name] of table) it(`of ${url} is ${name}`, () => expect(addressName(discovered(url), 'cluster.local')).to.equal(name));

  it('tell of a path that needs the header, wherever it is (B5.13)', () => {
    const url = discovered('https://api.example.com/v1/completions', 'gw', true);
    expect(addressName(url, 'cluster.local')).to.equal('gateway-external-model-routing');
    expect(addressesOf([url], context({ spec: { model: { uri: 'x', name: 'base' } } }))[0]?.models).to.deep.equal([
      { name: 'publishers/ns/models/base' },
    ]);
  });
});

describe('status.addresses', () => {
  const c = context({
    spec: { model: { uri: 'x', name: 'base', lora: { adapters: [{ name: 'z', uri: 'y' }, { uri: 'w' }, { name: 'a', uri: 'y' }] } } },
  });

  it('is sorted by URL, with gateway and models (R5.69, R5.71)', () => {
    const origin = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'gw', namespace: 'gw-ns' };
    expect(addressesOf([discovered('https://a.example.com/ns/llama'), discovered('http://a.example.com/')], c)).to.deep.equal([
      {
        url: 'http://a.example.com/',
        name: 'gateway-external-model-routing',
        origin,
        models: [{ name: 'publishers/ns/models/base' }, { name: 'publishers/ns/models/z' }, { name: 'publishers/ns/models/a' }],
      },
      {
        url: 'https://a.example.com/ns/llama',
        name: 'gateway-external',
        origin,
        models: ['publishers/ns/models/base', 'base', 'publishers/ns/models/z', 'z', 'publishers/ns/models/a', 'a'].map((name) => ({ name })),
      },
    ]);
  });

  it('lists a URL once per gateway (B5.15)', () => {
    const urls = [discovered('http://a.example.com/'), discovered('http://a.example.com/'), discovered('http://a.example.com/', 'other')];
    expect(addressesOf(urls, c).map(({ origin }) => origin?.name)).to.deep.equal(['gw', 'other']);
  });

  it('does not ask for the header where one of two routes does without', () => {
    const [byHeader, plain] = [true, false].map((modelRouting) => discovered('http://a.example.com/v1', 'gw', modelRouting));
    for (const urls of [
      [byHeader, plain],
      [plain, byHeader],
    ]) {
      expect(addressesOf(urls as DiscoveredUrl[], c).map(({ name }) => name)).to.deep.equal(['gateway-external']);
    }
  });

  it('of a service without route is the workload Service (R5.76)', () => {
    expect(serviceAddress(c)).to.deep.equal([{ url: 'https://llama-kserve-workload-svc.ns.svc.cluster.local' }]);
    expect(serviceAddress(context({ ingress: { enableTLS: false } }))[0]?.url).to.match(/^http:/);
  });
});

describe('status.url (R5.72)', () => {
  const table: [string, string[], string, string | undefined][] = [
    ['nothing', [], 'http', undefined],
    ['the own path among external URLs', ['http://a.example.com/', 'http://a.example.com/ns/llama'], 'http', 'http://a.example.com/ns/llama'],
    [
      'the first external URL otherwise',
      ['http://b.example.com/x', 'http://a.example.com/y', 'http://localhost/ns/llama'],
      'http',
      'http://a.example.com/y',
    ],
    [
      'http before https for external URLs',
      ['https://a.example.com/ns/llama', 'http://a.example.com/ns/llama'],
      'https',
      'http://a.example.com/ns/llama',
    ],
    ['the configured scheme for internal URLs', ['https://localhost/ns/llama', 'http://localhost/ns/llama'], 'https', 'https://localhost/ns/llama'],
    ['another scheme for internal URLs when it is the only one', ['http://localhost/ns/llama'], 'https', 'http://localhost/ns/llama'],
    ['not the path of another service', ['http://a.example.com/ns/llama-2', 'http://a.example.com/zz'], 'http', 'http://a.example.com/ns/llama-2'],
    [
      'the path of the service below',
      ['http://a.example.com/a', 'http://a.example.com/ns/llama/v1/messages'],
      'http',
      'http://a.example.com/ns/llama/v1/messages',
    ],
  ];
  for (const [what, urls, urlScheme, expected] of table) {
    it(`is ${what}`, () =>
      expect(
        primaryUrl(
          urls.map((u) => discovered(u)),
          context({ ingress: { urlScheme } }),
        ),
      ).to.equal(expected));
  }

  const http = listener('http', 'HTTP', 80);
  const https = listener('https', 'HTTPS', 443);
  const internal = 'my-gateway-svc.gw-ns.svc.cluster.local/test-ns/test-svc';
  const stability: [string, { listeners: (typeof http)[]; addresses: string[] }, string, string, number][] = [
    ['both listeners, no address, https', { listeners: [http, https], addresses: [] }, 'https', `https://${internal}`, 2],
    ['both listeners, no address, http', { listeners: [http, https], addresses: [] }, 'http', `http://${internal}`, 2],
    [
      'both listeners, an address, https',
      { listeners: [http, https], addresses: ['203.0.113.1'] },
      'https',
      'http://203.0.113.1/test-ns/test-svc',
      4,
    ],
    ['only https, no address, https', { listeners: [https], addresses: [] }, 'https', `https://${internal}`, 1],
    ['only http, no address, https', { listeners: [http], addresses: [] }, 'https', `http://${internal}`, 1],
  ];
  for (const [what, gw, urlScheme, url, count] of stability) {
    it(`is stable with ${what} (5.22.2)`, () => {
      const labels = { 'gateway.networking.k8s.io/gateway-name': 'my-gateway' };
      const c = context({ name: 'test-svc', namespace: 'test-ns', ingress: { urlScheme }, spec: { router: { route: { http: { spec: {} } } } } });
      const route = httpRoute({
        namespace: 'test-ns',
        parentRefs: [{ name: 'my-gateway', namespace: 'gw-ns' }],
        rules: [rule('/test-ns/test-svc', serviceBackend('x'))],
      });
      const objects = [gateway({ name: 'my-gateway', namespace: 'gw-ns', ...gw }), coreService('my-gateway-svc', 'gw-ns', { labels })];
      const { status } = ask(assessRouter(c, route, undefined), objects);
      expect(status?.url).to.equal(url);
      expect(status?.addresses).to.have.length(count);
    });
  }
});
