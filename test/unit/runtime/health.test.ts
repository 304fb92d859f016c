import { once } from 'node:events';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { issueCertificate } from '../../../controllers/certificates.ts';
import { type Listening, parseAddress, serveMetrics, serveProbes } from '../../../controllers/runtime/health.ts';
import { createMetrics } from '../../../controllers/runtime/metrics.ts';
import { standardTls } from '../../../controllers/runtime/tls.ts';

describe('probes and metrics', () => {
  let running: Listening[];
  beforeEach(() => {
    running = [];
  });
  afterEach(() => Promise.all(running.map((server) => server.close())));

  async function get(server: Listening, path: string): Promise<[number, string]> {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`);
    return [response.status, await response.text()];
  }

  it('is alive as long as it answers, and ready when every check says so', async () => {
    const probes = await serveProbes('127.0.0.1:0');
    running.push(probes);
    expect(await get(probes, '/healthz')).to.deep.equal([200, 'ok']);
    expect(await get(probes, '/readyz')).to.deep.equal([200, 'ok']);
    let synced = false;
    probes.readyWhen('caches', () => synced);
    probes.readyWhen('webhook', async () => {
      if (!synced) throw new Error('no certificate');
      return true;
    });
    expect(await get(probes, '/readyz?verbose')).to.deep.equal([503, 'caches: not ready\nwebhook: no certificate']);
    expect(await get(probes, '/healthz')).to.deep.equal([200, 'ok']);
    synced = true;
    expect(await get(probes, '/readyz')).to.deep.equal([200, 'ok']);
    expect((await get(probes, '/metrics'))[0]).to.equal(404);
  });

  it('serves metrics under the names of controller-runtime', async () => {
    const metrics = createMetrics({ process: false });
    const queue = metrics.forQueue('llminferenceservice', 4);
    queue.added();
    queue.depth(3);
    queue.working(1);
    queue.passed('error', 0.2);
    queue.retried();
    metrics.onRequest({ verb: 'get', kind: 'Secret', code: 404, seconds: 0.01 });
    metrics.onWatchRestart('Pod', 'expired');
    metrics.onLeader(true);
    const server = await serveMetrics('127.0.0.1:0', { registry: metrics.registry });
    running.push(server);
    const [code, text] = await get(server, '/metrics');
    expect(code).to.equal(200);
    for (const line of [
      'controller_runtime_reconcile_total{controller="llminferenceservice",result="error"} 1',
      'controller_runtime_reconcile_errors_total{controller="llminferenceservice"} 1',
      'controller_runtime_reconcile_time_seconds_count{controller="llminferenceservice"} 1',
      'controller_runtime_active_workers{controller="llminferenceservice"} 1',
      'controller_runtime_max_concurrent_reconciles{controller="llminferenceservice"} 4',
      'workqueue_depth{name="llminferenceservice"} 3',
      'workqueue_adds_total{name="llminferenceservice"} 1',
      'workqueue_retries_total{name="llminferenceservice"} 1',
      'rest_client_requests_total{verb="get",kind="Secret",code="404"} 1',
      'llmisvc_watch_restarts_total{kind="Pod",reason="expired"} 1',
      'leader_election_master_status 1',
    ]) {
      expect(text).to.include(`${line}\n`);
    }
  });

  it('asks who may read the metrics', async () => {
    const { registry } = createMetrics({ process: false });
    const server = await serveMetrics('127.0.0.1:0', { registry, authorize: async ({ headers }) => (headers.authorization ? 200 : 401) });
    running.push(server);
    expect(await get(server, '/metrics')).to.deep.equal([401, 'unauthorized']);
  });

  for (const http2 of [true, false]) {
    it(`serves metrics over HTTPS, and closes while clients are connected, ${http2 ? 'with' : 'without'} HTTP/2`, async () => {
      const { registry } = createMetrics({ process: false });
      const now = Date.now();
      const about = { subject: 'CN=metrics', notBefore: new Date(now - 1000), notAfter: new Date(now + 60_000) };
      const { certificate: cert, key } = await issueCertificate(about, { server: { dnsNames: [], ipAddresses: ['127.0.0.1'] } });
      const server = await serveMetrics('127.0.0.1:0', { registry, tls: { settings: { ...standardTls, http2 }, pair: { cert, key } } });
      const client = connect({ host: '127.0.0.1', port: server.port, ca: cert, ALPNProtocols: ['http/1.1'] });
      await once(client, 'secureConnect');
      client.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n');
      const [answer] = await once(client, 'data');
      expect(String(answer)).to.match(/^HTTP\/1.1 200 /);
      const closed = once(client, 'close');
      client.on('error', () => undefined);
      await server.close();
      await closed;
    });
  }

  for (const [address, expected] of [
    [':8081', { host: undefined, port: 8081 }],
    ['127.0.0.1:8443', { host: '127.0.0.1', port: 8443 }],
    ['[::1]:8443', { host: '::1', port: 8443 }],
  ] as const) {
    it(`understands the address ${address}`, () => expect(parseAddress(address)).to.deep.equal(expected));
  }

  for (const address of ['8081', 'host', 'host:x', ':99999', '::1:80']) {
    it(`refuses the address ${address}`, () => expect(() => parseAddress(address)).to.throw(`not an address: "${address}"`));
  }
});
