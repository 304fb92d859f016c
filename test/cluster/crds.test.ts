import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { checkStructure, withDefaults } from '../../api/structure.ts';
import { type ControlPlane, startControlPlane } from '../../control-plane/control-plane.ts';
import { installDefinitions, readManifests } from '../../control-plane/custom-resources.ts';
import { loadAccess } from '../../controllers/runtime/access.ts';
import { ApiError, type StatusCause } from '../../controllers/runtime/api-error.ts';
import { type Client, createClient } from '../../controllers/runtime/client.ts';
import { eventually } from '../support/eventually.ts';
import { acceptedSpecs, refusedSpecs } from '../support/structure-cases.ts';

const ROOT = join(import.meta.dirname, '../..');
const SKIPPED = 'some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

type Version = 'v1alpha1' | 'v1alpha2';
const object = (kind: string, spec: unknown, version: Version = 'v1alpha2'): KubeObject => ({
  apiVersion: `serving.kserve.io/${version}`,
  kind,
  metadata: { name: 'qwen', namespace: 'default' },
  ...(spec === undefined ? {} : { spec }),
});
const service = (spec: unknown, version?: Version): KubeObject => object('LLMInferenceService', spec, version);
const config = (spec: unknown, version?: Version): KubeObject => object('LLMInferenceServiceConfig', spec, version);

