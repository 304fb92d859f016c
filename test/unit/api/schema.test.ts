import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { crdSchema, customResourceDefinition, type ServingKind, type Version, versions } from '../../../api/schema/index.ts';
import { admissionWebhooks } from '../../../api/webhooks.ts';

interface Schema {
  description?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  required?: string[];
  default?: unknown;
  enum?: string[];
  [keyword: string]: unknown;
}
interface CrdVersion {
  name: string;
  served: boolean;
  storage: boolean;
  subresources: unknown;
  additionalPrinterColumns: { name: string }[];
  schema: { openAPIV3Schema: Schema };
}
interface CrdSpec {
  scope: string;
  versions: [CrdVersion, CrdVersion];
}
interface WebhookConfiguration {
  kind: string;
  metadata: { name: string };
  webhooks: { name: string; matchPolicy?: string }[];
}
const KINDS: ServingKind[] = ['LLMInferenceService', 'LLMInferenceServiceConfig'];
const CEL = 'x-kubernetes-validations';

const schemas = Object.fromEntries(
  KINDS.flatMap((kind) => versions.map((version): [string, Schema] => [`${kind} ${version}`, crdSchema(kind, version)])),
);
const schema = (kind: ServingKind, version: Version): Schema => schemas[`${kind} ${version}`]!;
const crdSpec = (kind: ServingKind, form: { minimal: boolean }): CrdSpec => customResourceDefinition(kind, form).spec as CrdSpec;
const bare = ({ description: _, ...rest }: Schema): Schema => rest;

/** The schema at a path of properties; `[]` steps into list items. */
function at(root: Schema, path: string): Schema {
  return path.split('.').reduce<Schema>((node, step) => {
    const next = step === '[]' ? node.items : node.properties?.[step];
    if (next === undefined) throw new Error(`no ${path}`);
    return next;
  }, root);
}

function* walk(node: unknown, path = ''): Generator<[string, Record<string, unknown>]> {
  if (typeof node !== 'object' || node === null) return;
  yield [path, node as Record<string, unknown>];
  for (const [key, child] of Object.entries(node)) yield* walk(child, `${path}/${key}`);
}

const TEMPLATES = ['spec.template', 'spec.worker', 'spec.prefill.template', 'spec.prefill.worker', 'spec.router.scheduler.template'];

