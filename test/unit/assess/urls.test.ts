import { expect } from 'chai';
import type { HTTPRoute } from '../../../api/gateway-api.ts';
import { isRejection } from '../../../api/rejection.ts';
import type { ParentReference } from '../../../api/types.ts';
import { advertisedPaths } from '../../../assess/paths.ts';
import { type DiscoveredUrl, type DiscoverySettings, discoverUrls } from '../../../assess/urls.ts';
import { resolveGateways } from '../../../render/gateways.ts';
import { ask } from '../../support/answers.ts';
import { coreService, gateway, HEADER, header, httpRoute, listener, poolBackend, rule, serviceBackend } from '../../support/router-fixtures.ts';

const NS = 'gateway-ns';
const EXTERNAL = '203.0.113.1';
const parent: ParentReference = { name: 'gateway', namespace: NS };
const section = (sectionName: string): ParentReference[] => [{ ...parent, sectionName }];
const pool = poolBackend('pool');
const svc = serviceBackend('svc');
const ownRules = [
  rule('/ns/name/v1/completions', pool),
  rule('/ns/name/v1/chat/completions', pool),
  rule('/ns/name/v1/messages', pool),
  rule('/ns/name', svc),
];
const http = listener('http', 'HTTP', 80);
const https = listener('https', 'HTTPS', 443);
const gatewayService = (ports?: number[]) =>
  coreService('gateway-service', NS, { labels: { 'gateway.networking.k8s.io/gateway-name': 'gateway' }, ...(ports ? { ports } : {}) });
const INTERNAL = 'gateway-service.gateway-ns.svc.cluster.local';

type GatewayOptions = Parameters<typeof gateway>[0];
interface Row {
  n: number;
  what: string;
  gateway?: GatewayOptions;
  gateways?: GatewayOptions[];
  route?: Parameters<typeof httpRoute>[0];
  services?: object[];
  scheme?: string;
  header?: string;
  urls: string[];
}

function discover({ gateway: only, gateways, route, services = [], scheme = '', header: headerName = '' }: Omit<Row, 'n' | 'what' | 'urls'>) {
  const defaults = { name: 'gateway', namespace: NS, addresses: [EXTERNAL] };
  const objects = [...(gateways ?? [only ?? {}]).map((g) => gateway({ ...defaults, ...g })), ...services];
  const settings: DiscoverySettings = { urlScheme: scheme, header: headerName, wildcardHostname: 'inference', clusterDomain: 'cluster.local' };
  return ask(resolveAndDiscover(httpRoute({ parentRefs: [parent], ...route }), settings), objects);
}

function* resolveAndDiscover(route: HTTPRoute, settings: DiscoverySettings) {
  const resolved = yield* resolveGateways(route);
  return isRejection(resolved) ? resolved : yield* discoverUrls(route, resolved, settings);
}

function found(result: ReturnType<typeof discover>): DiscoveredUrl[] {
  if (isRejection(result)) throw new Error(result.message);
  return result;
}

const three: GatewayOptions[] = [
  { name: 'z-gateway', namespace: 'z-ns', addresses: ['203.0.113.2'] },
  { name: 'a-gateway', namespace: 'a-ns', addresses: ['203.0.113.1'] },
  { name: 'b-gateway', namespace: 'b-ns', addresses: ['203.0.113.3'] },
];
const refsTo = (gateways: GatewayOptions[]): ParentReference[] => gateways.map((g) => ({ name: g?.name ?? '', namespace: g?.namespace ?? NS }));

