import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { WEBHOOK_SECRET } from '../../api/webhooks.ts';
import { installation } from '../../cli/installation.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { foreignDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { accessOf, loadKubeConfig } from '../../controllers/runtime/access.ts';
import { type Client, createClient } from '../../controllers/runtime/client.ts';
import { createLog } from '../../controllers/runtime/log.ts';
import { openCertificate, webhookNames } from '../../webhook/certificate-mode.ts';
import type { CertificateSource } from '../../webhook/certificate-source.ts';
import {
  beginCertificates,
  bundleOf,
  certificatesIn,
  type Lifetimes,
  renewCertificate,
  standardLifetimes,
} from '../../webhook/self-signed/certificates.ts';
import { secretWith } from '../../webhook/self-signed/secret.ts';
import { ForeignSecretError, openSelfSignedCertificate } from '../../webhook/self-signed/source.ts';
import { targets, trustPatch } from '../../webhook/self-signed/trust.ts';
import { eventually } from '../support/eventually.ts';
import { installInto, prepareSite, type RunningOperator, type Site, startOperator } from '../support/operator.ts';
import { until } from '../support/runtime.ts';
import { chooseWebhookAddress, HOST } from '../support/webhook-address.ts';

/** The API server takes seconds to check a CRD, and more when others want the processor. */
const PATIENCE_MS = 90_000;
const log = createLog({ level: 'silent' });
const SELF_SIGNED = { webhookCertMode: 'self-signed', webhookCertNames: [HOST] } as const;
const IMPATIENT: Lifetimes = { ...standardLifetimes, settleMs: 5000, overlapMs: 5000 };

interface ClientConfig {
  caBundle?: string;
}
interface Configuration extends KubeObject {
  webhooks?: { clientConfig: ClientConfig }[];
  spec?: { conversion?: { webhook?: { clientConfig?: ClientConfig } } };
}

