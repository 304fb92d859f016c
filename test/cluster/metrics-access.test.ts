import { Agent, get } from 'node:https';
import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { chooseFreePort } from '../../control-plane/ports.ts';
import { serviceAccountUser } from '../../control-plane/users.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { type Client, createClient } from '../../controllers/runtime/client.ts';
import { createDelegatedAccess } from '../../controllers/runtime/delegated-access.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { eventually } from '../support/eventually.ts';
import { type RunningOperator, startOperator } from '../support/operator.ts';
import { siteWithoutOperator } from '../support/shared-operator.ts';

const RULES = [{ nonResourceURLs: ['/metrics'], verbs: ['get'] }];

/** Who may read the metrics, as the API server says, asked with the rights of the operator's own account (R1.91). */
describe('metrics', function () {
  this.timeout(60_000);
  let operator: RunningOperator;
  let port: number;
  let tokens: { scraper: string; other: string };
  const agent = new Agent({ rejectUnauthorized: false });

  before(async () => {
    const site = await siteWithoutOperator();
    const space = await namespace('metrics');
    tokens = { scraper: await tokenOf('scraper', space, true), other: await tokenOf('other', space, false) };
    port = await chooseFreePort();
    operator = await startOperator(site, { metricsAddr: `127.0.0.1:${port}` }, { untilRunning: false });
  });
  after(async () => {
    await operator?.stop();
    agent.destroy();
  });

  async function tokenOf(name: string, space: string, allowed: boolean): Promise<string> {
    const role = `${space}-${name}`;
    const subject = { kind: 'ServiceAccount', name, namespace: space };
    const manifests = [
      { ...typed(kinds.clusterRole), metadata: { name: role }, rules: RULES },
      {
        ...typed(kinds.clusterRoleBinding),
        metadata: { name: role },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [subject],
      },
    ] as KubeObject[];
    const { identity } = await serviceAccountUser(await cluster(), { name, namespace: space, manifests: allowed ? manifests : [] });
    return (identity.credential as { token: string }).token;
  }

  const typed = ({ apiVersion, kind }: { apiVersion: string; kind: string }) => ({ apiVersion, kind });

  function ask(path: string, token?: string): Promise<{ code: number | undefined; text: string; protocol: string | null }> {
    return new Promise((resolve, reject) => {
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      get({ host: '127.0.0.1', port, path, headers, agent }, (response) => {
        let text = '';
        const protocol = (response.socket as unknown as { getProtocol(): string }).getProtocol();
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ code: response.statusCode, text, protocol }));
      }).on('error', reject);
    });
  }

  it('are served over HTTPS to those who may get /metrics', async () => {
    await eventually(async () => expect((await ask('/metrics', tokens.scraper)).code).to.equal(200));
    const { text, protocol } = await ask('/metrics', tokens.scraper);
    expect(text).to.contain('rest_client_requests_total{verb="create",kind="TokenReview",code="201"}');
    expect(protocol).to.equal('TLSv1.3');
  });

  it('are refused to others', async () => {
    expect((await ask('/metrics')).code).to.equal(401);
    expect((await ask('/metrics', 'no-token')).code).to.equal(401);
    expect((await ask('/metrics', tokens.other)).code).to.equal(403);
    expect((await ask('/other', tokens.scraper)).code).to.equal(404);
  });

  describe('the question who may read them', () => {
    let client: Client;
    let asked: number;
    let now: number;
    let access: ReturnType<typeof createDelegatedAccess>;

    before(async () => {
      const site = await siteWithoutOperator();
      client = createClient(await loadAccess({ kubeconfig: site.kubeconfig, environment: {} }), { version: 'test' });
    });
    after(() => client?.close());
    beforeEach(() => {
      [asked, now] = [0, 0];
      const counted: Pick<Client, 'request'> = {
        request(request) {
          asked += 1;
          return client.request(request);
        },
      };
      access = createDelegatedAccess({ client: counted, attributes: { path: '/metrics', verb: 'get' }, now: () => now });
    });
    const decide = (token: string) => access({ headers: { authorization: `Bearer ${token}` } } as Parameters<typeof access>[0]);

    it('is asked once a minute for a token, however often it comes', async () => {
      expect(await Promise.all([decide(tokens.scraper), decide(tokens.scraper)])).to.deep.equal([200, 200]);
      now = 59_999;
      expect(await decide(tokens.scraper)).to.equal(200);
      expect(asked).to.equal(2);
      now = 60_000;
      expect(await decide(tokens.scraper)).to.equal(200);
      expect(asked).to.equal(4);
    });

    it('is asked again when the API server could not answer', async () => {
      const refuse = (): Promise<never> => {
        asked += 1;
        return Promise.reject(new Error(`refused ${asked}`));
      };
      const broken = createDelegatedAccess({
        client: { request: refuse },
        attributes: { path: '/metrics', verb: 'get' },
      });
      for (const time of [1, 2]) {
        const error = await broken({ headers: { authorization: 'Bearer x' } } as Parameters<typeof access>[0]).catch((e: Error) => e);
        expect(error).to.have.property('message', `refused ${time}`);
      }
    });
  });
});
