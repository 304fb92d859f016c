import { expect } from 'chai';
import fc from 'fast-check';
import { admissionWebhooks } from '../../../api/webhooks.ts';
import { review, serveWebhooks, settingsWith, type TestServer } from '../../support/webhook-client.ts';

const RUNS = { numRuns: 60 };
const paths = admissionWebhooks.map(({ path }) => path);

/** Values that look right from afar: the fields of a spec, each with anything in it. */
const anything = fc.jsonValue({ maxDepth: 3 });
const nearly = (names: readonly string[], value: fc.Arbitrary<unknown> = anything): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
const parallelism = nearly(['tensor', 'pipeline', 'data', 'dataLocal'], fc.oneof(fc.integer(), anything));
const workload = nearly(
  ['replicas', 'template', 'worker', 'kvCacheOffloading', 'rolloutStrategy', 'labels'],
  fc.oneof(anything, nearly(['cpu', 'secondary', 'containers', 'maxSurge'])),
);
const spec = fc
  .tuple(
    workload,
    fc.record(
      {
        model: fc.oneof(
          anything,
          nearly(['uri', 'name', 'confidential', 'criticality', 'lora'], fc.oneof(anything, nearly(['adapters', 'maxRank']))),
        ),
        parallelism: fc.oneof(anything, parallelism),
        prefill: fc.oneof(anything, workload),
        scaling: fc.oneof(
          anything,
          nearly(['minReplicas', 'maxReplicas', 'wva', 'keda'], fc.oneof(anything, nearly(['hpa', 'keda', 'advanced', 'triggers']))),
        ),
        router: fc.oneof(
          anything,
          fc.record({
            route: fc.oneof(anything, nearly(['http', 'group', 'weight'], fc.oneof(anything, nearly(['refs', 'spec'])))),
            gateway: fc.oneof(anything, nearly(['refs'])),
            scheduler: fc.oneof(anything, nearly(['pool', 'config', 'replicas', 'template'], fc.oneof(anything, nearly(['spec', 'ref', 'inline'])))),
          }),
        ),
        baseRefs: anything,
      },
      { requiredKeys: [] },
    ),
  )
  .map(([own, others]) => ({ ...own, ...others }));
const metadata = fc.oneof(
  anything,
  fc.record({ name: fc.oneof(fc.constant('svc'), anything), labels: anything, annotations: anything }, { requiredKeys: [] }),
);
const object = fc.oneof(anything, fc.record({ metadata, spec: fc.oneof(anything, spec), status: anything }, { requiredKeys: [] }));

describe('whatever is sent to the webhooks', () => {
  let server: TestServer;
  before(async () => {
    server = await serveWebhooks({ sources: { settings: async () => settingsWith({ localModel: '{"enabled":true}' }) } });
  });
  after(() => server.stop());

  /** An answer that can be read, and not one about a mistake of ours. */
  async function expectAnswer(path: string, body: string | object): Promise<void> {
    const { status, json } = await server.post(path, body);
    expect(status).to.equal(200);
    expect(json.response.allowed).to.be.a('boolean');
    expect(json.response.status?.message ?? '').not.to.contain('panic');
  }

  for (const path of paths) {
    it(`${path} answers bytes`, () =>
      fc.assert(
        fc.asyncProperty(fc.string({ unit: 'binary' }), (body) => expectAnswer(path, body)),
        RUNS,
      ));
    it(`${path} answers JSON`, () =>
      fc.assert(
        fc.asyncProperty(anything, (body) => expectAnswer(path, JSON.stringify(body))),
        RUNS,
      ));
    it(`${path} answers a review of any object`, () =>
      fc.assert(
        fc.asyncProperty(fc.constantFrom('CREATE', 'UPDATE', 'DELETE', 'CONNECT'), object, object, (operation, current, old) =>
          expectAnswer(path, review(operation, { object: current, oldObject: old, name: 'svc' })),
        ),
        { numRuns: 200 },
      ));
    it(`${path} answers a review with anything in it`, () =>
      fc.assert(
        fc.asyncProperty(nearly(['uid', 'operation', 'name', 'namespace', 'object', 'oldObject', 'dryRun']), (request) =>
          expectAnswer(path, { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }),
        ),
        RUNS,
      ));
  }

  it('/convert answers', async () => {
    const version = fc.constantFrom('serving.kserve.io/v1alpha1', 'serving.kserve.io/v1alpha2', 'v1');
    const kind = fc.constantFrom('LLMInferenceService', 'LLMInferenceServiceConfig', 'Pod');
    const convertible = fc.record(
      { apiVersion: version, kind, metadata, spec: fc.oneof(anything, spec), status: anything },
      { requiredKeys: ['apiVersion', 'kind'] },
    );
    const request = fc.record({
      uid: anything,
      desiredAPIVersion: fc.oneof(version, anything),
      objects: fc.oneof(anything, fc.array(fc.oneof(convertible, anything))),
    });
    await fc.assert(
      fc.asyncProperty(fc.oneof(anything, fc.record({ request })), async (body) => {
        const { status, text } = await server.post('/convert', JSON.stringify(body));
        expect(status).to.be.oneOf([200, 400]);
        if (status === 200) expect(JSON.parse(text).response.result.status).to.be.oneOf(['Success', 'Failure']);
      }),
      { numRuns: 300 },
    );
  });

  it('any service and config can be converted, whatever its fields hold', () =>
    fc.assert(
      fc.asyncProperty(fc.boolean(), metadata, fc.oneof(anything, spec), anything, async (toHub, meta, content, status) => {
        const [from, to] = ['serving.kserve.io/v1alpha1', 'serving.kserve.io/v1alpha2'].slice(toHub ? 0 : -2);
        const objects = [{ apiVersion: toHub ? from : to, kind: 'LLMInferenceService', metadata: meta, spec: content, status }];
        const { json } = await server.post('/convert', { request: { uid: 'u', desiredAPIVersion: toHub ? to : from, objects } });
        expect(json.response.result?.status).to.equal('Success');
      }),
      { numRuns: 300 },
    ));
});