describe('the CRDs', () => {
  for (const name of KINDS) {
    it(`describe ${name} as clients know it (R1.1, R1.2)`, () => {
      const spec = crdSpec(name, { minimal: false });
      expect(spec).to.not.have.property('conversion');
      expect(spec.scope).to.equal('Namespaced');
      expect(spec.versions.map((v) => [v.name, v.served, v.storage])).to.deep.equal([
        ['v1alpha1', true, false],
        ['v1alpha2', true, true],
      ]);
      const columns = spec.versions[1].additionalPrinterColumns.map((column) => column.name);
      expect(columns).to.deep.equal(name === 'LLMInferenceService' ? ['URL', 'Ready', 'Reason', 'Age', 'URLs'] : ['Ready', 'Reason', 'Age', 'InUse']);
      for (const version of spec.versions) expect(version.subresources).to.deep.equal({ status: {} });
    });

    it(`stay far below the largest object etcd takes (${name})`, () => {
      expect(JSON.stringify(customResourceDefinition(name, { minimal: false })).length).to.be.below(1_000_000);
    });

    it(`leave v1alpha1 open in the minimal form (R1.16, ${name})`, () => {
      const spec = crdSpec(name, { minimal: true });
      const anything = { type: 'object', 'x-kubernetes-map-type': 'atomic', 'x-kubernetes-preserve-unknown-fields': true };
      const [alpha1, alpha2] = spec.versions;
      expect(alpha1.schema.openAPIV3Schema.properties).to.deep.include({ spec: anything, status: anything });
      expect(alpha2.schema.openAPIV3Schema).to.deep.equal(crdSchema(name, 'v1alpha2'));
    });
  }

  it('require neither spec nor status (R1.3)', () => {
    for (const kind of KINDS) for (const version of versions) expect(schema(kind, version)).to.not.have.property('required');
  });

  it('embed one and the same pod spec, without required (R1.10 - R1.12, B7)', () => {
    const pods = [...TEMPLATES, 'spec.router.scheduler.tokenizer.template'].map((path) => at(schema('LLMInferenceService', 'v1alpha2'), path));
    const [first, ...others] = pods.map(bare);
    expect(first).to.not.have.property('required');
    for (const other of others) expect(other).to.deep.equal(first);
  });

  it('give the lists of a pod their keys (R1.10)', () => {
    const template = at(schema('LLMInferenceService', 'v1alpha2'), 'spec.template');
    for (const list of ['containers', 'initContainers', 'ephemeralContainers', 'volumes', 'imagePullSecrets', 'resourceClaims', 'schedulingGates']) {
      expect(at(template, list), list).to.deep.include({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['name'] });
    }
    expect(at(template, 'hostAliases')['x-kubernetes-list-map-keys']).to.deep.equal(['ip']);
    expect(at(template, 'topologySpreadConstraints')['x-kubernetes-list-map-keys']).to.deep.equal(['topologyKey', 'whenUnsatisfiable']);
    for (const list of ['tolerations', 'readinessGates']) expect(at(template, list)['x-kubernetes-list-type'], list).to.equal('atomic');
    expect(at(template, 'nodeSelector')['x-kubernetes-map-type']).to.equal('atomic');
    expect(at(template, 'containers.[]').required).to.deep.equal(['name']);
    expect(at(template, 'containers.[].ports.[].protocol').default).to.equal('TCP');
  });

  it('give our own lists no type, and references an atomic one (R1.10)', () => {
    const service = schema('LLMInferenceService', 'v1alpha2');
    for (const list of ['baseRefs', 'router.route.http.refs', 'router.gateway.refs', 'router.ingress.refs', 'kvCacheOffloading.secondary']) {
      expect(at(service, `spec.${list}`), list).to.not.have.property('x-kubernetes-list-type');
    }
    expect(at(service, 'spec.baseRefs.[]')).to.deep.include({ 'x-kubernetes-map-type': 'atomic' });
    expect(at(service, 'spec.baseRefs.[].name').default).to.equal('');
  });

  it('leave LoRA adapters open (R1 §2.3)', () => {
    expect(bare(at(schema('LLMInferenceService', 'v1alpha2'), 'spec.model.lora.adapters'))).to.deep.equal({
      'x-kubernetes-preserve-unknown-fields': true,
    });
  });

  it('embed the route of the plain Go type (R1.4)', () => {
    const route = at(schema('LLMInferenceService', 'v1alpha2'), 'spec.router.route.http.spec');
    const withRules = [...walk(route)].filter(([, node]) => CEL in node);
    expect(withRules).to.have.lengthOf(30);
    expect(at(route, 'parentRefs')).to.not.have.property(CEL);
    expect(JSON.stringify(route)).to.not.match(/ExternalAuth'|Rule name must be unique|\[!-~\]/);
    const filter = at(route, 'rules.[].filters.[]');
    expect(filter.properties).to.include.keys('externalAuth', 'cors');
    expect(filter.properties?.type?.enum).to.not.include('ExternalAuth');
    expect(route.properties).to.include.keys('useDefaultGateways');
    expect(at(route, 'rules.[]').properties).to.include.keys('retry', 'sessionPersistence');
    expect(at(route, 'rules').default).to.deep.equal([{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }]);
  });

  it('carry every rule at its place, in order (R1.6)', () => {
    const places = { spec: 1, 'spec.prefill': 1, 'spec.scaling': 8, 'spec.scaling.wva': 3, 'spec.scaling.wva.keda': 1, 'spec.scaling.keda': 1 };
    for (const kind of KINDS) {
      for (const version of versions) {
        for (const [path, count] of Object.entries(places)) expect(at(schema(kind, version), path)[CEL], `${kind} ${path}`).to.have.lengthOf(count);
        expect(at(schema(kind, version), 'spec.prefill.scaling')).to.deep.equal(at(schema(kind, version), 'spec.scaling'));
      }
    }
    expect(at(schema('LLMInferenceService', 'v1alpha2'), 'status.router.group.members.[].backendRef')[CEL]).to.have.lengthOf(1);
  });

  it('read no optional string in a rule without asking for it first (R1.6a)', () => {
    const scaling = JSON.stringify(at(schema('LLMInferenceService', 'v1alpha2'), 'spec.scaling'));
    for (const [, path = ''] of scaling.matchAll(/size\((self[\w.]+)\) == 0/g))
      expect(scaling, path).to.include(`!has(${path}) || size(${path}) == 0`);
  });

  it('relax the templated parts of a config, and nothing else (R1.13, R1.14)', () => {
    const relaxed = ['pattern', CEL, 'minLength', 'minItems', 'minProperties'];
    for (const version of versions) {
      const root = schema('LLMInferenceServiceConfig', version);
      const paths = [...TEMPLATES, 'spec.router.scheduler.tokenizer.template', 'spec.router.route.http.spec', 'spec.router.scheduler.pool.spec'];
      for (const path of paths) {
        const left = [...walk(at(root, path))].filter(([where, node]) => !where.endsWith('/properties') && relaxed.some((key) => key in node));
        expect(left, `${version} ${path}`).to.deep.equal([]);
      }
      expect(at(root, 'spec.router.route.group')).to.have.property('pattern');
      expect(at(root, 'spec.router.gateway.refs.[].namespace')).to.have.property('pattern');
      expect(at(root, 'spec.scaling.wva.variantCost')).to.have.property('pattern');
      expect(at(root, 'spec.router.route.http.spec.rules.[].matches')).to.have.property('maxItems');
    }
    expect(at(schema('LLMInferenceServiceConfig', 'v1alpha2'), 'spec.router.scheduler.pool.spec').required).to.include('targetPorts');
  });

  it('explain every field of ours', () => {
    const foreign = TEMPLATES.concat('spec.router.scheduler.tokenizer.template', 'spec.router.route.http.spec', 'spec.router.scheduler.pool.spec');
    const visit = (node: Schema, path: string): void => {
      expect(node, path).to.have.property('description');
      if (foreign.includes(path) || /behavior$|pvc\.spec$|backendRef$/.test(path)) return;
      for (const [name, child] of Object.entries(node.properties ?? {})) visit(child, `${path}.${name}`);
      if (node.items) visit(node.items, `${path}.[]`);
    };
    for (const kind of KINDS) {
      for (const version of versions) for (const part of ['spec', 'status']) visit(at(schema(kind, version), part), part);
    }
  });

  it('hold patterns that also JavaScript reads', () => {
    for (const [, node] of walk(schema('LLMInferenceService', 'v1alpha2'))) {
      if (typeof node.pattern === 'string') expect(() => new RegExp(node.pattern as string, 'u')).to.not.throw();
    }
  });
});

describe('the files a harness loads', () => {
  const root = `${import.meta.dirname}/../../..`;

  for (const form of ['full', 'minimal']) {
    it(`has one CRD per file in config/crd/${form}/llmisvc (R1 §18)`, () => {
      const directory = `${root}/config/crd/${form}/llmisvc`;
      const names = readdirSync(directory).map((file) => /^ {2}name: (\S+)$/m.exec(readFileSync(`${directory}/${file}`, 'utf8'))?.[1]);
      expect(names).to.have.members(['llminferenceservices.serving.kserve.io', 'llminferenceserviceconfigs.serving.kserve.io']);
    });
  }

  it('registers six webhooks, of which the tests install two (R1.43, R1.45)', () => {
    const load = (file: string): WebhookConfiguration[] =>
      parseAllDocuments(readFileSync(`${root}/${file}`, 'utf8')).map((document) => document.toJS());
    const all = load('config/webhook/llmisvc/manifests.yaml');
    expect(all.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).to.deep.equal([
      'MutatingWebhookConfiguration llminferenceservice.serving.kserve.io',
      'ValidatingWebhookConfiguration llminferenceservice.serving.kserve.io',
      'ValidatingWebhookConfiguration llminferenceserviceconfig.serving.kserve.io',
    ]);
    expect(all.flatMap(({ webhooks }) => webhooks).every(({ matchPolicy }) => matchPolicy === 'Exact')).to.equal(true);
    const tested = load('test/webhooks/manifests.yaml').flatMap(({ webhooks }) => webhooks);
    expect(tested.map(({ name }) => name)).to.deep.equal([
      'llminferenceservice.kserve-webhook-server.v1alpha2.validator',
      'llminferenceserviceconfig.kserve-webhook-server.v1alpha2.validator',
    ]);
    for (const webhook of tested) expect(webhook).to.not.have.property('matchPolicy');
  });

  it('serves each webhook at the path clients know (R1.43)', () => {
    expect(admissionWebhooks.map(({ path }) => path)).to.deep.equal([
      '/mutate-serving-kserve-io-v1alpha1-llminferenceservice',
      '/mutate-serving-kserve-io-v1alpha2-llminferenceservice',
      '/validate-serving-kserve-io-v1alpha1-llminferenceservice',
      '/validate-serving-kserve-io-v1alpha2-llminferenceservice',
      '/validate-serving-kserve-io-v1alpha1-llminferenceserviceconfig',
      '/validate-serving-kserve-io-v1alpha2-llminferenceserviceconfig',
    ]);
  });
});
