import { expect } from 'chai';
import type { PodTemplate } from '../../../api/types.ts';
import type { Attachment } from '../../../render/attachment.ts';
import type { Context } from '../../../render/children.ts';
import { attachModel, overlayEvents } from '../../../render/storage.ts';
import { commonDirectory } from '../../../render/storage-initializer.ts';
import { ask } from '../../support/answers.ts';
import { account, NAMESPACE, pod, secret, workloadContext } from '../../support/workload-fixtures.ts';

const attachment: Attachment = { container: 'main', path: '/mnt/models', account: undefined, livePodSpec: undefined, lora: true };
const downloadVolume = { name: 'kserve-provision-location', emptyDir: {} };

function attach(context: Context, template: PodTemplate = pod(), options: Partial<Attachment> = {}, objects: readonly object[] = []): PodTemplate {
  return ask(attachModel(context, template, { ...attachment, ...options }), objects) as PodTemplate;
}

function rejectionOf(context: Context, template: PodTemplate = pod()): string {
  return (ask(attachModel(context, template, attachment)) as { message: string }).message;
}

const initializer = (podSpec: PodTemplate) => podSpec.initContainers?.find(({ name }) => name === 'storage-initializer');
const main = (podSpec: PodTemplate) => podSpec.containers?.find(({ name }) => name === 'main');
const envOf = (podSpec: PodTemplate) => initializer(podSpec)?.env ?? [];
const withUri = (uri: string, rest: Parameters<typeof workloadContext>[0] = {}) =>
  workloadContext({ ...rest, spec: { model: { uri, name: 'llama' }, ...rest.spec } });

