import { execFileSync } from 'node:child_process';
import { expect } from 'chai';
import { inferencePoolName } from '../../../api/predicates.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { renderTemplates } from '../../../assemble/render-templates.ts';
import { templateData } from '../../../assemble/template-data.ts';
import { accepted, refusal, service, settings } from './fixtures.ts';

type Spec = LLMInferenceServiceSpec;

/** Renders a spec for a service that states another one. */
function render(
  spec: object,
  stated: object = {},
  given: { tls?: boolean; noSettings?: boolean; annotations?: Record<string, string> } = {},
): ReturnType<typeof renderTemplates> {
  const data = templateData({
    service: service(stated, given),
    spec: stated as Spec,
    poolOwner: spec as Spec,
    settings: given.noSettings ? undefined : settings({ enableLLMInferenceServiceTLS: given.tls ?? false }),
    systemNamespace: 'system',
  });
  return renderTemplates(spec as Spec, data);
}

/** What one string becomes. */
const text = (template: string, stated: object = {}, given: { tls?: boolean } = {}): string | undefined =>
  accepted(render({ template: { hostname: template } }, stated, given)).template?.hostname;
const problem = (template: string, stated: object = {}): string => refusal(render({ template: { hostname: template } }, stated));

describe('rendering templates (7.6)', () => {
  const named = { model: { uri: 'hf://org/model', name: 'qwen' } };

  it('replaces the model name in the model and in args', () => {
    const spec = {
      model: { uri: 'hf://a/b', name: '{{ .Spec.Model.Name }}' },
      template: { containers: [{ name: 'main', args: ['--name', '{{ .Spec.Model.Name }}'] }] },
    };
    expect(render(spec, named)).to.deep.equal({
      model: { uri: 'hf://a/b', name: 'qwen' },
      template: { containers: [{ name: 'main', args: ['--name', 'qwen'] }] },
    });
  });

  it('builds child names', () => {
    const spec = {
      template: {
        serviceAccountName: '{{ ChildName .Name `-sa` }}',
        containers: [{ name: 'main', env: [{ name: 'D', value: '{{ ChildName .ObjectMeta.Name `-deployment` }}' }] }],
      },
    };
    expect(render(spec)).to.deep.equal({
      template: { serviceAccountName: 'test-llm-sa', containers: [{ name: 'main', env: [{ name: 'D', value: 'test-llm-deployment' }] }] },
    });
  });

  const table: [string, string, object, string][] = [
    ['several actions in a string', '{{ .Name }}.{{ .Namespace }}.svc', {}, 'test-llm.ns.svc'],
    ['the parts of a uri', '{{ .Spec.Model.URI.Host }}{{ .Spec.Model.URI.Path }}', named, 'org/model'],
    ['a uri as a whole', '{{ .Spec.Model.URI }} {{ .Spec.Model.URI.Scheme }}', named, 'hf://org/model hf'],
    ['a default for a name that is not set', '{{ if .Spec.Model.Name }}{{ .Spec.Model.Name }}{{ else }}default-model{{ end }}', {}, 'default-model'],
    ['a name that is set', '{{ if .Spec.Model.Name }}{{ .Spec.Model.Name }}{{ else }}default-model{{ end }}', named, 'qwen'],
    ['a guarded field of a null object', '{{ if and .Spec.Parallelism .Spec.Parallelism.Tensor }}x{{ end }}y', {}, 'y'],
    ['a guarded field that is set', '--tp {{ .Spec.Parallelism.Tensor }}', { parallelism: { tensor: 2 } }, '--tp 2'],
    ['a default for a null number', '{{ or .Spec.Parallelism.DataRPCPort 5555 }}', { parallelism: { data: 2 } }, '5555'],
    ['a plain boolean that is absent', '{{ if .Spec.Parallelism.Expert }}x{{ else }}y{{ end }}', { parallelism: {} }, 'y'],
    ['the main workload under its other name', '{{ .Spec.WorkloadSpec.Replicas }}', { replicas: 3 }, '3'],
    ['a list element', '{{ (index .Spec.Template.Containers 0).Image }}', { template: { containers: [{ name: 'm', image: 'i:1' }] } }, 'i:1'],
    ['a quantity', '{{ .Spec.KVCacheOffloading.CPU }}', { kvCacheOffloading: { cpu: '1024Mi' } }, '1Gi'],
    ['labels of the workload', '{{ index .Spec.Labels `a/b` }}', { labels: { 'a/b': 'c' } }, 'c'],
    [
      'names of LoRA',
      '{{ range .Spec.Model.LoRA.Adapters }}{{ .Name }},{{ end }}',
      {
        model: {
          uri: '',
          lora: {
            adapters: [
              { name: 'a', uri: '' },
              { name: 'b', uri: '' },
            ],
          },
        },
      },
      'a,b,',
    ],
    ['metadata by its long name', '{{ .ObjectMeta.Namespace }}/{{ .LLMInferenceService.Name }}', {}, 'ns/test-llm'],
    ['a missing status', '{{ .Status.URL }}{{ len .Status.Annotations }}', {}, '0'],
    [
      'the global config',
      '{{ .GlobalConfig.IngressGatewayNamespace }}/{{ .GlobalConfig.IngressGatewayName }} {{ .GlobalConfig.SystemNamespace }}',
      {},
      'gateways/main system',
    ],
    ['the routing header', '{{ .GlobalConfig.ModelBasedRoutingHeaderName }}', {}, 'X-Gateway-Model-Name'],
    ['a literal opening brace', '{{ print `{{` }}', {}, '{{'],
  ];
  for (const [what, template, stated, expected] of table) it(`renders ${what}`, () => expect(text(template, stated)).to.equal(expected));

  it('renders refs of routes, gateways and baseRefs', () => {
    const spec = {
      baseRefs: [{ name: '{{ .Name }}-base' }],
      router: {
        route: { http: { refs: [{ name: '{{ .Name }}-route' }] } },
        gateway: { refs: [{ name: '{{ .Name }}-gw', namespace: '{{ .Namespace }}' }] },
      },
    };
    expect(render(spec)).to.deep.equal({
      baseRefs: [{ name: 'test-llm-base' }],
      router: { route: { http: { refs: [{ name: 'test-llm-route' }] } }, gateway: { refs: [{ name: 'test-llm-gw', namespace: 'ns' }] } },
    });
  });

  it('knows the pool, managed or external', () => {
    const pool = '{{ .GlobalConfig.InferencePoolNamespacedName }}';
    expect(text(pool)).to.equal(`ns/${inferencePoolName(undefined, 'test-llm')}`);
    const external = { template: { hostname: pool }, router: { scheduler: { pool: { ref: { name: 'shared' } } } } };
    expect(accepted(render(external)).template?.hostname).to.equal('ns/shared');
  });

  it('leaves an empty argument when TLS is off', () => {
    const spec = { template: { containers: [{ name: 'm', command: ['a', '{{ if .GlobalConfig.EnableTLS }}--tls{{ end }}'] }] } };
    expect(accepted(render(spec)).template?.containers?.[0]?.command).to.deep.equal(['a', '']);
    expect(accepted(render(spec, {}, { tls: true })).template?.containers?.[0]?.command).to.deep.equal(['a', '--tls']);
  });

  it('gives zero values without settings', () => {
    const spec = { template: { hostname: '[{{ .GlobalConfig.IngressGatewayName }}{{ .GlobalConfig.EnableTLS }}]' } };
    expect(accepted(render(spec, {}, { noSettings: true })).template?.hostname).to.equal('[false]');
  });

  it('renders keys of maps', () => {
    expect(render({ labels: { '{{ .Name }}/x': '1' } })).to.deep.equal({ labels: { 'test-llm/x': '1' } });
  });

  it('shares what has no templates', () => {
    const spec = { template: { containers: [{ name: 'main', args: ['{{ .Name }}'] }], volumes: [{ name: 'v' }] } };
    expect(accepted(render(spec)).template?.volumes).to.equal(spec.template.volumes);
    expect(render({ replicas: 1, template: spec.template.volumes } as object)).to.have.property('template', spec.template.volumes);
  });
});