describe('a webhook certificate of the operator’s own', function () {
  this.timeout(180_000);
  let controlPlane: ControlPlane;
  let client: Client;
  let site: Site;
  let operator: RunningOperator | undefined;
  let sources: readonly CertificateSource[] = [];

  before(async () => {
    const address = await chooseWebhookAddress();
    // No CA and no files: all of it is up to the operator.
    const manifests = installation({ via: 'url', url: `https://${HOST}:${address.port}` });
    controlPlane = await startControlPlane({ definitions: [...(await readManifests(foreignDefinitions)), ...manifests.definitions] });
    client = createClient(accessOf(await loadKubeConfig(controlPlane.adminKubeconfig.path)), { version: 'test' });
    site = { ...(await prepareSite(controlPlane, { ...address, manifests })), certificateDirectory: '/does/not/exist' };
    await installInto(site);
  });
  afterEach(async () => {
    await Promise.all([operator?.stop(), ...sources.map((source) => source.stop())]);
    operator = undefined;
    sources = [];
  });
  after(async () => {
    await client?.close();
    await controlPlane?.stop();
  });

  const namespace = (): string => site.options.systemNamespace;
  const start = async (lifetimes?: Lifetimes): Promise<void> => {
    operator = await startOperator(site, SELF_SIGNED, lifetimes ? { run: { certificateLifetimes: lifetimes } } : {});
  };
  const secret = async (): Promise<Record<string, string>> => {
    const found = await client.get(kinds.secret, namespace(), WEBHOOK_SECRET);
    const data = (found?.data ?? {}) as Record<string, string>;
    return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, 'base64').toString()]));
  };
  const bundlesOf = ({ webhooks, spec }: Configuration): (string | undefined)[] =>
    webhooks ? webhooks.map(({ clientConfig }) => clientConfig.caBundle) : [spec?.conversion?.webhook?.clientConfig?.caBundle];
  /** The small objects first: asking for CRDs again and again keeps everybody busy. */
  const untilTrusted = (): Promise<void> =>
    eventually(async () => {
      const bundle = (await secret())['ca.crt'] ?? '';
      for (const { kind, name } of targets) {
        const object = await client.get<Configuration>(kind, undefined, name);
        for (const caBundle of bundlesOf(object as Configuration)) {
          expect(Buffer.from(caBundle ?? '', 'base64').toString(), name).to.equal(bundle);
        }
      }
    }, PATIENCE_MS);

  const alpha: Kind = { ...kinds.service, apiVersion: 'serving.kserve.io/v1alpha1' };
  const service = (kind: Kind, spec: object): KubeObject => ({
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    metadata: { name: 'qwen', namespace: 'default' },
    spec,
  });
  /** Goes through conversion, defaulting and validation. */
  const write = (): Promise<KubeObject> => client.create(service(alpha, { model: { uri: 'hf://org/model' } }), { kind: alpha, dryRun: true });
  const untilAdmitted = (): Promise<void> =>
    until('writes are admitted', () =>
      write().then(
        () => true,
        () => false,
      ),
    );

  const selfSigned = (more: Partial<Parameters<typeof openSelfSignedCertificate>[0]> = {}) => ({
    client,
    namespace: namespace(),
    names: webhookNames({ namespace: namespace(), clusterDomain: 'cluster.local', further: [HOST] }),
    log,
    ...more,
  });

  it('is one certificate, however many replicas make it at once', async () => {
    sources = await Promise.all([1, 2, 3, 4].map(() => openSelfSignedCertificate(selfSigned())));
    const { 'tls.crt': certificate, 'tls.key': key } = await secret();
    for (const source of sources) expect(source.current()).to.deep.equal({ cert: certificate, key });
    await untilTrusted();
  });

  it('serves admission and conversion with the rights of the chart, and is kept by the next operator', async () => {
    const before = await secret();
    await start();
    await untilAdmitted();
    expect(await secret()).to.deep.equal(before);
    const defaulted = await write();
    expect(defaulted).to.have.nested.property('spec.model.name', 'qwen');
    const refused = await client.create(service(kinds.service, { model: { uri: 'hf://a/b' }, replicas: -1 }), { dryRun: true }).then(
      () => expect.fail('it was accepted'),
      (error: Error) => error.message,
    );
    expect(refused).to.match(/replicas/);
  });

  it('stays trusted, whatever somebody writes into the configurations', async () => {
    await start();
    await untilTrusted();
    const foreign = Buffer.from((await secret())['tls.crt'] ?? '').toString('base64');
    for (const { kind, name } of targets) {
      const object = await client.get<Configuration>(kind, undefined, name);
      const body = object?.webhooks
        ? { webhooks: object.webhooks.map((hook) => ({ ...hook, clientConfig: { ...hook.clientConfig, caBundle: foreign } })) }
        : { spec: { conversion: { webhook: { clientConfig: { caBundle: foreign } } } } };
      await client.patch(kind, undefined, name, body);
    }
    await untilTrusted();
    await untilAdmitted();
  });

  it('comes back as it was when its Secret is deleted or damaged', async () => {
    await start();
    await untilTrusted();
    const before = await secret();
    await client.delete(kinds.secret, namespace(), WEBHOOK_SECRET);
    await until('the Secret is back', async () => (await secret())['tls.crt'] === before['tls.crt']);
    await client.patch(kinds.secret, namespace(), WEBHOOK_SECRET, { data: { 'tls.crt': 'bm8=', 'ca.crt': null } });
    await until('the Secret is mended', async () => (await secret())['tls.crt'] === before['tls.crt']);
    expect(await secret()).to.deep.equal(before);
    await untilAdmitted();
  });

  it('is never made of somebody else’s Secret', async () => {
    const name = 'foreign-certificate';
    await client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const data = { 'tls.crt': 'YQ==', 'tls.key': 'YQ==' };
    await client.create({
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: { name: WEBHOOK_SECRET, namespace: name },
      data,
    });
    const failure = (opening: Promise<unknown>): Promise<Error> =>
      opening.then(
        () => expect.fail('it was opened'),
        (error: Error) => error,
      );
    expect(await failure(openCertificate('self-signed', '/nowhere', selfSigned({ namespace: name })))).to.be.instanceOf(ForeignSecretError);
    expect((await failure(openCertificate('auto', '/nowhere', selfSigned({ namespace: name })))).message).to.match(
      /^the webhooks have no certificate: \/nowhere\/tls\.crt does not exist, and none can be issued: Secret foreign-certificate\/llmisvc-webhook-server-cert was not made/,
    );
    expect((await client.get(kinds.secret, name, WEBHOOK_SECRET))?.data).to.deep.equal(data);
  });

  it('and its authority are replaced without a single write that fails', async () => {
    // Both are due, and valid for long. They are trusted before the operator starts, so that it has to serve from its first moment on.
    const due = (lifetime: number): number => Date.now() - (2 / 3) * lifetime - 1000;
    const { names } = selfSigned();
    const begun = await beginCertificates(names, due(IMPATIENT.authorityMs), IMPATIENT);
    const certificates = await renewCertificate(begun, names, due(IMPATIENT.certificateMs), IMPATIENT);
    const existing = await client.get(kinds.secret, namespace(), WEBHOOK_SECRET);
    const replacement = secretWith(certificates, namespace(), existing);
    await (existing ? client.update(replacement) : client.create(replacement));
    for (const { kind, name } of targets) {
      const object = (await client.get<Configuration>(kind, undefined, name)) as Configuration;
      await client.patch(kind, undefined, name, trustPatch(object, bundleOf(certificates)));
    }
    await start(IMPATIENT);
    const served = new Set<string>();
    const failures: string[] = [];
    let writes = 0;
    let ended = false;
    const writing = (async () => {
      while (!ended) {
        await write().then(
          () => writes++,
          (error: Error) => failures.push(error.message),
        );
        served.add(await handshake((await secret())['ca.crt'] ?? ''));
      }
    })();
    await eventually(async () => {
      const authorities = certificatesIn((await secret())['ca.crt'] ?? '');
      expect(authorities).to.have.length(1);
      expect(authorities).to.not.deep.equal(certificates.authorities);
    }, PATIENCE_MS);
    await untilTrusted();
    ended = true;
    await writing;
    expect(failures).to.deep.equal([]);
    expect(writes).to.be.greaterThan(50);
    const { 'tls.crt': certificate = '', 'ca.crt': authority = '' } = await secret();
    expect(await handshake(authority)).to.equal(new X509Certificate(certificate).fingerprint256);
    expect(served.size, 'certificates served').to.be.at.least(2);
  });

  /** Connects as the API server does, and resolves to the certificate that is served. Fails when the bundle does not verify it. */
  function handshake(ca: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host: HOST, port: site.webhooks.port, ca }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      });
      socket.once('error', reject);
    });
  }
});
