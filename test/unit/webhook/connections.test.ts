import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { createAuthority } from '../../../control-plane/certificates.ts';
import { createLog } from '../../../controllers/runtime/log.ts';
import { type AdmissionHandler, startWebhookServer, type WebhookServer } from '../../../webhook/server.ts';

const HOST = '127.0.0.1';
const REVIEW = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: { uid: 'uid-1', operation: 'CREATE', object: {} } };

describe('the webhook server, when it stops', () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'webhook-certificate-'));
    const { certificate, key } = await (await createAuthority('test')).issueServer('test', { dns: [], ip: [HOST] });
    await writeFile(join(directory, 'tls.crt'), certificate);
    await writeFile(join(directory, 'tls.key'), key);
  });
  after(() => rm(directory, { recursive: true }));

  const start = (handler: AdmissionHandler): Promise<WebhookServer> =>
    startWebhookServer({
      host: HOST,
      port: 0,
      certificateDirectory: directory,
      handlers: new Map([['/review', handler]]),
      log: createLog({ level: 'silent' }),
    });

  function open(port: number): Promise<TLSSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: HOST, port, rejectUnauthorized: false }, () => resolve(socket));
      socket.once('error', reject);
    });
  }

  function ask(port: number, agent: Agent | false = false): Promise<string> {
    return new Promise((resolve, reject) => {
      const options = {
        host: HOST,
        port,
        path: '/review',
        method: 'POST',
        agent,
        rejectUnauthorized: false,
        headers: { 'content-type': 'application/json' },
      };
      const asking = request(options, async (response) => resolve((await response.toArray()).join('')));
      asking.once('error', reject).end(JSON.stringify(REVIEW));
    });
  }

  it('does not wait for connections on which nothing was asked', async () => {
    const server = await start(() => ({ allowed: true }));
    const socket = await open(server.port);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await server.stop();
    await closed;
  });

  it('answers what it was asked before', async () => {
    let answer: () => void = () => undefined;
    let asked: () => void = () => undefined;
    const isAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const server = await start(async () => {
      asked();
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      return { allowed: true };
    });
    await open(server.port);
    const answered = ask(server.port);
    await isAsked;
    const stopped = server.stop();
    answer();
    expect(JSON.parse(await answered)).to.have.nested.property('response.allowed', true);
    await stopped;
  });
});