describe('templates on JSON text (R2.63)', () => {
  it('never lets a trim marker eat a newline', () => {
    expect(text('serve \\\n  {{- if true }} --a{{ end }}\n')).to.equal('serve \\\n --a\n');
    expect(text('a\t{{- .Name -}}\t b')).to.equal('a\ttest-llm\t b');
    expect(text('a  {{- .Name -}}  b')).to.equal('atest-llmb');
  });

  it('refuses a double-quoted literal in an action', () => {
    expect(problem('{{ ChildName .ObjectMeta.Name "-inference-pool" }}')).to.include('unexpected "\\\\" in operand');
  });

  it('prints raw strings as their author wrote them', () => {
    expect(text('{{ `a\\b "c" <d>\n` }}')).to.equal('a\\b "c" <d>\n');
  });

  it('compares raw strings as their author wrote them', () => {
    expect(text('{{ if eq .Spec.Model.Name `a<b` }}same{{ end }}', { model: { uri: '', name: 'a<b' } })).to.equal('same');
  });

  it('escapes inserted values', () => {
    const name = 'a"b\\c\nd", "x": "';
    expect(text('<{{ .Spec.Model.Name }}>', { model: { uri: '', name } })).to.equal(`<${name}>`);
  });

  it('lets a template span list elements', () => {
    const spec = { template: { containers: [{ name: 'm', args: ['a', '{{ if .Spec.Prefill }}', 'b', '{{ end }}', 'c "{{ .Name }}"'] }] } };
    expect(accepted(render(spec)).template?.containers?.[0]?.args).to.deep.equal(['a', '', 'c "test-llm"']);
    expect(accepted(render(spec, { prefill: {} })).template?.containers?.[0]?.args).to.deep.equal(['a', '', 'b', '', 'c "test-llm"']);
  });

  it('takes no notice of templates in metadata', () => {
    expect(accepted(render({ template: { hostname: '{{ .Name }}' } }, {}, { annotations: { broken: '{{ if' } })).template?.hostname).to.equal(
      'test-llm',
    );
  });
});

