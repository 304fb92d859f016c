import { expect } from 'chai';
import { coreService, HEADER, header, listener, rule, serviceBackend } from '../../support/router-fixtures.ts';
import { discover, found, http, https, NS, type Row, refsTo, section } from '../../support/url-discovery.ts';

const svc = serviceBackend('svc');
const gatewayService = (ports?: number[]) =>
  coreService('gateway-service', NS, { labels: { 'gateway.networking.k8s.io/gateway-name': 'gateway' }, ...(ports ? { ports } : {}) });
const INTERNAL = 'gateway-service.gateway-ns.svc.cluster.local';

const rows: Row[] = [
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

describe('internal URLs (5.22.1)', () => {
  for (const { n, what, urls, ...input } of rows) {
    it(`#${n} ${what}`, () => expect(found(discover(input)).map(({ url }) => url)).to.deep.equal(urls));
  }

  it('#72 names the gateway of each URL', () => {
    const gateways = [
      { name: 'one', addresses: ['203.0.113.1'] },
      { name: 'two', addresses: ['203.0.113.2'] },
    ];
    expect(found(discover({ gateways, route: { parentRefs: refsTo(gateways) } })).map((u) => u.origin)).to.deep.equal([
      { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'one', namespace: NS },
      { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'two', namespace: NS },
    ]);
  });

  describe('of a gateway whose Service is in another namespace (B5.16)', () => {
    const labels = {
      'gateway.envoyproxy.io/owning-gateway-name': 'gateway',
      'gateway.envoyproxy.io/owning-gateway-namespace': NS,
    };
    const envoy = coreService('envoy-gateway-ns-gateway-1a2b', 'envoy-gateway-system', { labels, ports: [80] });
    const hosts = (...services: object[]) => found(discover({ gateway: { addresses: [] }, services })).map(({ host }) => host);

    it('are found by the labels of Envoy Gateway', () => {
      expect(hosts(envoy)).to.deep.equal(['envoy-gateway-ns-gateway-1a2b.envoy-gateway-system.svc.cluster.local']);
    });
    it('are not those of a gateway of the same name', () => {
      const others = { ...labels, 'gateway.envoyproxy.io/owning-gateway-namespace': 'other-ns' };
      expect(hosts(coreService('envoy-other', 'envoy-gateway-system', { labels: others }))).to.deep.equal([]);
    });
    it('come after a Service in its own namespace', () => {
      expect(hosts(envoy, coreService('gateway', NS, { ports: [80] }))).to.deep.equal([`gateway.${NS}.svc.cluster.local`]);
    });
  });

  it('takes the alphabetically first of several labelled Services', () => {
    const labels = { 'gateway.networking.k8s.io/gateway-name': 'gateway' };
    const services = [coreService('b', NS, { labels }), coreService('a', NS, { labels })];
    expect(found(discover({ gateway: { addresses: [] }, services })).map(({ host }) => host)).to.deep.equal(['a.gateway-ns.svc.cluster.local']);
  });
});