const rows: Row[] = [
  { n: 1, what: 'plain', urls: ['http://203.0.113.1/'] },
  {
    n: 2,
    what: 'two addresses, sorted',
    gateway: { addresses: ['203.0.113.200', '203.0.113.100'] },
    urls: ['http://203.0.113.100/', 'http://203.0.113.200/'],
  },
  {
    n: 3,
    what: 'route host within a wildcard listener',
    gateway: { listeners: [listener('http', 'HTTP', 80, '*.example.com')] },
    route: { hostnames: ['api.example.com'] },
    urls: ['http://api.example.com/'],
  },
  { n: 4, what: 'route host *', gateway: { addresses: ['203.0.113.100'] }, route: { hostnames: ['*'] }, urls: ['http://203.0.113.100/'] },
  {
    n: 5,
    what: 'two route hosts, sorted',
    route: { hostnames: ['api.example.com', 'alt.example.com'] },
    urls: ['http://alt.example.com/', 'http://api.example.com/'],
  },
  { n: 6, what: 'a rule without backend', route: { rules: [rule('/api/v1')] }, urls: ['http://203.0.113.1/api/v1'] },
  { n: 7, what: 'a Service rule wins over deeper pool rules', route: { rules: ownRules }, urls: ['http://203.0.113.1/ns/name'] },
  { n: 8, what: 'only pool rules', route: { rules: ownRules.slice(0, 3) }, urls: ['http://203.0.113.1/ns/name/v1/messages'] },
  {
    n: 9,
    what: 'a backend without kind is a Service',
    route: { rules: [rule('/ns/name/v1/completions', pool), rule('/ns/name', { name: 'svc' })] },
    urls: ['http://203.0.113.1/ns/name'],
  },
  {
    n: 10,
    what: 'a match with another header is ignored',
    route: { rules: [rule('/', svc, header('x-custom')), rule('/ns/name', svc)] },
    urls: ['http://203.0.113.1/ns/name'],
  },
  { n: 11, what: 'no rules', route: { rules: [] }, urls: ['http://203.0.113.1/'] },
  {
    n: 12,
    what: 'path and model routing families',
    header: HEADER,
    route: {
      rules: [
        rule('/ns/name/v1/completions', pool),
        rule('/v1/completions', pool, header(HEADER)),
        rule('/ns/name', svc),
        rule('/', svc, header(HEADER)),
      ],
    },
    urls: ['http://203.0.113.1/', 'http://203.0.113.1/ns/name'],
  },
  {
    n: 13,
    what: 'a custom header beside a configured one',
    header: HEADER,
    route: { rules: [rule('/ns/name', svc), rule('/custom', svc, header('X-Custom-Header'))] },
    urls: ['http://203.0.113.1/ns/name'],
  },
  {
    n: 14,
    what: 'the header is not configured',
    route: { rules: [rule('/ns/name', svc), rule('/', svc, header(HEADER))] },
    urls: ['http://203.0.113.1/ns/name'],
  },
  { n: 15, what: 'header configured, no match with it', header: HEADER, route: { rules: ownRules }, urls: ['http://203.0.113.1/ns/name'] },
  { n: 16, what: 'HTTPS', gateway: { listeners: [https] }, urls: ['https://203.0.113.1/'] },
  { n: 17, what: 'TLS', gateway: { listeners: [listener('tls', 'TLS', 443)] }, urls: ['https://203.0.113.1/'] },
  { n: 18, what: 'an IPv6 address', gateway: { addresses: ['2001:db8::1'] }, urls: ['http://[2001:db8::1]/'] },
  {
    n: 19,
    what: 'gateways in parent order',
    gateways: three,
    route: { parentRefs: refsTo(three) },
    urls: ['http://203.0.113.2/', 'http://203.0.113.1/', 'http://203.0.113.3/'],
  },
  {
    n: 20,
    what: 'gateways with different listeners',
    gateways: [
      { name: 'gateway-a', listeners: [https], addresses: ['gateway-a.example.com'] },
      { name: 'gateway-b', listeners: [listener('http', 'HTTP', 8080)], addresses: ['gateway-b.example.com'] },
    ],
    route: { parentRefs: refsTo([{ name: 'gateway-a' }, { name: 'gateway-b' }]) },
    urls: ['https://gateway-a.example.com/', 'http://gateway-b.example.com:8080/'],
  },
  {
    n: 21,
    what: 'a parent without namespace is in the namespace of the route',
    gateway: { namespace: 'ns' },
    route: { parentRefs: [{ name: 'gateway' }] },
    urls: ['http://203.0.113.1/'],
  },
  {
    n: 22,
    what: 'private addresses',
    gateway: { addresses: ['192.168.1.100', '10.0.0.50'] },
    urls: ['http://10.0.0.50/', 'http://192.168.1.100/'],
  },
  {
    n: 23,
    what: 'host name addresses',
    gateway: { addresses: ['api.example.com', 'lb.example.com'] },
    urls: ['http://api.example.com/', 'http://lb.example.com/'],
  },
  {
    n: 24,
    what: 'address and host names',
    gateway: { addresses: [EXTERNAL, 'lb.example.com', 'api.example.com'] },
    urls: ['http://203.0.113.1/', 'http://api.example.com/', 'http://lb.example.com/'],
  },
  { n: 26, what: 'neither address nor Service', gateway: { addresses: [] }, urls: [] },
  { n: 28, what: 'HTTP:8080', gateway: { listeners: [listener('http', 'HTTP', 8080)] }, urls: ['http://203.0.113.1:8080/'] },
  {
    n: 29,
    what: 'HTTPS:8443 with a route host',
    gateway: { listeners: [listener('https', 'HTTPS', 8443)] },
    route: { hostnames: ['secure.example.com'] },
    urls: ['https://secure.example.com:8443/'],
  },
  { n: 30, what: 'HTTP:80 has no port', gateway: { listeners: [http] }, urls: ['http://203.0.113.1/'] },
  { n: 31, what: 'HTTPS:443 has no port', gateway: { listeners: [https] }, urls: ['https://203.0.113.1/'] },
  {
    n: 32,
    what: 'a section among several listeners',
    gateway: {
      listeners: [
        listener('http', 'HTTP', 80, 'http.example.com'),
        listener('https', 'HTTPS', 443, 'https.example.com'),
        listener('internal', 'HTTP', 8080, 'internal.example.com'),
      ],
    },
    route: { parentRefs: section('http') },
    urls: ['http://http.example.com/'],
  },
  {
    n: 35,
    what: 'route hosts replace addresses',
    gateway: { addresses: ['203.0.113.1', '203.0.113.2'] },
    route: { hostnames: ['v2.example.com', 'api.example.com'] },
    urls: ['http://api.example.com/', 'http://v2.example.com/'],
  },
  {
    n: 36,
    what: 'a listener host',
    gateway: { listeners: [listener('http', 'HTTP', 80, 'listener.example.com')] },
    urls: ['http://listener.example.com/'],
  },
  {
    n: 37,
    what: 'a listener host and route host *',
    gateway: { listeners: [listener('http', 'HTTP', 80, 'listener.example.com')] },
    route: { hostnames: ['*'] },
    urls: ['http://listener.example.com/'],
  },
  {
    n: 38,
    what: 'a listener host and a route host',
    gateway: { listeners: [listener('http', 'HTTP', 80, 'listener.example.com')] },
    route: { hostnames: ['route.example.com'] },
    urls: ['http://route.example.com/'],
  },
  { n: 39, what: 'a listener without host', gateway: { listeners: [http] }, urls: ['http://203.0.113.1/'] },
  {
    n: 40,
    what: 'a wildcard listener',
    gateway: { listeners: [listener('http', 'HTTP', 80, '*.example.com')] },
    urls: ['http://inference.example.com/'],
  },
  {
    n: 41,
    what: 'a deeper wildcard',
    gateway: { listeners: [listener('http', 'HTTP', 80, '*.api.example.com')] },
    urls: ['http://inference.api.example.com/'],
  },
  {
    n: 42,
    what: 'a wildcard listener and a route host',
    gateway: { listeners: [listener('http', 'HTTP', 80, '*.example.com')] },
    route: { hostnames: ['specific.example.com'] },
    urls: ['http://specific.example.com/'],
  },
  {
    n: 43,
    what: 'a wildcard HTTPS listener',
    gateway: { listeners: [listener('https', 'HTTPS', 443, '*.secure.example.com')] },
    urls: ['https://inference.secure.example.com/'],
  },
  {
    n: 44,
    what: 'a wildcard listener on another port',
    gateway: { listeners: [listener('http', 'HTTP', 8080, '*.example.com')] },
    urls: ['http://inference.example.com:8080/'],
  },
  {
    n: 45,
    what: 'https preferred',
    scheme: 'https',
    gateway: { listeners: [http, https] },
    urls: ['https://203.0.113.1/', 'http://203.0.113.1/'],
  },
  { n: 46, what: 'http preferred', scheme: 'http', gateway: { listeners: [http, https] }, urls: ['http://203.0.113.1/', 'https://203.0.113.1/'] },
  { n: 47, what: 'https preferred, only http there', scheme: 'https', gateway: { listeners: [http] }, urls: ['http://203.0.113.1/'] },
  {
    n: 48,
    what: 'https preferred on 8443',
    scheme: 'https',
    gateway: { listeners: [listener('https', 'HTTPS', 8443)] },
    urls: ['https://203.0.113.1:8443/'],
  },
  { n: 49, what: 'no preference', gateway: { listeners: [http, https] }, urls: ['https://203.0.113.1/', 'http://203.0.113.1/'] },
  { n: 50, what: 'no preference, HTTP:8080', gateway: { listeners: [listener('http', 'HTTP', 8080)] }, urls: ['http://203.0.113.1:8080/'] },
  {
    n: 51,
    what: 'a section beats the preference',
    scheme: 'https',
    gateway: { listeners: [listener('http-listener', 'HTTP', 80), listener('https-listener', 'HTTPS', 443)] },
    route: { parentRefs: section('http-listener') },
    urls: ['http://203.0.113.1/'],
  },
  {
    n: 52,
    what: 'two listeners with one host',
    gateway: { listeners: [listener('http', 'HTTP', 80, 'api.example.com'), listener('https', 'HTTPS', 443, 'api.example.com')] },
    urls: ['https://api.example.com/', 'http://api.example.com/'],
  },
  { n: 53, what: 'a labelled Service', services: [gatewayService([80])], urls: ['http://203.0.113.1/', `http://${INTERNAL}/`] },
  {
    n: 54,
    what: 'a Service with the name of the gateway',
    services: [coreService('gateway', NS, { ports: [80] })],
    urls: ['http://203.0.113.1/', 'http://gateway.gateway-ns.svc.cluster.local/'],
  },
  {
    n: 55,
    what: 'HTTP:8080 and a Service',
    gateway: { listeners: [listener('http', 'HTTP', 8080)] },
    services: [gatewayService([8080])],
    urls: ['http://203.0.113.1:8080/', `http://${INTERNAL}:8080/`],
  },
  {
    n: 56,
    what: 'HTTPS:443 and a Service',
    gateway: { listeners: [https] },
    services: [gatewayService([443])],
    urls: ['https://203.0.113.1/', `https://${INTERNAL}/`],
  },
  {
    n: 57,
    what: 'the address is the host of the Service',
    gateway: { listeners: [https], addresses: [INTERNAL] },
    services: [gatewayService([443])],
    urls: [`https://${INTERNAL}/`],
  },
  { n: 58, what: 'no Service', urls: ['http://203.0.113.1/'] },
  {
    n: 59,
    what: 'no address, a Service',
    gateway: { listeners: [listener('http', 'HTTP', 8080)], addresses: [] },
    services: [gatewayService([8080])],
    urls: [`http://${INTERNAL}:8080/`],
  },
  {
    n: 60,
    what: 'no address, a Service, two families',
    header: HEADER,
    gateway: { listeners: [listener('http', 'HTTP', 8080)], addresses: [] },
    services: [gatewayService([8080])],
    route: { rules: [rule('/ns/name', svc), rule('/', svc, header(HEADER))] },
    urls: [`http://${INTERNAL}:8080/`, `http://${INTERNAL}:8080/ns/name`],
  },
  {
    n: 61,
    what: 'two gateways with Services, one by name, one by label',
    gateways: [
      { name: 'one', addresses: ['203.0.113.1'] },
      { name: 'two', addresses: ['203.0.113.2'] },
    ],
    route: { parentRefs: refsTo([{ name: 'one' }, { name: 'two' }]) },
    services: [coreService('one', NS), coreService('two-svc', NS, { labels: { 'gateway.networking.k8s.io/gateway-name': 'two' } })],
    urls: ['http://203.0.113.1/', 'http://one.gateway-ns.svc.cluster.local/', 'http://203.0.113.2/', 'http://two-svc.gateway-ns.svc.cluster.local/'],
  },
  {
    n: 62,
    what: 'a Service without ports',
    gateway: { listeners: [http, https] },
    services: [gatewayService()],
    urls: ['https://203.0.113.1/', 'http://203.0.113.1/', `https://${INTERNAL}/`, `http://${INTERNAL}/`],
  },
  {
    n: 63,
    what: 'a Service without ports, http preferred',
    scheme: 'http',
    gateway: { listeners: [http, https] },
    services: [gatewayService()],
    urls: ['http://203.0.113.1/', 'https://203.0.113.1/', `http://${INTERNAL}/`, `https://${INTERNAL}/`],
  },
  {
    n: 64,
    what: 'a section hides other ports',
    gateway: { listeners: [http, https, listener('http-alt', 'HTTP', 8080)] },
    services: [gatewayService()],
    route: { parentRefs: section('https') },
    urls: ['https://203.0.113.1/', `https://${INTERNAL}/`],
  },
  {
    n: 65,
    what: 'other ports',
    gateway: { listeners: [listener('http-alt', 'HTTP', 8080), listener('https-alt', 'HTTPS', 8443)] },
    services: [gatewayService()],
    urls: ['https://203.0.113.1:8443/', 'http://203.0.113.1:8080/', `https://${INTERNAL}:8443/`, `http://${INTERNAL}:8080/`],
  },
  {
    n: 66,
    what: 'HTTP:9090',
    gateway: { listeners: [listener('http', 'HTTP', 9090)] },
    services: [gatewayService()],
    urls: ['http://203.0.113.1:9090/', `http://${INTERNAL}:9090/`],
  },
  {
    n: 67,
    what: 'a section on 8443',
    gateway: { listeners: [http, listener('https-alt', 'HTTPS', 8443), listener('http-alt', 'HTTP', 8080)] },
    services: [gatewayService()],
    route: { parentRefs: section('https-alt') },
    urls: ['https://203.0.113.1:8443/', `https://${INTERNAL}:8443/`],
  },
  {
    n: 68,
    what: 'two listeners, no address',
    gateway: { listeners: [http, https], addresses: [] },
    services: [gatewayService()],
    urls: [`https://${INTERNAL}/`, `http://${INTERNAL}/`],
  },
  {
    n: 69,
    what: 'listeners the Service does not have',
    gateway: { listeners: [http, https, listener('http-alt', 'HTTP', 8080)] },
    services: [gatewayService([80, 8080])],
    urls: ['https://203.0.113.1/', 'http://203.0.113.1/', 'http://203.0.113.1:8080/', `http://${INTERNAL}/`, `http://${INTERNAL}:8080/`],
  },
  {
    n: 70,
    what: 'no listener the Service has',
    gateway: { listeners: [http, https] },
    services: [gatewayService([9090])],
    urls: ['https://203.0.113.1/', 'http://203.0.113.1/'],
  },
  {
    n: 71,
    what: 'two listeners, the address is the host of the Service',
    gateway: { listeners: [http, https], addresses: [INTERNAL] },
    services: [gatewayService()],
    urls: [`https://${INTERNAL}/`, `http://${INTERNAL}/`],
  },
  {
    n: 73,
    what: 'a pinned host and two listeners with other hosts',
    gateway: { listeners: [listener('one', 'HTTPS', 443, 'one.example.com'), listener('two', 'HTTPS', 443, 'two.example.com')] },
    route: { hostnames: ['pinned.example.com'] },
    urls: ['https://pinned.example.com/'],
  },
];