describe('problems of rendering (R2.73)', () => {
  it('says what, where and why', () => {
    expect(problem('{{ .Name')).to.equal('failed to parse template config: template: config:1: unclosed action (spec.template.hostname)');
    expect(problem('{{ .Spec.NoSuchField }}')).to.equal(
      'failed to merge config: template: config:1:3: executing "config" at <.Spec.NoSuchField>: ' +
        "can't evaluate field NoSuchField in type v1alpha2.LLMInferenceServiceSpec (spec.template.hostname)",
    );
  });

  const table: [string, string][] = [
    ['{{ .NonExisting }}', "can't evaluate field NonExisting in type struct"],
    ['{{ .GlobalConfig.CredentialConfig.S3 }}', "can't evaluate field CredentialConfig in type"],
    ['{{ .GlobalConfig.StorageConfig }}', "can't evaluate field StorageConfig in type"],
    ['{{ .Spec.Parallelism.Tensor }}', 'nil pointer evaluating *v1alpha2.ParallelismSpec.Tensor'],
    ['{{ .Spec.Model.Uri }}', "can't evaluate field Uri in type v1alpha2.ModelSpec"],
    ['{{ kvTransferConfig }}', 'wrong number of args for kvTransferConfig: want 1 got 0'],
    ['{{ ChildName 1 `a` }}', 'error calling ChildName: wrong type for value; expected string; got int'],
    ['{{ .Labels.nope }}', 'map has no entry for key "nope"'],
  ];
  for (const [template, expected] of table) it(template, () => expect(problem(template)).to.include(expected));

  it('names the path in lists and the layer', () => {
    const spec = { template: { containers: [{ name: 'm', env: [{ name: 'OOPS', value: '{{ .Oops }}' }] }] } } as Spec;
    const data = templateData({ service: service({}), spec: {}, poolOwner: {}, settings: undefined, systemNamespace: '' });
    const layers = [
      { origin: 'Preset:kserve/p', spec },
      { origin: 'UserRef:ns/c', spec: { ...spec, replicas: 1 } },
      { origin: 'service', spec: {} },
    ];
    expect(renderTemplates(spec, data, layers)).to.deep.include({ reason: 'CombineBaseError', field: 'spec.template.containers[0].env[0].value' });
    expect(refusal(renderTemplates(spec, data, layers))).to.match(/ \(spec\.template\.containers\[0\]\.env\[0\]\.value, from UserRef:ns\/c\)$/);
  });
});

