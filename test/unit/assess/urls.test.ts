import { expect } from 'chai';
import { isRejection } from '../../../api/rejection.ts';
import { HEADER, header, listener, poolBackend, rule, serviceBackend } from '../../support/router-fixtures.ts';
import { discover, found, type GatewayOptions, http, https, parent, type Row, refsTo, section } from '../../support/url-discovery.ts';

const EXTERNAL = '203.0.113.1';
const pool = poolBackend('pool');
const svc = serviceBackend('svc');
const ownRules = [
  rule('/ns/name/v1/completions', pool),
  rule('/ns/name/v1/chat/completions', pool),
  rule('/ns/name/v1/messages', pool),
  rule('/ns/name', svc),
];
const three: GatewayOptions[] = [
  { name: 'z-gateway', namespace: 'z-ns', addresses: ['203.0.113.2'] },
  { name: 'a-gateway', namespace: 'a-ns', addresses: ['203.0.113.1'] },
  { name: 'b-gateway', namespace: 'b-ns', addresses: ['203.0.113.3'] },
];
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
];

describe('external URLs (5.22.1)', () => {
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

  it('says which protocol a named listener cannot serve', () => {
    const result = discover({ gateway: { listeners: [listener('db', 'TCP', 5432)] }, route: { parentRefs: section('db') } });
    expect(isRejection(result) && result.message).to.equal('listener "db" uses unsupported protocol TCP for HTTP routing');
  });

  it('replaces the wildcard of a route host, too', () => {
    expect(found(discover({ route: { hostnames: ['*.example.com'] } })).map(({ url }) => url)).to.deep.equal(['http://inference.example.com/']);
  });

  it('keeps to the port of the parent reference (B5.15)', () => {
    const listeners = [http, https, listener('alt', 'HTTP', 8080)];
    const at = (port: number) => discover({ gateway: { listeners }, route: { parentRefs: [{ ...parent, port }] } });
    expect(found(at(8080)).map(({ url }) => url)).to.deep.equal(['http://203.0.113.1:8080/']);
    const result = at(9090);
    expect(isRejection(result) && result.message).to.equal('no HTTP-capable listener on port 9090 found in gateway gateway-ns/gateway');
  });

  it('skips parents that are no gateways', () => {
    const mesh = { group: '', kind: 'Service', name: 'mesh' };
    expect(found(discover({ route: { parentRefs: [mesh, parent] } })).map(({ url }) => url)).to.deep.equal(['http://203.0.113.1/']);
  });
});
