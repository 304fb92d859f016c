import { expect } from 'chai';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { annotations } from '../../../api/metadata.ts';
import { defaultOptions } from '../../../api/options.ts';
import type { LLMInferenceService } from '../../../api/types.ts';
import { readManifests } from '../../../cli/manifest-files.ts';
import { packagePath } from '../../../cli/package-files.ts';
import type { AdmissionRequest, Verdict } from '../../../webhook/admission-review.ts';
import { createHandlers } from '../../../webhook/handlers.ts';
import type { AdmissionSources } from '../../../webhook/sources.ts';
import { answersFrom } from '../../support/answers.ts';
import { settingsWith } from '../../support/webhook-client.ts';

const presets = readManifests([packagePath('presets')]).map(({ object }) => ({ ...object, metadata: { ...object.metadata, namespace: 'kserve' } }));
const settings = settingsWith({
  ingress: JSON.stringify({ ingressGateway: 'x', kserveIngressGateway: 'kserve/gateway', enableLLMInferenceServiceTLS: true }),
});
const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace: 'ns' } };
const config = (name: string, spec: object): KubeObject => ({ ...kinds.config, metadata: { name, namespace: 'ns' }, spec }) as unknown as KubeObject;
const service = (spec: object, metadata: object = {}): LLMInferenceService =>
  ({
    apiVersion: kinds.service.apiVersion,
    kind: kinds.service.kind,
    metadata: { name: 'svc', namespace: 'ns', ...metadata },
    spec,
  }) as LLMInferenceService;

const model = { uri: 'hf://a/b', name: 'm' };
const BROKEN = '{{ messages }}';
const argument = (text: string) => ({ containers: [{ name: 'main', args: [text] }] });

/** What admission says when the cluster holds these objects besides the presets. */
function admit(
  object: LLMInferenceService | KubeObject,
  more: { old?: object; objects?: KubeObject[]; sources?: Partial<AdmissionSources> } = {},
): Promise<Verdict> {
  const { old, objects = [], sources } = more;
  const answers = answersFrom([...presets, account, ...objects]);
  const handlers = createHandlers({
    options: defaultOptions,
    settings: async () => settings,
    localModelCaches: async () => [],
    knowledge: () => (question) => (question.ask === 'certificate' ? { key: 'k', certificate: 'c', ca: 'a' } : answers(question)),
    servicesUsing: (name) =>
      objects.filter(
        (o): o is KubeObject & LLMInferenceService => o.kind === kinds.service.kind && JSON.stringify(o).includes(`"baseRefs":[{"name":"${name}"`),
      ),
    ...sources,
  });
  const request: AdmissionRequest = { uid: '1', operation: old ? 'UPDATE' : 'CREATE', name: 'svc', namespace: 'ns', object, oldObject: old };
  const [, version] = object.apiVersion.split('/');
  return Promise.resolve(handlers.get(`/validate-serving-kserve-io-${version}-${object.kind.toLowerCase()}`)?.(request) as Verdict);
}

const causesOf = (verdict: Verdict): unknown =>
  verdict.allowed ? [] : (verdict.status as { details?: { causes?: { field: string }[] } }).details?.causes?.map(({ field }) => field);

