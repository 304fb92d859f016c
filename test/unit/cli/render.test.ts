import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { packagePath } from '../../../cli/package-files.ts';
import { printObjects, renderFiles } from '../../../cli/render.ts';
import { configText, serviceText, withFiles } from './manifest-text.ts';

const options = { presets: packagePath('presets'), namespace: 'models' };
const render = (text: string): KubeObject[] => withFiles({ 'a.yaml': text }, (directory) => renderFiles([directory], options));
const MODEL = 'model: {uri: "hf://a/b"}';

describe('llmisvc render', () => {
  for (const file of readdirSync(packagePath('examples')).filter((name) => name.endsWith('.yaml'))) {
    it(`renders examples/${file}`, () => {
      const settings = packagePath('examples/environment/10-settings.yaml');
      const objects = renderFiles([packagePath(`examples/${file}`)], { ...options, settings });
      expect(objects.map(({ kind }) => kind)).to.include('Service');
      for (const { kind, metadata } of objects) expect(metadata.namespace, kind).to.equal(kind === 'ClusterRoleBinding' ? undefined : 'models');
    });
  }

  it('makes of a service with a router all that serves it', () => {
    const objects = renderFiles([packagePath('examples/qwen2.5-7b-single-gpu.yaml')], options);
    expect(objects.map(({ apiVersion, kind, metadata }) => `${apiVersion} ${kind} ${metadata.name}`)).to.have.members([
      'v1 Secret qwen2-5-7b-kserve-self-signed-certs',
      'apps/v1 Deployment qwen2-5-7b-kserve',
      'v1 Service qwen2-5-7b-kserve-workload-svc',
      'v1 ServiceAccount qwen2-5-7b-epp-sa',
      'rbac.authorization.k8s.io/v1 Role qwen2-5-7b-epp-role',
      'rbac.authorization.k8s.io/v1 RoleBinding qwen2-5-7b-epp-rb',
      'rbac.authorization.k8s.io/v1 ClusterRoleBinding models-qwen2-5-7b-epp-auth-rb',
      'apps/v1 Deployment qwen2-5-7b-kserve-router-scheduler',
      'v1 Service qwen2-5-7b-epp-service',
      'inference.networking.k8s.io/v1 InferencePool qwen2-5-7b-inference-pool',
      'inference.networking.x-k8s.io/v1alpha2 InferencePool qwen2-5-7b-inference-pool',
      'gateway.networking.k8s.io/v1 HTTPRoute qwen2-5-7b-kserve-route',
    ]);
  });

  it('leaves out an autoscaler that cannot be made, and says so', () => {
    const warnings: string[] = [];
    const file = packagePath('examples/autoscaling-keda-desired-replicas.yaml');
    const found = renderFiles([file], options, (text) => warnings.push(text)).map(({ kind }) => kind);
    expect(found).to.include('Deployment').and.not.include('ScaledObject');
    expect(warnings).to.have.length(1);
    expect(warnings[0]).to.match(/spec.scaling: cannot be scaled: autoscaling-wva-controller-config.prometheus.url is required/);
    const settings = packagePath('examples/environment/10-settings.yaml');
    expect(renderFiles([file], { ...options, settings }, expect.fail).map(({ kind }) => kind)).to.include('ScaledObject');
  });

  it('merges configs of the same files', () => {
    const objects = render(`${serviceText('baseRefs: [{name: two}]')}---\n${configText('two', MODEL, 'replicas: 2')}`);
    const deployment = objects.find(({ kind }) => kind === 'Deployment');
    expect(deployment?.spec).to.include({ replicas: 2 });
  });

  it('converts services of the older version', () => {
    const old = render(serviceText(MODEL).replace('v1alpha2', 'v1alpha1'));
    expect(old).to.deep.equal(render(serviceText(MODEL)));
  });

  it('refuses a baseRef that leads nowhere, at its line', () => {
    expect(() => render(serviceText(MODEL, 'baseRefs:', '  - name: missing'))).to.throw(
      /a\.yaml:8: error: LLMInferenceService\/qwen: spec\.baseRefs\[0\]: LLMInferenceServiceConfig "missing" not found/,
    );
  });

  it('refuses what an API server would refuse', () => {
    expect(() => render(serviceText(MODEL, 'replicas: two'))).to.throw(
      'a.yaml:7: error: LLMInferenceService/qwen: spec.replicas: must be of type integer',
    );
  });

  it('says when there is nothing to render', () => {
    expect(() => render(configText('alone', MODEL))).to.throw('no LLMInferenceService in there');
  });

  it('takes settings from a ConfigMap', () => {
    const settings = `apiVersion: v1
kind: ConfigMap
metadata: {name: inferenceservice-config, namespace: kserve}
data:
  ingress: '{"enableGatewayApi": true, "kserveIngressGateway": "net/shared", "ingressGateway": "a/b"}'
  storageInitializer: '{"image": "s", "cpuRequest": "1", "cpuLimit": "1", "memoryRequest": "1Gi", "memoryLimit": "1Gi"}'
`;
    const objects = render(`${serviceText(MODEL, 'router: {route: {}, gateway: {}}')}---\n${settings}`);
    const route = objects.find(({ kind }) => kind === 'HTTPRoute') as unknown as { spec: { parentRefs: { name: string; namespace: string }[] } };
    expect(route.spec.parentRefs.map(({ namespace, name }) => `${namespace}/${name}`)).to.deep.equal(['net/shared']);
  });

  it('prints YAML that reads back as the same objects', () => {
    const objects = render(serviceText(MODEL));
    const read = parseAllDocuments(printObjects(objects)).map((document) => document.toJS() as unknown);
    expect(read).to.deep.equal(JSON.parse(JSON.stringify(objects)));
  });
});
