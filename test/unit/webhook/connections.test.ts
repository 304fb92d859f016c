import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, type ClientHttp2Stream, connect as connectHttp2, constants } from 'node:http2';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { createAuthority } from '../../../control-plane/certificates.ts';
import { standardTls } from '../../../controllers/runtime/tls.ts';
import type { AdmissionHandler } from '../../../webhook/application.ts';
import { startWebhookServer } from '../../../webhook/server.ts';
import { eventually } from '../../support/eventually.ts';
import { issueLoopback, memoryLog, review, serveWebhooks, type TestServer, writePair } from '../../support/webhook-client.ts';

const VALIDATE = '/validate-serving-kserve-io-v1alpha2-llminferenceservice';
const service = (spec: object) => ({ apiVersion: 'serving.kserve.io/v1alpha2', kind: 'LLMInferenceService', metadata: { name: 'svc' }, spec });
const HEADERS = `POST ${VALIDATE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`;

async function openTls({ server, authority }: Pick<TestServer, 'server' | 'authority'>, options: object = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port: server.port, ca: authority.certificate, ...options });
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

async function openTcp({ server }: TestServer): Promise<Socket> {
  const socket = connectTcp(server.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** However it ends. */
const closing = (socket: Socket): Promise<void> => new Promise((resolve) => socket.resume().once('close', () => resolve()));

/** The name in the certificate that a new connection gets. */
async function servedName(server: TestServer): Promise<string> {
  const socket = await openTls(server);
  const { subject } = socket.getPeerCertificate();
  socket.destroy();
  return String(subject.CN);
}

/** Answers when it is told to. */
function handHeld(): { handler: AdmissionHandler; asked: Promise<void>; answer(): void } {
  const asked = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  return {
    handler: async () => {
      asked.resolve();
      await go.promise;
      return { allowed: true };
    },
    asked: asked.promise,
    answer: go.resolve,
  };
}

describe('connections of the webhook server', () => {
  let server: TestServer;
  const serve = async (options: Parameters<typeof serveWebhooks>[0] = {}): Promise<TestServer> => {
    server = await serveWebhooks(options);
    return server;
  };
  afterEach(() => server?.stop());

  describe('certificates', () => {
    it('are served anew when the files change; open connections go on', async () => {
      const { authority, directory } = await serve();
      const before = await openTls(server);
      expect(before.getPeerCertificate().subject.CN).to.equal('webhooks');
      writePair(directory, await issueLoopback(authority, 'renewed'));
      await eventually(async () => expect(await servedName(server)).to.equal('renewed'));
      before.write(`${HEADERS}Content-Length: 2\r\n\r\n{}`);
      const [answer] = (await once(before, 'data')) as [Buffer];
      expect(answer.toString()).to.contain('HTTP/1.1 200 OK');
      before.destroy();
      expect((await server.post(VALIDATE, review('CREATE', { object: service({}) }))).json.response.allowed).to.equal(true);
    });

    it('are taken from a mounted Secret, whose files are links that change together', async () => {
      const authority = await createAuthority('mount');
      const mount = mkdtempSync(join(tmpdir(), 'mount-'));
      const update = async (version: string): Promise<void> => {
        mkdirSync(join(mount, version));
        writePair(join(mount, version), await issueLoopback(authority, version));
        symlinkSync(version, join(mount, '..data_tmp'));
        renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
      };
      await update('..1');
      for (const file of ['tls.crt', 'tls.key']) symlinkSync(`..data/${file}`, join(mount, file));
      const messages: string[] = [];
      const mounted = await startWebhookServer({
        host: '127.0.0.1',
        port: 0,
        certificateDirectory: mount,
        handlers: new Map(),
        log: memoryLog(messages),
      });
      try {
        const nameNow = async (): Promise<unknown> => {
          const socket = await openTls({ server: mounted, authority });
          const { subject } = socket.getPeerCertificate();
          socket.destroy();
          return subject.CN;
        };
        expect(await nameNow()).to.equal('..1');
        await update('..2');
        await eventually(async () => expect(await nameNow()).to.equal('..2'));
      } finally {
        await mounted.stop();
        rmSync(mount, { recursive: true });
      }
    });

    const broken: [string, (directory: string) => void][] = [
      ['a file that is no certificate', (directory) => writeFileSync(join(directory, 'tls.crt'), 'nonsense')],
      ['an empty file', (directory) => writeFileSync(join(directory, 'tls.key'), '')],
      ['a file that is gone', (directory) => unlinkSync(join(directory, 'tls.key'))],
    ];
    for (const [what, spoil] of broken) {
      it(`stay in use beside ${what}, until there is a good pair again`, async () => {
        const { authority, directory, messages } = await serve();
        spoil(directory);
        await eventually(() => expect(messages.join()).to.contain('the last good one stays in use'));
        expect(await servedName(server)).to.equal('webhooks');
        writePair(directory, await issueLoopback(authority, 'renewed'));
        await eventually(async () => expect(await servedName(server)).to.equal('renewed'));
      });
    }

    it('that do not belong to the key are refused', async () => {
      const { authority, directory, messages } = await serve();
      const [one, other] = [await issueLoopback(authority, 'one'), await issueLoopback(authority, 'other')];
      writePair(directory, { certificate: one.certificate, key: other.key });
      await eventually(() => expect(messages.join()).to.contain('the last good one stays in use'));
      expect(await servedName(server)).to.equal('webhooks');
    });

    it('have to be there at the start', async () => {
      await serve();
      const empty = mkdtempSync(join(tmpdir(), 'empty-'));
      const start = startWebhookServer({ host: '127.0.0.1', port: 0, certificateDirectory: empty, handlers: new Map(), log: memoryLog([]) });
      const error = await start.then(
        () => undefined,
        (thrown: Error) => thrown,
      );
      expect(error?.message).to.contain('tls.crt');
      rmSync(empty, { recursive: true });
    });
  });

  /** What a client gets that takes either. */
  async function protocolOf(): Promise<unknown> {
    const socket = await openTls(server, { ALPNProtocols: ['http/1.1', 'h2'] });
    const { alpnProtocol } = socket;
    socket.destroy();
    return alpnProtocol;
  }

  it('are TLS 1.2 or newer, and HTTP/2 where the client can (R1.92)', async () => {
    await serve();
    expect(await protocolOf()).to.equal('h2');
    const old = connectTls({
      host: '127.0.0.1',
      port: server.server.port,
      ca: server.authority.certificate,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
    });
    const [error] = (await once(old, 'error')) as [Error];
    expect(error).to.be.instanceOf(Error);
  });

  it('follow the TLS settings, after a new certificate too', async () => {
    const { authority, directory } = await serve({ tls: { minVersion: 'TLSv1.3', http2: true } });
    const protocol = async (): Promise<string | null> => {
      const socket = await openTls(server);
      const name = socket.getProtocol();
      socket.destroy();
      return name;
    };
    const refusesOlder = async (): Promise<void> => {
      const old = connectTls({ host: '127.0.0.1', port: server.server.port, ca: authority.certificate, maxVersion: 'TLSv1.2' });
      await once(old, 'error');
    };
    expect(await protocol()).to.equal('TLSv1.3');
    await refusesOlder();
    writePair(directory, await issueLoopback(authority, 'renewed'));
    await eventually(async () => expect(await servedName(server)).to.equal('renewed'));
    await refusesOlder();
  });

  it('are HTTP/1.1 where HTTP/2 is switched off (R1.91)', async () => {
    await serve({ tls: { ...standardTls, http2: false } });
    expect(await protocolOf()).to.equal('http/1.1');
    expect((await server.post(VALIDATE, review('CREATE', { object: service({}) }))).json.response.allowed).to.equal(true);
  });

  it('use the cipher suites of the settings and no others', async () => {
    await serve({ tls: { ...standardTls, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' } });
    const socket = await openTls(server, { maxVersion: 'TLSv1.2' });
    expect(socket.getCipher().name).to.equal('ECDHE-ECDSA-AES256-GCM-SHA384');
    socket.destroy();
    const other = { host: '127.0.0.1', port: server.server.port, ca: server.authority.certificate, maxVersion: 'TLSv1.2' as const };
    const [error] = (await once(connectTls({ ...other, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' }), 'error')) as [Error];
    expect(error.message).to.contain('handshake failure');
  });

  describe('over HTTP/2', () => {
    let session: ClientHttp2Session;
    const open = async (options: Parameters<typeof serve>[0] = {}): Promise<void> => {
      await serve(options);
      session = connectHttp2(server.url, { ca: server.authority.certificate });
      session.on('error', () => undefined);
      await once(session, 'connect');
    };
    const ask = (): ClientHttp2Stream => {
      const stream = session.request({ ':method': 'POST', ':path': `${VALIDATE}?timeout=10s`, 'content-type': 'application/json' });
      return stream.setEncoding('utf8').on('error', () => undefined);
    };
    const answerOf = async (stream: ClientHttp2Stream): Promise<string> => {
      let text = '';
      for await (const chunk of stream) text += chunk;
      return text;
    };
    afterEach(() => session.destroy());

    it('reviews are answered, many on one connection', async () => {
      await open();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) => {
          const stream = ask();
          stream.end(JSON.stringify(review('CREATE', { object: service({ router: { scheduler: { replicas: i } } }) })));
          return answerOf(stream);
        }),
      );
      expect(answers.map((text) => JSON.parse(text).response.allowed)).to.deep.equal(answers.map((_, i) => i > 0));
    });

    it('a body that does not come to an end is given up', async () => {
      await open({ requestTimeout: 100 });
      const stream = ask();
      stream.write('{"a');
      await once(stream, 'close');
      expect(server.messages).to.contain('request failed');
    });

    it('a client that takes its question back, before or after it is complete, leaves the server as it was', async () => {
      const held = handHeld();
      await open({ handlers: new Map([[VALIDATE, held.handler]]) });
      const half = ask();
      half.write('{"a');
      const whole = ask();
      whole.end(JSON.stringify(review('CREATE', {})));
      await held.asked;
      for (const stream of [half, whole]) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      // What came of the half one cannot be read, at the latest.
      await eventually(() => expect(server.messages.join()).to.match(/request failed|not JSON/));
      held.answer();
      const next = ask();
      next.end(JSON.stringify(review('CREATE', {})));
      expect(JSON.parse(await answerOf(next)).response.allowed).to.equal(true);
    });

    it('a connection that is idle does not hold up the end of the server', async () => {
      await open();
      const closed = once(session, 'close');
      await server.stop();
      await closed;
    });
  });

  it('whose request does not come to an end are closed', async () => {
    await serve({ requestTimeout: 100 });
    const socket = await openTls(server);
    socket.write(`${HEADERS}Content-Length: 1000\r\n\r\n{"a`);
    await closing(socket);
    expect(server.messages).to.contain('request failed');
  });

  it('of slow clients, or of clients that say nothing, hold up nobody', async () => {
    await serve();
    const idle: Socket[] = [];
    for (let i = 0; i < 20; i++) {
      idle.push(await openTcp(server));
      const half = await openTls(server);
      half.write(i % 2 ? 'POST /val' : `${HEADERS}Content-Length: 1000\r\n\r\n{"a`);
      idle.push(half);
    }
    const start = performance.now();
    const { json } = await server.post(VALIDATE, review('CREATE', { object: service({}) }));
    expect(json.response.allowed).to.equal(true);
    expect(performance.now() - start).to.be.lessThan(2000);
    for (const socket of idle) socket.destroy();
  });

  it('of clients that go away in the middle leave the server as it was', async () => {
    const { messages } = await serve();
    const socket = await openTls(server);
    socket.write(`${HEADERS}Content-Length: 1000\r\n\r\n{"a`);
    await eventually(() => {
      socket.destroy();
      expect(messages).to.contain('request failed');
    });
    expect((await server.post(VALIDATE, review('CREATE', { object: service({}) }))).json.response.allowed).to.equal(true);
  });

  it('that speak no TLS or no HTTP are closed', async () => {
    await serve();
    const plain = await openTcp(server);
    plain.write('GET / HTTP/1.1\r\n\r\n');
    await closing(plain);
    const noise = await openTls(server);
    noise.write('\0\0\0\0\r\n\r\n');
    await closing(noise);
    expect((await server.post(VALIDATE, review('CREATE', { object: service({}) }))).json.response.allowed).to.equal(true);
  });

  it('serve hundreds of reviews at once, each with its own answer', async () => {
    await serve();
    const answers = await Promise.all(
      Array.from({ length: 400 }, async (_, i) => {
        const spec = i % 2 ? {} : { router: { scheduler: { replicas: -i } } };
        const { json } = await server.post(VALIDATE, review('CREATE', { object: service(spec) }));
        return { i, ...json.response };
      }),
    );
    for (const { i, allowed, status } of answers) {
      expect(allowed).to.equal(i % 2 === 1);
      if (!allowed) expect(status?.message).to.contain(`Invalid value: ${-i}:`);
    }
  });

  describe('when the server stops', () => {
    it('idle ones are closed at once, half-open ones too', async () => {
      await serve();
      const sockets = [await openTcp(server), await openTls(server), await openTls(server)];
      sockets[2]?.write('POST /val');
      const closed = Promise.all(sockets.map((socket) => closing(socket)));
      const start = performance.now();
      await server.stop();
      await closed;
      expect(performance.now() - start).to.be.lessThan(2000);
    });

    it('running requests are answered first, and nothing new is taken', async () => {
      const held = handHeld();
      await serve({ handlers: new Map([['/held', held.handler]]) });
      const answer = server.post('/held', review('CREATE', {}));
      await held.asked;
      const { port } = server.server;
      const done = server.server.stop();
      const refused = connectTcp(port, '127.0.0.1');
      const [error] = (await once(refused, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).to.equal('ECONNREFUSED');
      held.answer();
      expect((await answer).json.response.allowed).to.equal(true);
      await done;
    });

    it('a request that takes too long is given up', async () => {
      const held = handHeld();
      await serve({ handlers: new Map([['/held', held.handler]]), drainTimeout: 50 });
      const answer = server.post('/held', review('CREATE', {})).catch((error: NodeJS.ErrnoException) => error.code);
      await held.asked;
      await server.server.stop();
      expect(await answer).to.equal('ECONNRESET');
      held.answer();
    });
  });

  it('cannot be had on a port that is taken', async () => {
    const { directory } = await serve();
    const second = startWebhookServer({
      host: '127.0.0.1',
      port: server.server.port,
      certificateDirectory: directory,
      handlers: new Map(),
      log: memoryLog([]),
    });
    const error = await second.then(
      () => undefined,
      (thrown: NodeJS.ErrnoException) => thrown,
    );
    expect(error?.code).to.equal('EADDRINUSE');
  });
});
