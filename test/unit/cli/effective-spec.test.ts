import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { explainFiles } from '../../../cli/effective-spec.ts';
import { packagePath } from '../../../cli/package-files.ts';
import { planFiles } from '../../../cli/render.ts';
import { configText, serviceText, withFiles } from './manifest-text.ts';

const options = { presets: packagePath('presets'), namespace: 'models' };
const MODEL = 'model: {uri: "hf://a/b", name: base}';
const text = (...objects: readonly string[]): string => objects.join('---\n');
const explain = (manifests: string): string => withFiles({ 'a.yaml': manifests }, (directory) => explainFiles([directory], options));
/** The lines that show a value, without indentation. */
const linesOf = (output: string, value: string): string[] =>
  output
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith(value));

describe('llmisvc render --explain', () => {
  const base = configText(
    'base',
    MODEL,
    'replicas: 2',
    'scaling: null',
    'parallelism: {tensor: 2}',
    'template:',
    '  nodeSelector: {zone: a, disk: ssd}',
    '  containers:',
    '    - name: main',
    '      image: "vllm:1"',
    '      args: ["--name={{ .Name }}"]',
  );
  const service = serviceText(
    'baseRefs: [{name: base}]',
    'replicas: 3',
    'router: {scheduler: {}, route: {}, gateway: {refs: [{name: edge, namespace: net}]}}',
    'template:',
    '  nodeSelector: {zone: b}',
    '  containers:',
    '    - name: main',
    '      env: [{name: A, value: x}]',
  );
  const output = explain(text(base, service));

  it('names layers from the lowest to the highest', () =>
    expect(output.split('\n').slice(0, 7)).to.deep.equal([
      '# The effective spec. Each value names the layer it comes from. The layers, a later one overriding those before it:',
      '#   preset kserve-config-llm-scheduler, in namespace kserve',
      '#   preset kserve-config-llm-router-route, in namespace kserve',
      '#   preset kserve-config-llm-template, in namespace kserve',
      '#   baseRef base, in namespace models',
      '#   service',
      '# default: the API server wrote it where the layer states nothing; operator: follows from the rest; template: the layer states a template.',
    ]));

  const cases: [string, string, string][] = [
    ['a value that two layers state, from the higher one', 'replicas:', 'replicas: 3 # service'],
    ['entries of one map, from different layers', 'zone:', 'zone: b # service'],
    ['the other entry of that map', 'disk:', 'disk: ssd # baseRef base'],
    ['fields of one list element, from different layers', 'image: vllm', 'image: vllm:1 # baseRef base'],
    ['an element that only the service has', '- name: A', '- name: A # service'],
    ['what the preset states', 'medium:', 'medium: Memory # preset kserve-config-llm-template'],
    ['a template with its layer', '- --name=', '- --name=qwen # baseRef base, template'],
    ['a template of a preset', 'secretName:', 'secretName: qwen-kserve-self-signed-certs # preset kserve-config-llm-scheduler, template'],
    ['what the schema adds to a preset', 'appProtocol:', 'appProtocol: http # default, preset kserve-config-llm-scheduler'],
    ['what the operator adds', 'serviceAccountName:', 'serviceAccountName: qwen-epp-sa # operator'],
    ["the route's parent where the service names gateways", 'name: edge', 'name: edge # operator'],
    ["a baseRef's model name in the place of a defaulted one", 'name: base', 'name: base # baseRef base'],
    ['empty objects', '- name: home', '- name: home # preset kserve-config-llm-template'],
  ];
  for (const [what, value, expected] of cases) it(`tells the origin of ${what}`, () => expect(linesOf(output, value)).to.include(expected));

  it('tells the origin of an empty object on its line', () =>
    expect(linesOf(output, 'emptyDir: {}')).to.include('emptyDir: {} # preset kserve-config-llm-template'));

  it('leaves no value without an origin', () => {
    const spec = output.slice(output.indexOf('\nspec:'));
    const scripts = /^( *)(- |\w+: )\|.*\n(?:\1 +.*\n|\n)+/gm;
    const bare = spec
      .replace(scripts, '')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.endsWith(':') && !/^\s*-?\s*[^#]*:$/.test(line) && !line.includes(' # '));
    expect(bare).to.deep.equal([]);
  });

  it('calls a name default that nobody states', () =>
    expect(linesOf(explain(serviceText('model: {uri: "hf://a/b"}')), 'name: qwen')).to.include('name: qwen # default'));

  it('calls what the API server fills in default', () => {
    const scaled = explain(serviceText('model: {uri: "hf://a/b"}', 'scaling: {maxReplicas: 4, wva: {hpa: {}}}'));
    expect(linesOf(scaled, 'minReplicas:')).to.deep.equal(['minReplicas: 1 # default']);
    expect(linesOf(scaled, 'maxReplicas:')).to.deep.equal(['maxReplicas: 4 # service']);
  });

  it('names the ConfigMap of a scheduler configuration', () => {
    const configMap = `apiVersion: v1
kind: ConfigMap
metadata: {name: picker}
data: {epp: "kind: EndpointPickerConfig"}
`;
    const spec = ['model: {uri: "hf://a/b"}', 'router: {scheduler: {config: {ref: {name: picker, key: ""}}}}'];
    expect(linesOf(explain(text(configMap, serviceText(...spec))), 'inline:')).to.deep.equal([
      'inline: "kind: EndpointPickerConfig" # ConfigMap models/picker',
    ]);
  });

  it('reads back as the effective specs, one document per service', () => {
    const manifests = text(base, service, serviceText(MODEL).replace('qwen', 'other'));
    const documents = parseAllDocuments(explain(manifests)).map((document) => document.toJS() as { metadata: { name: string }; spec: unknown });
    const { plans } = withFiles({ 'a.yaml': manifests }, (directory) => planFiles([directory], options));
    expect(documents.map(({ metadata }) => metadata.name)).to.deep.equal(['qwen', 'other']);
    expect(documents.map(({ spec }) => spec)).to.deep.equal(plans.map(({ plan }) => JSON.parse(JSON.stringify(plan.assembled.spec))));
  });
});