describe('the CRDs in a real API server', function () {
  this.timeout(120_000);
  let controlPlane: ControlPlane;
  let client: Client;

  before(async () => {
    controlPlane = await startControlPlane({ definitions: await readManifests(join(ROOT, 'config/crd/full/llmisvc')) });
    const access = await loadAccess({ kubeconfig: controlPlane.adminKubeconfig.path, environment: {} });
    client = createClient(access, { version: 'test' });
  });

  after(async () => {
    await client?.close();
    await controlPlane?.stop();
  });

  /** What the server would store, strictly decoded. */
  function create(manifest: KubeObject): Promise<KubeObject> {
    const plural = manifest.kind === 'LLMInferenceService' ? 'llminferenceservices' : 'llminferenceserviceconfigs';
    return client.request({
      method: 'POST',
      path: `/apis/${manifest.apiVersion}/namespaces/default/${plural}`,
      query: { dryRun: 'All', fieldValidation: 'Strict' },
      body: manifest,
    });
  }

  async function refusal(manifest: KubeObject): Promise<ApiError> {
    try {
      await create(manifest);
    } catch (error) {
      if (error instanceof ApiError) return error;
      throw error;
    }
    throw new Error('the server accepted it');
  }

  const causesOf = async (manifest: KubeObject): Promise<readonly StatusCause[]> => (await refusal(manifest)).causes;
  const isAboutSkippedRules = ({ field }: StatusCause): boolean => field === '<nil>';

  for (const [title, spec] of acceptedSpecs) {
    it(`accept ${title}, and store it with the defaults the offline checker knows`, async () => {
      const stored = await create(service(spec));
      expect(stored.spec).to.deep.equal(withDefaults(service(spec)).spec);
    });
  }

  for (const [title, spec, errors] of refusedSpecs) {
    it(`refuse ${title}`, async () => {
      const causes = (await causesOf(service(spec))).filter((cause) => !isAboutSkippedRules(cause));
      expect(causes.map(({ field, message }) => `${field}: ${message}`).sort()).to.deep.equal([errors].flat().sort());
    });
  }

  it('refuse the same in v1alpha1, except for what it does not have', async () => {
    for (const [title, spec] of refusedSpecs) {
      const manifest = service(spec, 'v1alpha1');
      const offline = checkStructure(manifest);
      const { code, causes } = await refusal(manifest);
      if (offline.some(({ type }) => type === 'Forbidden')) expect(code, title).to.equal(400);
      else
        expect(
          causes
            .filter((cause) => !isAboutSkippedRules(cause))
            .map(({ field }) => field)
            .sort(),
          title,
        ).to.deep.equal(offline.map(({ field }) => field).sort());
    }
  });

  it('name an unknown field (R1.8)', async () => {
    const { code, message } = await refusal(service({ model: { uri: 'hf://a/b', quantisation: 'int4' } }));
    expect(code).to.equal(400);
    expect(message).to.include('strict decoding error: unknown field "spec.model.quantisation"');
  });

  it('evaluate no rule when a field is missing, of a wrong type, not in its enum or too long (R1.8)', async () => {
    const both = { replicas: 1, scaling: { maxReplicas: 2, wva: { hpa: {} } } };
    const blocking: Record<string, unknown> = {
      'spec.model.uri': { model: {} },
      'spec.labels': { labels: [] },
      'spec.kvCacheOffloading.evictionPolicy': { kvCacheOffloading: { cpu: '1Gi', evictionPolicy: 'fifo' } },
      'spec.router.route.group': { router: { route: { group: 'a'.repeat(64) } } },
    };
    for (const [field, spec] of Object.entries(blocking)) {
      const causes = await causesOf(service({ ...both, ...(spec as object) }));
      expect(
        causes.map((cause) => cause.field),
        field,
      ).to.have.members([field, '<nil>']);
      expect(causes.find(isAboutSkippedRules)?.message).to.include(SKIPPED);
    }
    expect((await causesOf(service({ ...both, parallelism: { tensor: 0 } }))).map(({ field }) => field)).to.have.members([
      'spec',
      'spec.parallelism.tensor',
    ]);
  });

  it('know criticality and the older pool in v1alpha1 only (R1 §2.9)', async () => {
    const pool = { selector: { app: 'x' }, targetPortNumber: 8000, extensionRef: { name: 'a', failureMode: 'FailOpen' } };
    await create(service({ model: { uri: 'a', criticality: 'Critical' }, router: { scheduler: { pool: { spec: pool } } } }, 'v1alpha1'));
    expect((await causesOf(service({ model: { uri: 'a', criticality: 'Urgent' } }, 'v1alpha1'))).map(({ field }) => field)).to.have.members([
      'spec.model.criticality',
      '<nil>',
    ]);
    expect((await refusal(service({ model: { uri: 'a', criticality: 'Critical' } }))).code).to.equal(400);
    expect((await refusal(service({ kvCacheOffloading: { cpu: '1Gi' } }, 'v1alpha1'))).message).to.include('unknown field "spec.kvCacheOffloading"');
  });

  it('let a config hold templates (R1.13, R1.15)', async () => {
    const name = '{{ .GlobalConfig.ModelBasedRoutingHeaderName }}';
    const filters = [{ type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name, value: 'x' }] } }];
    const spec = { router: { route: { http: { spec: { rules: [{ filters }] } } } } };
    for (const version of ['v1alpha1', 'v1alpha2'] as const) await create(config(spec, version));
    const [cause] = await causesOf(service(spec));
    expect(cause?.field).to.equal('spec.router.route.http.spec.rules[0].filters[0].requestHeaderModifier.set[0].name');
  });

  it('take every preset (R1.15)', async () => {
    const directory = join(ROOT, 'config/llmisvcconfig');
    const presets = await readManifests(directory);
    expect(presets).to.have.lengthOf(readdirSync(directory).filter((file) => file.startsWith('config-')).length);
    for (const preset of presets) {
      const stored = await create({ ...preset, metadata: { ...preset.metadata, namespace: 'default' } });
      expect(stored.spec, preset.metadata.name).to.deep.equal(withDefaults(preset).spec);
      expect(checkStructure(preset), preset.metadata.name).to.deep.equal([]);
    }
  });

  it('take the status the controller writes, and refuse another (R1 §5)', async () => {
    const origin = { group: '', kind: 'Service', name: 'qwen' };
    const status = {
      url: 'https://a.example.com',
      observedGeneration: 1,
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }],
      addresses: [{ url: 'https://a.example.com', CACerts: 'x', origin, models: [{ name: 'qwen' }] }],
      router: { group: { name: 'g', members: [{ name: 'qwen', weight: 1, backendRef: { name: 'qwen', port: 8000 } }] } },
      workloads: { primary: { apiGroup: 'apps', kind: 'Deployment', name: 'qwen', readyReplicas: 1 }, service: { kind: 'Service', name: 'qwen' } },
      appliedConfigs: [{ name: 'a', namespace: 'b', source: 'Preset' }],
    };
    const observed = service({});
    await client.create({ ...observed, metadata: { ...observed.metadata, name: 'observed' } });
    const write = (body: unknown): Promise<KubeObject> =>
      client.patch(kinds.service, 'default', 'observed', { status: body }, { subresource: 'status' });
    const stored = (await write(status)) as { status?: { addresses?: unknown } };
    expect(stored.status?.addresses).to.deep.equal(status.addresses);
    for (const wrong of [
      { appliedConfigs: [{ name: 'a', namespace: 'b', source: 'Other' }] },
      { router: { group: { name: 'g', members: [{ name: 'a', weight: 1, backendRef: { name: 'a' } }] } } },
    ]) {
      expect(
        await write(wrong).then(
          () => 200,
          (error: ApiError) => error.code,
        ),
      ).to.equal(422);
    }
  });

  it('show the columns clients know (R1.1)', async () => {
    const list = (plural: string): string => `/apis/serving.kserve.io/v1alpha2/${plural}`;
    const table = (plural: string): Promise<{ columnDefinitions: { name: string }[] }> =>
      client.request({ method: 'GET', path: list(plural), accept: 'application/json;as=Table;g=meta.k8s.io;v=v1' });
    const names = async (plural: string): Promise<string[]> => (await table(plural)).columnDefinitions.map(({ name }) => name);
    expect(await names('llminferenceservices')).to.deep.equal(['Name', 'URL', 'Ready', 'Reason', 'Age', 'URLs']);
    expect(await names('llminferenceserviceconfigs')).to.deep.equal(['Name', 'Ready', 'Reason', 'Age', 'InUse']);
  });

  it('explain themselves', function () {
    if (spawnSync('kubectl', ['version', '--client']).status !== 0) this.skip();
    const explain = (field: string): string =>
      spawnSync('kubectl', ['--kubeconfig', controlPlane.adminKubeconfig.path, 'explain', field], { encoding: 'utf8' }).stdout;
    expect(explain('llmisvc.spec.router')).to.include('The endpoint picker, which chooses a replica for each request.');
    expect(explain('llmisvcconfig.spec.scaling.wva')).to.include('Cost of one replica');
  });

  it('also come in a minimal form, which takes anything in v1alpha1 (R1.16)', async () => {
    await installDefinitions(controlPlane.admin, await readManifests(join(ROOT, 'config/crd/minimal/llmisvc')));
    const anything = service({ anything: { at: ['all'] } }, 'v1alpha1');
    // The API server takes a moment to serve a changed CRD, and says nothing when it does.
    await eventually(() => create(anything), 30_000);
    expect((await causesOf(service({ replicas: -1 }))).map(({ field }) => field)).to.deep.equal(['spec.replicas']);
  });
});