describe('URL discovery (5.22.1)', () => {
  for (const { n, what, urls, ...input } of rows) {
    it(`#${n} ${what}`, () => expect(found(discover(input)).map(({ url }) => url)).to.deep.equal(urls));
  }

  const errors: [number, string, Parameters<typeof discover>[0], string][] = [
    [
      25,
      'an absent gateway',
      { gateways: [] },
      'failed to get Gateway gateway-ns/gateway for route ns/route: gateways.gateway.networking.k8s.io "gateway" not found',
    ],
    [
      27,
      'only a TCP listener',
      { gateway: { listeners: [listener('tcp', 'TCP', 80)] } },
      'no HTTP-capable listener found in gateway gateway-ns/gateway',
    ],
    [33, 'an unknown section', { route: { parentRefs: section('nope') } }, 'listener "nope" not found in gateway gateway-ns/gateway'],
    [34, 'a gateway without listeners', { gateway: { listeners: [] } }, 'no HTTP-capable listener found in gateway gateway-ns/gateway'],
  ];
  for (const [n, what, input, message] of errors) {
    it(`#${n} ${what} is an error`, () => {
      const result = discover(input);
      expect(isRejection(result) && result.message).to.equal(message);
    });
  }

  it('#72 names the gateway of each URL', () => {
    const gateways = [
      { name: 'one', addresses: ['203.0.113.1'] },
      { name: 'two', addresses: ['203.0.113.2'] },
    ];
    expect(found(discover({ gateways, route: { parentRefs: refsTo(gateways) } })).map((u) => u.gateway)).to.deep.equal([
      { name: 'one', namespace: NS },
      { name: 'two', namespace: NS },
    ]);
  });

  it('says which protocol a named listener cannot serve', () => {
    const result = discover({ gateway: { listeners: [listener('db', 'TCP', 5432)] }, route: { parentRefs: section('db') } });
    expect(isRejection(result) && result.message).to.equal('listener "db" uses unsupported protocol TCP for HTTP routing');
  });

  it('replaces the wildcard of a route host, too', () => {
    expect(found(discover({ route: { hostnames: ['*.example.com'] } })).map(({ url }) => url)).to.deep.equal(['http://inference.example.com/']);
  });

  it('skips parents that are no gateways', () => {
    const mesh = { group: '', kind: 'Service', name: 'mesh' };
    expect(found(discover({ route: { parentRefs: [mesh, parent] } })).map(({ url }) => url)).to.deep.equal(['http://203.0.113.1/']);
  });

  it('takes the alphabetically first of several labelled Services', () => {
    const labels = { 'gateway.networking.k8s.io/gateway-name': 'gateway' };
    const services = [coreService('b', NS, { labels }), coreService('a', NS, { labels })];
    expect(found(discover({ gateway: { addresses: [] }, services })).map(({ host }) => host)).to.deep.equal(['a.gateway-ns.svc.cluster.local']);
  });
});

