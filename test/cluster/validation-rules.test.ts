import { mkdtemp } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { defaultOptions } from '../../api/options.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { type Access, loadAccess } from '../../controllers/runtime/access.ts';
import { type Client, createClient, pathOf } from '../../controllers/runtime/client.ts';
import { createHandlers } from '../../webhook/handlers.ts';
import { startWebhookServer, type WebhookServer } from '../../webhook/server.ts';
import { eventually } from '../support/eventually.ts';
import { NAME, type RefusedService, refusedServices } from '../support/refused-services.ts';
import { chooseWebhookAddress, HOST } from '../support/webhook-address.ts';
import { memoryLog, settingsWith, sourcesWith, writePair } from '../support/webhook-client.ts';
import { inVersion, refusalOf, type Version } from '../support/webhook-site.ts';

const CAUSES: Readonly<Record<string, string>> = {
  Invalid: 'FieldValueInvalid',
  Required: 'FieldValueRequired',
  Forbidden: 'FieldValueForbidden',
};
const MODEL = { uri: 'hf://Qwen/Qwen2.5-7B-Instruct' };

/**
 * Every rule of admission through a real API server. Its CRDs are the minimal ones: they leave v1alpha1 open, so that the rules are reached
 * that the full schema forestalls. On a control plane of its own, because the CRDs are others.
 */
describe('the rules of admission, through an API server', function () {
  this.timeout(120_000);
  let controlPlane: ControlPlane;
  let server: WebhookServer;
  let access: Access;
  let client: Client;

  before(async () => {
    const { port, certificate, manifests } = await chooseWebhookAddress({ minimal: true });
    controlPlane = await startControlPlane({ definitions: manifests.definitions });
    const certificateDirectory = await mkdtemp(join(controlPlane.directory, 'webhooks-'));
    writePair(certificateDirectory, certificate);
    const handlers = createHandlers(sourcesWith({ options: defaultOptions, settings: async () => settingsWith() }));
    server = await startWebhookServer({ host: HOST, port, certificateDirectory, handlers, log: memoryLog([]) });
    for (const configuration of manifests.webhooks) await controlPlane.admin.apply(configuration);
    access = await loadAccess({ kubeconfig: controlPlane.adminKubeconfig.path, environment: {} });
    client = createClient(access, { version: 'test' });
    // The API server takes a moment to learn who its webhooks are, each by itself.
    for (const version of ['v1alpha1', 'v1alpha2'] as const) {
      await eventually(async () => {
        const { message } = await refusalOf(create({ router: { scheduler: { replicas: 0 } } }, {}, version));
        expect(message).to.contain(`${version}.validator" denied`);
      });
    }
  });
  after(async () => {
    await client?.close();
    await server?.stop();
    await controlPlane?.stop();
  });

  const service = (spec: object, annotations: object, version: Version) => ({
    apiVersion: `serving.kserve.io/${version}`,
    kind: kinds.service.kind,
    metadata: { name: NAME, namespace: 'default', annotations },
    spec: { model: MODEL, ...spec },
  });
  const create = (spec: object, annotations: object, version: Version): Promise<unknown> =>
    client.create(service(spec, annotations, version) as never, { kind: inVersion(kinds.service, version), dryRun: true });

  async function refuses({ spec, annotations = {}, field, type, detail }: RefusedService, version: Version): Promise<void> {
    const error = await refusalOf(create(spec, annotations, version));
    const webhook = `llminferenceservice.kserve-webhook-server.${version}.validator`;
    expect(error.message.startsWith(`admission webhook "${webhook}" denied the request: `), error.message).to.equal(true);
    expect([error.code, error.reason]).to.deep.equal([422, 'Invalid']);
    expect(error.causes.map((cause) => [cause.field, cause.reason])).to.deep.equal([[field, CAUSES[type]]]);
    expect(error.causes[0]?.message?.endsWith(`: ${detail}`) || error.causes[0]?.message === detail, error.causes[0]?.message).to.equal(true);
  }

  for (const refused of refusedServices) {
    const versions = refused.versions.filter((version) => version === 'v1alpha1' || !refused.schemaFirst);
    it(`${refused.rule} (${versions.join(', ')})`, async () => {
      for (const version of versions) await refuses(refused, version);
    });
  }

  it('V49 and what else there is are told together, in one list (R1.61)', async () => {
    const error = await refusalOf(create({ worker: {}, router: { scheduler: { replicas: 0 } }, rolloutStrategy: { maxSurge: -1 } }, {}, 'v1alpha2'));
    expect(error.causes.map(({ field }) => field)).to.deep.equal(['spec.worker', 'spec.router.scheduler.replicas', 'spec.rolloutStrategy.maxSurge']);
    expect(error.message).to.match(/is invalid: \[spec\.worker: .*, spec\.router.*\]$/);
  });

  /** The warnings of a creation, without the product that says them. */
  function warningsOf(spec: object, version: Version): Promise<string[]> {
    return new Promise((resolve, reject) => {
      void access.credentials().then(({ headers, tls }) => {
        const path = `${pathOf(inVersion(kinds.service, version), 'default')}?dryRun=All`;
        const ask = request(`${access.server}${path}`, { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, ...tls });
        ask.on('error', reject);
        ask.on('response', (response) => {
          response.resume();
          const texts = [response.headers.warning ?? []].flat().flatMap((line) => [...line.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)]);
          expect(response.statusCode).to.equal(201);
          resolve(texts.map(([, text = '']) => text));
        });
        ask.end(JSON.stringify(service(spec, {}, version)));
      }, reject);
    });
  }

  const http = { spec: { parentRefs: [{ name: 'g', namespace: 'a' }], rules: [{ backendRefs: [{ name: 'b', port: 1 }] }] } };
  const warned: [string, object, string][] = [
    [
      'W1',
      { router: { gateway: { refs: [{ name: 'g', namespace: 'a' }] }, route: { http } } },
      'spec.router.route.http.spec.parentRefs can be omitted when spec.router.gateway.refs is set; parentRefs will be derived automatically from gateway refs',
    ],
    [
      'W2',
      { model: { uri: 'oci://a/b', confidential: { enabled: true } } },
      'confidential has no effect with OCI URIs; OCI image decryption is handled by the container runtime via runtimeClassName',
    ],
    [
      'W3',
      { model: { uri: 'pvc://a/b', confidential: { enabled: true } } },
      'confidential has no effect with PVC URIs; the storage-initializer is not injected for PVC volumes',
    ],
  ];
  for (const [rule, spec, text] of warned) {
    it(`${rule} warns, and the service is taken`, async () => expect(await warningsOf(spec, 'v1alpha2')).to.deep.equal([text]));
  }

  it('v1alpha1 never warns (R1.62)', async () => {
    expect(await warningsOf({ model: { uri: 'oci://a/b', confidential: { enabled: true } } }, 'v1alpha1')).to.deep.equal([]);
  });
});