describe('attaching a model', () => {
  it('refuses a URI without a scheme, with the text as written', () => {
    expect(rejectionOf(withUri('llama'))).to.equal('invalid model URI: llama');
    expect(rejectionOf(withUri(''))).to.equal('invalid model URI: ');
  });

  for (const uri of ['gs://bucket/model', 'https://host/model', 'oci+fetch://image', 'oci+modelcar://image', 'modelscope://a/b']) {
    it(`refuses ${uri}`, () => expect(rejectionOf(withUri(uri))).to.equal(`unsupported schema in model URI: ${uri}`));
  }

  for (const uri of ['hf://a/b', 's3://a/b', 'pvc://a/b', 'oci://a/b', 'oci+native://a/b']) {
    it(`leaves the pod alone with a disabled storage initializer: ${uri}`, () => {
      const template = pod({}, { initContainers: [{ name: 'storage-initializer', image: 'mine' }] });
      const context = withUri(uri, { spec: { model: { uri, name: 'llama' }, storageInitializer: { enabled: false } } });
      expect(attach(context, template)).to.equal(template);
    });
  }

  it('never changes the template it is given', () => {
    const template = pod({ env: [{ name: 'A', value: 'b' }] });
    const before = structuredClone(template);
    attach(workloadContext(), template);
    expect(template).to.deep.equal(before);
  });

  it('downloads from the hub with an init container at the end', () => {
    const result = attach(workloadContext(), pod({}, { initContainers: [{ name: 'first' }] }), {}, [account('default')]);
    expect(result.initContainers?.map(({ name }) => name)).to.deep.equal(['first', 'storage-initializer']);
    expect(initializer(result)).to.deep.equal({
      name: 'storage-initializer',
      image: 'registry.example.com/storage-initializer:v1',
      args: ['hf://meta/llama', '/mnt/models'],
      terminationMessagePolicy: 'FallbackToLogsOnError',
      resources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '1', memory: '1Gi' } },
      volumeMounts: [{ name: 'kserve-provision-location', mountPath: '/mnt/models' }],
      env: [
        { name: 'HF_HUB_ENABLE_HF_TRANSFER', value: '1' },
        { name: 'HF_XET_HIGH_PERFORMANCE', value: '1' },
        { name: 'HF_XET_NUM_CONCURRENT_RANGE_GETS', value: '8' },
      ],
    });
    expect(main(result)?.volumeMounts).to.deep.equal([{ name: 'kserve-provision-location', mountPath: '/mnt/models', readOnly: true }]);
    expect(result.volumes).to.deep.equal([downloadVolume]);
  });

  it('takes the URI as written but for the case of its scheme', () => {
    expect(initializer(attach(withUri('HF://user-id/Repo-id:tag')))?.args).to.deep.equal(['hf://user-id/Repo-id:tag', '/mnt/models']);
  });

  it('uses the default image where none is configured', () => {
    expect(initializer(attach(workloadContext({ storage: { image: '' } })))?.image).to.equal('kserve/storage-initializer:latest');
  });

  it('gives a tokenizer the few files it needs, where it looks for them', () => {
    const template = pod({ name: 'tokenizer' });
    const result = attach(workloadContext(), template, { container: 'tokenizer', path: '/mnt/models/base', lora: false });
    expect(initializer(result)?.args).to.deep.equal(['hf://meta/llama', '/mnt/models']);
    expect(result.containers?.[0]?.volumeMounts).to.deep.equal([
      { name: 'kserve-provision-location', mountPath: '/mnt/models/base', readOnly: true },
    ]);
    expect(envOf(result).at(-1)).to.deep.equal({
      name: 'STORAGE_ALLOW_PATTERNS',
      value:
        '["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "config.json", "generation_config.json"]',
    });
  });

  it('has confidential models decrypted', () => {
    const confidential = { enabled: true, resourceId: 'kbs:///repo/type/tag' };
    const result = attach(workloadContext({ spec: { model: { uri: 's3://bucket/model', name: 'llama', confidential } } }));
    expect(envOf(result)).to.deep.equal([
      { name: 'CONFIDENTIAL_ENABLED', value: 'true' },
      { name: 'CONFIDENTIAL_RESOURCE_ID', value: 'kbs:///repo/type/tag' },
    ]);
  });

  it('keeps the pod without container main silently as it is, apart from the download', () => {
    const result = attach(workloadContext(), pod({ name: 'vllm' }));
    expect(result.containers).to.deep.equal([{ name: 'vllm', image: 'vllm' }]);
    expect(initializer(result)).to.not.equal(undefined);
  });

  describe('from a claim', () => {
    it('mounts it read-only with the path as it stands', () => {
      const result = attach(withUri('pvc://models/llama/v1/'));
      expect(result.volumes).to.deep.equal([{ name: 'kserve-pvc-source', persistentVolumeClaim: { claimName: 'models' } }]);
      expect(main(result)?.volumeMounts).to.deep.equal([
        { name: 'kserve-pvc-source', mountPath: '/mnt/models', readOnly: true, subPath: 'llama/v1/' },
      ]);
    });

    it('mounts all of it without a path, and drops the overlay for a download', () => {
      const result = attach(withUri('pvc://models'), pod({}, { initContainers: [{ name: 'storage-initializer' }] }));
      expect(main(result)?.volumeMounts).to.deep.equal([{ name: 'kserve-pvc-source', mountPath: '/mnt/models', readOnly: true }]);
      expect(result).to.not.have.property('initContainers');
    });
  });

  describe('from a local model cache', () => {
    const source = 'hf://meta-llama/Llama-3.2-1B';
    const marked = (uri: string, annotations: Record<string, string>) =>
      withUri(uri, { metadata: { labels: { 'internal.serving.kserve.io/localmodel': 'cache' }, annotations } });
    const complete = { 'internal.serving.kserve.io/localmodel-sourceuri': source, 'internal.serving.kserve.io/localmodel-pvc-name': 'cache-gpu' };

    for (const [uri, subPath] of [
      [source, 'models/57bc1d3e1da51dab/'],
      [`${source}/sub`, 'models/57bc1d3e1da51dab/sub'],
    ] as const) {
      it(`mounts ${subPath} for ${uri}`, () => {
        const result = attach(marked(uri, complete));
        expect(result.volumes).to.deep.equal([{ name: 'kserve-pvc-source', persistentVolumeClaim: { claimName: 'cache-gpu' } }]);
        expect(main(result)?.volumeMounts?.[0]?.subPath).to.equal(subPath);
        expect(initializer(result)).to.equal(undefined);
      });
    }

    for (const missing of Object.keys(complete)) {
      it(`refuses a service that lacks ${missing}`, () => {
        const rest = Object.fromEntries(Object.entries(complete).filter(([key]) => key !== missing));
        expect(rejectionOf(marked(source, rest))).to.equal(`annotation ${missing} not found`);
      });
    }
  });

  describe('with an overlay of the user', () => {
    it('merges it over the generated container, whose arguments stay', () => {
      const overlay = {
        name: 'storage-initializer',
        args: ['x'],
        command: ['y'],
        env: [{ name: 'HF_XET_HIGH_PERFORMANCE', value: '0' }],
        resources: { limits: { memory: '8Gi' } },
      };
      const result = attach(workloadContext(), pod({}, { initContainers: [overlay, { name: 'other' }] }));
      expect(result.initContainers?.map(({ name }) => name)).to.deep.equal(['other', 'storage-initializer']);
      expect(initializer(result)).to.deep.include({
        args: ['hf://meta/llama', '/mnt/models'],
        resources: { requests: { cpu: '100m', memory: '100Mi' }, limits: { cpu: '1', memory: '8Gi' } },
      });
      expect(initializer(result)).to.not.have.property('command');
      expect(envOf(result).map(({ name, value }) => `${name}=${value}`)).to.deep.equal([
        'HF_XET_HIGH_PERFORMANCE=0',
        'HF_HUB_ENABLE_HF_TRANSFER=1',
        'HF_XET_NUM_CONCURRENT_RANGE_GETS=8',
      ]);
    });

    it('takes the last of several, and an image of it before the live one', () => {
      const overlays = [
        { name: 'storage-initializer', image: 'first' },
        { name: 'storage-initializer', image: 'last' },
      ];
      const live = pod({}, { initContainers: [{ name: 'storage-initializer', image: 'live', args: ['hf://meta/llama', '/mnt/models'] }] });
      const result = attach(workloadContext(), pod({}, { initContainers: overlays }), { livePodSpec: live });
      expect(result.initContainers?.map(({ image }) => image)).to.deep.equal(['last']);
    });
  });

  describe('with arguments in the overlay', () => {
    const template = pod({}, { initContainers: [{ name: 'storage-initializer', args: ['x'] }] });
    const adapters = [{ name: 'a', uri: 'hf://a/b', scheme: 'hf', mountPath: '/mnt/lora/a' }] as const;
    const cached = { labels: { 'internal.serving.kserve.io/localmodel': 'cache' } };
    for (const [title, context, count] of [
      ['says that they do not count', withUri('S3://a/b'), 1],
      ['says so for adapters next to a claim', withUri('pvc://a/b', { adapters }), 1],
      ['says nothing where nothing is downloaded', withUri('pvc://a/b'), 0],
      ['says nothing about a model in an image', withUri('oci+native://image'), 0],
      ['says nothing about a model in a local cache that is not ready', withUri('hf://a/b', { metadata: cached }), 0],
      ['says nothing without the storage initializer', withUri('hf://a/b', { spec: { storageInitializer: { enabled: false } } }), 0],
    ] as const) {
      it(title, () =>
        expect(overlayEvents(context, template).map(({ reason }) => reason)).to.deep.equal(Array(count).fill('StorageInitializerOverride')),
      );
    }
  });

  describe('next to a running pod', () => {
    const live = (rest: object) => ({ livePodSpec: pod({}, { initContainers: [{ name: 'storage-initializer', image: 'old', ...rest }] }) });
    const sameModel = { args: ['hf://meta/llama', '/mnt/models'] };

    it('keeps its image while it downloads the same', () => {
      expect(initializer(attach(workloadContext(), pod(), live(sameModel)))?.image).to.equal('old');
    });

    it('uses the configured image for another model, which restarts the pod anyway', () => {
      const result = attach(workloadContext(), pod(), live({ args: ['hf://meta/other', '/mnt/models'] }));
      expect(initializer(result)?.image).to.equal('registry.example.com/storage-initializer:v1');
    });

    it('adds no hub settings to one that has none', () => {
      expect(envOf(attach(workloadContext(), pod(), live(sameModel)))).to.deep.equal([]);
      expect(envOf(attach(workloadContext(), pod(), live({ ...sameModel, env: [{ name: 'HF_TOKEN' }] })))).to.have.length(3);
    });
  });

  describe('with a CA bundle', () => {
    const bundled = { storage: { caBundleConfigMapName: 'global', caBundleVolumeMountPath: '/path/to/globalcerts' } };
    const bundleEnv = (podSpec: PodTemplate) =>
      envOf(podSpec)
        .filter(({ name }) => name.startsWith('CA_BUNDLE'))
        .map(({ value }) => value);

    it('mounts the copy in the namespace where the installation says', () => {
      const result = attach(withUri('s3://bucket/model', bundled));
      expect(bundleEnv(result)).to.deep.equal(['global-ca-bundle', '/path/to/globalcerts']);
      expect(result.volumes).to.deep.include({ name: 'cabundle-cert', configMap: { name: 'global-ca-bundle' } });
      expect(initializer(result)?.volumeMounts).to.deep.include({ name: 'cabundle-cert', mountPath: '/path/to/globalcerts', readOnly: true });
    });

    it('mounts the source itself in the system namespace', () => {
      expect(bundleEnv(attach(withUri('s3://b/m', { ...bundled, options: { systemNamespace: NAMESPACE } })))[0]).to.equal('global');
    });

    it('prefers what the S3 settings name', () => {
      const s3 = { caBundleConfigMap: 'local', caBundle: '/path/to/localcerts.crt', secretAccessKeyName: 'AWS_SECRET_ACCESS_KEY' };
      const objects = [account('default', { secrets: ['s3'] }), secret('s3', { AWS_SECRET_ACCESS_KEY: 'x' })];
      for (const storage of [bundled.storage, {}]) {
        expect(bundleEnv(attach(withUri('s3://b/m', { storage, s3 }), pod(), {}, objects))).to.deep.equal(['local', '/path/to']);
      }
    });

    it('is there for downloads from the hub too, under a default path', () => {
      const result = attach(workloadContext({ storage: { caBundleConfigMapName: 'global' } }));
      expect(bundleEnv(result)).to.deep.equal(['global-ca-bundle', '/etc/ssl/custom-certs']);
    });
  });
});

describe('the directory that downloads share', () => {
  for (const [paths, directory] of [
    [['/mnt/models'], '/mnt/models'],
    [['/mnt/lora/a'], '/mnt/lora/a'],
    [['/mnt/models', '/mnt/lora/a'], '/mnt'],
    [['/mnt/lora/a', '/mnt/lora/a-b'], '/mnt/lora'],
    [['/models', '/lora'], '/'],
  ] as const) {
    it(`of ${paths.join(', ')} is ${directory}`, () => expect(commonDirectory(paths)).to.equal(directory));
  }
});