describe('shutdownTimeout (R2.71)', () => {
  const grace = (terminationGracePeriodSeconds: number): object => ({ template: { terminationGracePeriodSeconds } });
  const table: [string, string, object, string][] = [
    ['nil', '{{ shutdownTimeout nil 15 }}', {}, '40'],
    ['an unset template', '{{ shutdownTimeout .Spec.Template 15 }}', {}, '40'],
    ['an unset worker', '{{ shutdownTimeout .Spec.Worker 15 }}', {}, '40'],
    ['a template without the field', '{{ shutdownTimeout .Spec.Template 15 }}', { template: {} }, '40'],
    ['120 seconds', '{{ shutdownTimeout .Spec.Template 15 }}', grace(120), '100'],
    ['0 seconds', '{{ shutdownTimeout .Spec.Template 15 }}', grace(0), '0'],
    ['18 seconds', '{{ shutdownTimeout .Spec.Template 15 }}', grace(18), '0'],
    [
      'a guarded prefill template',
      '{{ if .Spec.Prefill }}{{ shutdownTimeout .Spec.Prefill.Template 15 }}{{ else }}{{ shutdownTimeout nil 15 }}{{ end }}',
      { prefill: grace(120) },
      '100',
    ],
    ['a guarded prefill worker', '{{ if .Spec.Prefill }}{{ shutdownTimeout .Spec.Prefill.Worker 15 }}{{ else }}none{{ end }}', {}, 'none'],
  ];
  for (const [what, template, stated, expected] of table) it(`of ${what} is ${expected}`, () => expect(text(template, stated)).to.equal(expected));
});

describe('kvTransferConfig (R2.72)', () => {
  const render = (kvCacheOffloading?: object): string | undefined =>
    text('{{ kvTransferConfig .Spec.KVCacheOffloading }}', kvCacheOffloading ? { kvCacheOffloading } : {});
  const config = (extra: object): string => {
    const document = { kv_connector: 'OffloadingConnector', kv_connector_extra_config: extra, kv_role: 'kv_both' };
    return `--kv-transfer-config '${JSON.stringify(document).replaceAll('"', '\\"')}'`;
  };
  const spec = { spec_name: 'TieringOffloadingSpec' };
  const tier = (i: number): object => ({ root_dir: `/mnt/kv-cache-${i}`, type: 'fs' });
  const emptyDir = { fileSystem: { emptyDir: { size: '1Gi' } } };
  const pvcRef = { fileSystem: { pvc: { ref: { name: 'claim' } } } };

  const table: [string, object | undefined, string][] = [
    ['null', undefined, ''],
    ['cpu only', { cpu: '1Gi' }, config({ cpu_bytes_to_use: 1073741824, ...spec })],
    ['a fraction of a byte', { cpu: '1500m' }, config({ cpu_bytes_to_use: 2, ...spec })],
    ['arc', { cpu: '1Gi', evictionPolicy: 'arc' }, config({ cpu_bytes_to_use: 1073741824, eviction_policy: 'arc', ...spec })],
    ['one emptyDir tier', { cpu: '1k', secondary: [emptyDir] }, config({ cpu_bytes_to_use: 1000, secondary_tiers: [tier(0)], ...spec })],
    ['two tiers', { cpu: '1k', secondary: [emptyDir, pvcRef] }, config({ cpu_bytes_to_use: 1000, secondary_tiers: [tier(0), tier(1)], ...spec })],
    ['an entry without a tier', { cpu: '1k', secondary: [{}, pvcRef] }, config({ cpu_bytes_to_use: 1000, secondary_tiers: [tier(1)], ...spec })],
    ['no tiers at all', { cpu: '1k', secondary: [{}] }, config({ cpu_bytes_to_use: 1000, ...spec })],
  ];
  for (const [what, offloading, expected] of table) it(what, () => expect(render(offloading)).to.equal(expected));

  it('reads exactly like the example', () => {
    expect(render({ cpu: '1Gi' })).to.equal(
      String.raw`--kv-transfer-config '{\"kv_connector\":\"OffloadingConnector\",\"kv_connector_extra_config\":{\"cpu_bytes_to_use\":1073741824,\"spec_name\":\"TieringOffloadingSpec\"},\"kv_role\":\"kv_both\"}'`,
    );
  });

  it('survives an assignment in double quotes and an eval', () => {
    const script = `X="${render({ cpu: '1Gi', evictionPolicy: 'lru', secondary: [emptyDir] })}"\neval "set -- $X"\nprintf '%s' "$2"`;
    const word = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8' });
    expect(JSON.parse(word)).to.have.property('kv_role', 'kv_both');
  });
});