describe('a service whose templates nothing can mend', () => {
  const broken = service({ model, template: argument(BROKEN) });
  const FIELD = 'spec.template.containers[0].args[0]';

  it('is refused, with the field', async () => {
    const verdict = await admit(broken);
    expect(causesOf(verdict)).to.deep.equal([FIELD]);
    expect(JSON.stringify(verdict)).to.contain('not defined; write');
  });

  it('is refused before the caches are filled, and in the older version, alike', async () => {
    expect(causesOf(await admit(broken, { sources: { knowledge: () => undefined } }))).to.deep.equal([FIELD]);
    expect(causesOf(await admit({ ...broken, apiVersion: 'serving.kserve.io/v1alpha1' }))).to.deep.equal([FIELD]);
  });

  it('may be changed when it got in once, but not be broken further', async () => {
    const more = service({ model, template: argument(BROKEN), worker: argument(BROKEN), parallelism: { pipeline: 1 } });
    expect(await admit(service({ model, replicas: 3, template: argument(BROKEN) }), { old: broken })).to.include({ allowed: true });
    expect(causesOf(await admit(more, { old: broken }))).to.deep.equal(['spec.worker.containers[0].args[0]']);
  });

  const free: [string, object][] = [
    ['labelled', { labels: { team: 'x' } }],
    ['rid of its finalizer', { finalizers: [] }],
    ['deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['stopped', { annotations: { [annotations.stop]: 'true' } }],
  ];
  for (const [what, metadata] of free) {
    it(`can be ${what}`, async () => {
      expect(await admit(service(broken.spec ?? {}, metadata), { old: broken })).to.deep.equal({ allowed: true, warnings: [] });
    });
  }

  it('is not meant by the probe of an effective spec, which is rendered already (R2.90)', async () => {
    expect(await admit(service(broken.spec ?? {}, { name: undefined, generateName: 'svc-validation-' }))).to.include({ allowed: true });
  });

  it('is refused when it is started again', async () => {
    const stopped = service(broken.spec ?? {}, { annotations: { [annotations.stop]: 'true' } });
    expect(await admit(broken, { old: stopped })).to.include({ allowed: true });
    expect(await admit(broken, { old: service({ model }, { annotations: { [annotations.stop]: 'true' } }) })).to.include({ allowed: false });
  });
});

describe('a service that can only be a mistake', () => {
  const warned: [string, object, KubeObject[], string][] = [
    ['a claim without a name', { model: { ...model, uri: 'pvc:///model' } }, [], 'spec.model.uri: '],
    [
      'a claim that stays unmounted (B3.37)',
      { model: { ...model, uri: 'pvc://claim/model' }, storageInitializer: { enabled: false } },
      [],
      'spec.storageInitializer.enabled: ',
    ],
    [
      'a scheduler ConfigMap that the picker does not start with (B4.4)',
      { model, router: { route: {}, scheduler: { config: { ref: { name: 'picker' } } } } },
      [
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'picker', namespace: 'ns' },
          data: { epp: 'apiVersion: llm-d.ai/v1alpha1\nkind: EndpointPickerConfig\nplugins:\n- type: queue-scorer\n  parameters: {threshold: 3}\n' },
        },
      ],
      'ConfigMap ns/picker, EndpointPickerConfig.plugins[0].parameters.threshold: ',
    ],
    [
      'a scheduler configuration of a config (B4.4)',
      { baseRefs: [{ name: 'picky' }], model, router: { route: {}, scheduler: {} } },
      [config('picky', { router: { scheduler: { config: { inline: { kind: 'EndpointPickerConfig' } } } } })],
      'EndpointPickerConfig.apiVersion: ',
    ],
    [
      'a scheduler configuration in the template (B4.4)',
      { model, router: { scheduler: { template: { containers: [{ name: 'main', args: ['--config-text', 'kind: EndpointPickerConfig'] }] } } } },
      [],
      'EndpointPickerConfig.apiVersion: ',
    ],
  ];
  for (const [what, spec, objects, start] of warned) {
    it(`is accepted with a warning that names the field: ${what}`, async () => {
      const verdict = await admit(service(spec), { objects });
      expect(verdict.allowed).to.equal(true);
      expect(JSON.stringify(verdict.warnings)).to.contain(start);
      for (const text of verdict.warnings ?? []) expect(text.length).to.be.at.most(256);
    });
  }

  it('is warned of in the current version only (R1.62)', async () => {
    const old = { ...service({ model: { ...model, uri: 'pvc:///model' }, router: { ingress: {} } }), apiVersion: 'serving.kserve.io/v1alpha1' };
    expect(await admit(old)).to.deep.equal({ allowed: true, warnings: [] });
  });

  it('is not warned of again when its spec stays', async () => {
    const object = service({ model: { ...model, uri: 'pvc:///model' } });
    expect((await admit(object)).warnings).to.have.length(1);
    expect(await admit(service(object.spec ?? {}, { labels: { a: 'b' } }), { old: object })).to.deep.equal({ allowed: true, warnings: [] });
  });

  /** As the reference: accepted, without a word, and a condition of the status later. */
  const silent: [string, object, KubeObject[]?][] = [
    ['a config that does not exist', { baseRefs: [{ name: 'not-there-yet' }], model }],
    ['a gateway that does not exist', { model, router: { route: {}, gateway: { refs: [{ name: 'nowhere', namespace: 'ns' }] } } }],
    ['a route that does not exist', { model, router: { route: { http: { refs: [{ name: 'nowhere' }] } } } }],
    ['a ConfigMap that does not exist', { model, router: { route: {}, scheduler: { config: { ref: { name: 'nowhere', key: 'a' } } } } }],
    ['a service account that does not exist', { model, template: { serviceAccountName: 'nobody', containers: [] } }],
    ['a template with a field that does not exist', { model, template: argument('{{ .Spec.NoSuchField }}') }],
    ['a model URI without a scheme', { model: { ...model, uri: 'Qwen/Qwen2.5' } }],
    ...['gs', 'https', 'azure', 'oci+fetch', 'ftp'].map((scheme): [string, object] => [
      `a model that nobody fetches, from ${scheme}`,
      { model: { ...model, uri: `${scheme}://host/model` } },
    ]),
    ...['', 'oci://r/i', 'ftp://x/y', 'no-scheme'].map((uri): [string, object] => [
      `an adapter that nobody fetches, from "${uri}"`,
      { model: { ...model, lora: { adapters: [{ name: 'a', uri }] } } },
    ]),
    [
      'an adapter of a service that downloads nothing',
      { model: { ...model, lora: { adapters: [{ name: 'a', uri: 'hf://x/y' }] } }, storageInitializer: { enabled: false } },
    ],
    [
      'a config that contradicts it',
      { baseRefs: [{ name: 'scaled' }], model, replicas: 2 },
      [config('scaled', { scaling: { maxReplicas: 2, wva: { hpa: {} } } })],
    ],
    ['a config whose template fails', { baseRefs: [{ name: 'bad' }], model }, [config('bad', { template: argument('{{ index .Spec.Model 1 }}') })]],
    [
      'a template that comes to something invalid',
      { model, router: { route: { http: { spec: { hostnames: ['{{ .Spec.Model.URI }}'] } } }, gateway: {} } },
    ],
    ['a version of the picker that is none', { model, router: { scheduler: { annotations: { [annotations.version]: 'latest' } } } }],
    [
      'flags that only a config could replace',
      { model, router: { scheduler: { template: { containers: [{ name: 'main', args: ['--config-file', 'f', '--lora-info-metric=m'] }] } } } },
    ],
    [
      'adapters whose names come to one directory',
      { model: { ...model, lora: { adapters: ['a/b', 'a-b'].map((name) => ({ name, uri: 'hf://a/b' })) } } },
    ],
    ['no model but configs', { baseRefs: [{ name: 'not-there-yet' }] }],
  ];
  for (const [what, spec, objects = []] of silent) {
    it(`is accepted without a warning: ${what}`, async () => {
      expect(await admit(service(spec), { objects })).to.deep.equal({ allowed: true, warnings: [] });
    });
  }

  it('is accepted whatever state our own configuration is in', async () => {
    const object = service({ baseRefs: [{ name: 'scaled' }], model });
    const broken: Partial<AdmissionSources>[] = [
      { knowledge: () => undefined },
      { settings: async () => undefined },
      { settings: async () => settingsWith({ ingress: 'no JSON' }) },
      { knowledge: () => answersFrom([]) },
    ];
    for (const sources of broken) expect(await admit(object, { sources })).to.deep.equal({ allowed: true, warnings: [] });
  });
});

describe('the change of a config in use (B18)', () => {
  const user = service({ baseRefs: [{ name: 'shared' }], model, replicas: 2 }, { name: 'user' }) as unknown as KubeObject;
  const before = config('shared', { template: argument('--a') });

  it('warns of the services that it would break', async () => {
    const change = config('shared', { scaling: { maxReplicas: 2, wva: { hpa: {} } } });
    const { allowed, warnings = [] } = await admit(change, { old: before, objects: [before, user] });
    expect(allowed).to.equal(true);
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/^the service ns\/user, which uses this config, would break: spec(\.scaling)?: /);
  });

  it('says nothing of services that go on, or are broken already', async () => {
    const change = config('shared', { template: argument('--b') });
    expect(await admit(change, { old: before, objects: [before, user] })).to.deep.equal({ allowed: true, warnings: [] });
    const lost = service({ baseRefs: [{ name: 'shared' }, { name: 'gone' }], model }, { name: 'lost' }) as unknown as KubeObject;
    expect(await admit(config('shared', { scaling: { maxReplicas: 2, wva: { hpa: {} } } }), { old: before, objects: [before, lost] })).to.deep.equal({
      allowed: true,
      warnings: [],
    });
  });
});