describe('advertised paths (R5.57, R5.58)', () => {
  const families = {
    path: [rule('/ns/my-llm/v1/chat/completions', pool), rule('/ns/my-llm', svc)],
    modelRouting: [rule('/v1/chat/completions', pool, header(HEADER))],
    publisher: [rule('/publishers/ns/models/llama-70b', pool)],
  };
  const pathsOf = (...rules: ReturnType<typeof rule>[][]) => advertisedPaths(httpRoute({ rules: rules.flat() }), HEADER);

  it('has one path per URL family, shallow ones first', () => {
    expect(pathsOf(families.path, families.modelRouting, families.publisher)).to.deep.equal([
      '/ns/my-llm',
      '/v1/chat/completions',
      '/publishers/ns/models/llama-70b',
    ]);
  });

  it('leaves out the path of a family that is left out', () => {
    expect(pathsOf(families.modelRouting, families.publisher)).to.deep.equal(['/v1/chat/completions', '/publishers/ns/models/llama-70b']);
    expect(pathsOf(families.path, families.publisher)).to.deep.equal(['/ns/my-llm', '/publishers/ns/models/llama-70b']);
    expect(pathsOf(families.path, families.modelRouting)).to.deep.equal(['/ns/my-llm', '/v1/chat/completions']);
  });

  it('takes the first seen of equally shallow paths of one length', () => {
    expect(pathsOf([rule('/ab', svc), rule('/cd', svc)])).to.deep.equal(['/ab']);
  });
});
