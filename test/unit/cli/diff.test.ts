import { expect } from 'chai';
import { diffAgainstFiles, type ServiceChange, summarise } from '../../../cli/diff.ts';
import { compareObjects } from '../../../cli/object-changes.ts';
import { packagePath } from '../../../cli/package-files.ts';
import { configText, serviceText, withFiles } from './manifest-text.ts';

const options = { presets: packagePath('presets'), namespace: 'models' };
const MODEL = 'model: {uri: "hf://a/b"}';

async function diff(before: string, after: string): Promise<ServiceChange[]> {
  let result: Promise<ServiceChange[]> | undefined;
  // Files are read before the first answer is waited for.
  withFiles({ 'old.yaml': before, 'new.yaml': after }, (directory) => {
    result = diffAgainstFiles([`${directory}/new.yaml`], [`${directory}/old.yaml`], options);
  });
  return (await result) ?? [];
}
const listed = (services: readonly ServiceChange[]): string[] =>
  services.flatMap(({ changes }) => changes.map(({ action, object }) => `${action} ${object.kind} ${object.metadata.name}`));

describe('llmisvc diff --against', () => {
  it('shows the lines of an object that change', async () => {
    const [service] = await diff(serviceText(MODEL, 'replicas: 1'), serviceText(MODEL, 'replicas: 3'));
    expect(service?.service).to.equal('models/qwen');
    expect(service?.changes.map(({ action, patch }) => ({ action, lines: patch.split('\n').filter((line) => /^[-+]/.test(line)) }))).to.deep.equal([
      {
        action: 'changed',
        lines: ['--- Deployment models/qwen-kserve (apps/v1)', '+++ Deployment models/qwen-kserve (apps/v1)', '-  replicas: 1', '+  replicas: 3'],
      },
    ]);
  });

  it('shows nothing where only the text differs', async () => {
    const services = await diff(
      serviceText(MODEL, 'replicas: 1'),
      serviceText('replicas: 1', 'model:', '  uri: hf://a/b').replace('v1alpha2', 'v1alpha1'),
    );
    expect(services).to.deep.equal([]);
    expect(summarise(services)).to.equal('no object would change\n');
  });

  it('shows what a config changes in the services that use it', async () => {
    const service = serviceText(MODEL, 'baseRefs: [{name: base}]');
    const services = await diff(`${service}---\n${configText('base', 'replicas: 1')}`, `${service}---\n${configText('base', 'replicas: 2')}`);
    expect(listed(services)).to.deep.equal(['changed Deployment qwen-kserve']);
  });

  it('shows what comes and goes', async () => {
    const services = await diff(serviceText(MODEL), serviceText(MODEL, 'router: {scheduler: {}}'));
    expect(listed(services)).to.include('created ServiceAccount qwen-epp-sa').and.include('created Deployment qwen-kserve-router-scheduler');
    expect(listed(await diff(serviceText(MODEL, 'router: {scheduler: {}}'), serviceText(MODEL)))).to.include('deleted ServiceAccount qwen-epp-sa');
    const created = services[0]?.changes.find(({ object }) => object.kind === 'ServiceAccount')?.patch;
    expect(created).to.match(/^--- \/dev\/null\n\+\+\+ ServiceAccount models\/qwen-epp-sa \(v1\)\n/);
  });

  it('takes services that only one side has as created or deleted', async () => {
    const other = serviceText(MODEL).replace('qwen', 'other');
    const services = await diff(serviceText(MODEL), other);
    expect(services.map(({ service }) => service)).to.deep.equal(['models/other', 'models/qwen']);
    expect(new Set(services[0]?.changes.map(({ action }) => action))).to.deep.equal(new Set(['created']));
    expect(new Set(services[1]?.changes.map(({ action }) => action))).to.deep.equal(new Set(['deleted']));
  });

  it('sums up by service', async () => {
    expect(summarise(await diff(serviceText(MODEL), serviceText(MODEL, 'replicas: 3')))).to.equal(
      'models/qwen: 1 object\n  ~ Deployment models/qwen-kserve (apps/v1)\n',
    );
  });

  it('refuses what cannot be served, at its line', async () => {
    const refused = await diff(serviceText(MODEL), serviceText(MODEL, 'baseRefs: [{name: gone}]')).then(
      () => '',
      (error: Error) => error.message,
    );
    expect(refused).to.match(/new\.yaml:7: error: LLMInferenceService\/qwen: spec\.baseRefs\[0\]: LLMInferenceServiceConfig "gone" not found/);
  });
});

describe('the changes of a Secret', () => {
  const secret = (data: Record<string, string>) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'ns' }, data });

  it('show which values differ, and no value', () => {
    const [change] = compareObjects([secret({ a: 'b2xk', b: 'c2FtZQ==', c: 'Z29uZQ==' })], [secret({ a: 'bmV3', b: 'c2FtZQ==' })]);
    const lines = (change?.patch ?? '').split('\n').map((line) => line.trimEnd());
    expect(lines.filter((line) => line.includes('***'))).to.deep.equal(['-  a: "*** (before)"', '+  a: "*** (after)"', '   b: "***"', '-  c: "***"']);
    expect(change?.patch).not.to.match(/b2xk|bmV3|c2FtZQ|Z29uZQ/);
  });

  it('are none where all values are the same', () => expect(compareObjects([secret({ a: 'eA==' })], [secret({ a: 'eA==' })])).to.deep.equal([]));
});
