import { expect } from 'chai';
import type { PodTemplate } from '../../../api/types.ts';
import type { StorageSettings } from '../../../assemble/settings.ts';
import { attachModel } from '../../../render/storage.ts';
import { ask } from '../../support/answers.ts';
import { pod, workloadContext } from '../../support/workload-fixtures.ts';

const IMAGE = 'registry.example.com/granite:1.0';

function attach(uri: string, options: { storage?: Partial<StorageSettings>; template?: PodTemplate; container?: string; path?: string } = {}) {
  const { storage = {}, template = pod(), container = 'main', path = '/mnt/models' } = options;
  const context = workloadContext({ storage, spec: { model: { uri, name: 'granite' } } });
  return ask(attachModel(context, template, { container, path, account: undefined, livePodSpec: undefined, lora: false })) as PodTemplate & {
    message?: string;
  };
}

describe('a model in an image', () => {
  it('runs beside the engine and is checked before it', () => {
    const result = attach(`oci://${IMAGE}`);
    const resources = { limits: { cpu: '10m', memory: '15Mi' }, requests: { cpu: '10m', memory: '15Mi' } };
    const mount = { name: 'kserve-provision-location', mountPath: '/mnt' };
    expect(result.shareProcessNamespace).to.equal(true);
    expect(result.volumes).to.deep.equal([{ name: 'kserve-provision-location', emptyDir: {} }]);
    expect(result.containers).to.deep.equal([
      { name: 'main', image: 'vllm', env: [{ name: 'MODEL_INIT_MODE', value: 'async' }], volumeMounts: [mount] },
      {
        name: 'modelcar',
        image: IMAGE,
        args: ['sh', '-c', 'ln -sf /proc/$$$$/root/models /mnt/models && sleep infinity'],
        resources,
        terminationMessagePolicy: 'FallbackToLogsOnError',
        volumeMounts: [mount],
      },
    ]);
    expect(result.initContainers).to.deep.equal([
      {
        name: 'modelcar-init',
        image: IMAGE,
        args: [
          'sh',
          '-c',
          `echo 'Pre-fetching modelcar ${IMAGE}: ' && [ -d /models ] && [ "$$(ls -A /models)" ] && echo 'OK ... Prefetched and valid (/models exists)' || (echo 'NOK ... Prefetched but modelcar is invalid (/models does not exist or is empty)' && exit 1)`,
        ],
        resources,
        terminationMessagePolicy: 'FallbackToLogsOnError',
      },
    ]);
  });

  it('gives engine and modelcar the configured user, but not the check', () => {
    const result = attach(`oci://${IMAGE}`, { storage: { uidModelcar: 1010 }, template: pod({ securityContext: { runAsNonRoot: true } }) });
    expect(result.containers?.map(({ securityContext }) => securityContext)).to.deep.equal([
      { runAsNonRoot: true, runAsUser: 1010 },
      { runAsUser: 1010 },
    ]);
    expect(result.initContainers?.[0]).to.not.have.property('securityContext');
  });

  it('is linked to any other path after making its directory', () => {
    const result = attach(`oci://${IMAGE}`, { container: 'tokenizer', path: '/mnt/models/base', template: pod({ name: 'tokenizer' }) });
    expect(result.containers?.[0]?.volumeMounts).to.deep.equal([{ name: 'kserve-provision-location', mountPath: '/mnt/models' }]);
    expect(result.containers?.[1]?.args?.[2]).to.equal('mkdir -p /mnt/models && ln -sf /proc/$$$$/root/models /mnt/models/base && sleep infinity');
  });

  it('quotes a path that a shell would take apart', () => {
    const result = attach(`oci://${IMAGE}`, { path: "/mnt/it's here/x" });
    expect(result.containers?.[1]?.args?.[2]).to.contain(`mkdir -p '/mnt/it'\\''s here' && ln -sf /proc/$$$$/root/models '/mnt/it'\\''s here/x'`);
  });

  it('is added once', () => {
    const template = pod();
    template.containers?.push({ name: 'modelcar', image: 'mine' });
    const result = attach(`oci://${IMAGE}`, { template });
    expect(result.containers?.map(({ image }) => image)).to.deep.equal(['vllm', 'mine']);
    expect(result).to.not.have.property('initContainers');
  });

  it('drops the overlay for a download', () => {
    const result = attach(`oci://${IMAGE}`, { template: pod({}, { initContainers: [{ name: 'storage-initializer' }] }) });
    expect(result.initContainers?.map(({ name }) => name)).to.deep.equal(['modelcar-init']);
  });

  it('is a modelcar in mode fetch, too', () => {
    expect(attach(`oci://${IMAGE}`, { storage: { ociMode: 'fetch' } }).containers).to.have.length(2);
  });

  it('is a volume in mode native, and with its own scheme in any mode', () => {
    for (const [uri, ociMode] of [
      [`oci://${IMAGE}`, 'native'],
      [`oci+native://${IMAGE}`, 'modelcar'],
      [`oci+native://${IMAGE}`, 'disabled'],
    ] as const) {
      const result = attach(uri, { storage: { ociMode } });
      expect(result.volumes).to.deep.equal([{ name: 'mnt-models', image: { reference: IMAGE, pullPolicy: 'IfNotPresent' } }]);
      expect(result.containers?.[0]?.volumeMounts).to.deep.equal([
        { name: 'mnt-models', mountPath: '/mnt/models', subPath: 'models', readOnly: true },
      ]);
    }
  });

  it('keeps the overlay with the native scheme', () => {
    const template = pod({}, { initContainers: [{ name: 'storage-initializer' }] });
    expect(attach(`oci+native://${IMAGE}`, { template }).initContainers).to.deep.equal(template.initContainers);
  });

  for (const [title, message, options] of [
    ['while images are disabled', 'OCI modelcars is not enabled', { storage: { ociMode: 'disabled' } }],
    ['without its container', 'no container found with name main', { template: pod({ name: 'other' }) }],
    ['as a volume without its container', 'no container found with name main', { storage: { ociMode: 'native' }, template: pod({ name: 'other' }) }],
    [
      'as a volume where something else is mounted',
      'mountPath "/mnt/models" already used by volume "data"',
      { storage: { ociMode: 'native' }, template: pod({ volumeMounts: [{ name: 'data', mountPath: '/mnt/models' }] }) },
    ],
  ] as const) {
    it(`is refused ${title}`, () => expect(attach(`oci://${IMAGE}`, options as Parameters<typeof attach>[1]).message).to.equal(message));
  }
});
