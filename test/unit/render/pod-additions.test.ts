import { expect } from 'chai';
import type { Container, KubeObject } from '../../../api/kubernetes.ts';
import { addQuantities } from '../../../api/quantity.ts';
import { isRejection } from '../../../api/rejection.ts';
import type { KVCacheOffloadingSpec, SecondaryTierSpec, TracingSpec } from '../../../api/types.ts';
import { addKvCacheTiers } from '../../../render/kv-cache.ts';
import { type ManagedDra, renderManagedDra } from '../../../render/managed-dra.ts';
import { traceInferenceServer, traceScheduler } from '../../../render/tracing.ts';
import { ask } from '../../support/answers.ts';
import { ownedByLlama, pod, workloadContext } from '../../support/workload-fixtures.ts';

describe('KV cache tiers', () => {
  const tiers = (secondary: SecondaryTierSpec[], main: Partial<Container> = {}) => addKvCacheTiers(pod(main), { cpu: '1Gi', secondary });
  const disk = (size: string): SecondaryTierSpec => ({ fileSystem: { emptyDir: { size } } });

  it('leave a pod alone where there are none', () => {
    const template = pod();
    for (const offloading of [undefined, { cpu: '1Gi' }] as (KVCacheOffloadingSpec | undefined)[])
      expect(addKvCacheTiers(template, offloading)).to.equal(template);
  });

  it('on disk are mounted, and add to the disk the container requests', () => {
    const result = tiers([disk('200Gi'), disk('500Gi')], {
      resources: { requests: { cpu: '2', 'ephemeral-storage': '10Gi' }, limits: { cpu: '4' } },
    });
    expect(result.volumes).to.deep.equal([
      { name: 'kv-cache-secondary-0', emptyDir: { sizeLimit: '200Gi' } },
      { name: 'kv-cache-secondary-1', emptyDir: { sizeLimit: '500Gi' } },
    ]);
    expect(result.containers?.[0]?.volumeMounts).to.deep.equal([
      { name: 'kv-cache-secondary-0', mountPath: '/mnt/kv-cache-0' },
      { name: 'kv-cache-secondary-1', mountPath: '/mnt/kv-cache-1' },
    ]);
    expect(result.containers?.[0]?.resources).to.deep.equal({ requests: { cpu: '2', 'ephemeral-storage': '710Gi' }, limits: { cpu: '4' } });
  });

  it('on disk keep the notation of the spec', () => {
    const result = tiers([disk('100G')]);
    expect(result.containers?.[0]?.resources?.requests).to.deep.equal({ 'ephemeral-storage': '100G' });
    expect(result.volumes?.[0]?.emptyDir).to.deep.equal({ sizeLimit: '100G' });
  });

  it('on claims are new ones or the named one below a path', () => {
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Ti' } } };
    const result = tiers([
      { fileSystem: { pvc: { spec } } },
      { fileSystem: { pvc: { ref: { name: 'shared', path: 'kv/' } } } },
      { fileSystem: { pvc: { ref: { name: 'whole' } } } },
    ]);
    expect(result.volumes).to.deep.equal([
      { name: 'kv-cache-secondary-0', ephemeral: { volumeClaimTemplate: { spec } } },
      { name: 'kv-cache-secondary-1', persistentVolumeClaim: { claimName: 'shared' } },
      { name: 'kv-cache-secondary-2', persistentVolumeClaim: { claimName: 'whole' } },
    ]);
    expect(result.containers?.[0]?.volumeMounts).to.deep.equal([
      { name: 'kv-cache-secondary-0', mountPath: '/mnt/kv-cache-0' },
      { name: 'kv-cache-secondary-1', mountPath: '/mnt/kv-cache-1', subPath: 'kv/' },
      { name: 'kv-cache-secondary-2', mountPath: '/mnt/kv-cache-2' },
    ]);
  });

  it('keep their index past others that are no file system', () => {
    expect(tiers([{}, { fileSystem: {} }, disk('1Gi')]).volumes?.map(({ name }) => name)).to.deep.equal(['kv-cache-secondary-2']);
  });

  it('are volumes even where no container is named main', () => {
    const result = addKvCacheTiers(pod({ name: 'vllm' }), { cpu: '1Gi', secondary: [disk('1Gi')] });
    expect(result.volumes).to.have.length(1);
    expect(result.containers).to.deep.equal([{ name: 'vllm', image: 'vllm' }]);
  });
});

describe('tracing', () => {
  const spec = (tracing: TracingSpec) => workloadContext({ spec: { tracing } });
  const complete: TracingSpec = { exporterEndpoint: 'http://otel:4317', sampler: 'always_on', samplerArg: '1', exporter: 'otlp' };
  const server = (tracing: TracingSpec, main: Partial<Container> = {}) => traceInferenceServer(spec(tracing), pod(main), 'decode').containers?.[0];

  it('adds flags and environment to the inference server', () => {
    const field = (fieldPath: string) => ({ fieldRef: { apiVersion: 'v1', fieldPath } });
    expect(server(complete, { args: ['--a'] })?.args).to.deep.equal([
      '--a',
      '--otlp-traces-endpoint',
      'http://otel:4317',
      '--collect-detailed-traces',
      'all',
    ]);
    expect(server(complete)?.env).to.deep.equal([
      { name: 'OTEL_SERVICE_NAME', value: 'inference-server-decode' },
      { name: 'OTEL_EXPORTER_OTLP_ENDPOINT', value: 'http://otel:4317' },
      { name: 'OTEL_TRACES_EXPORTER', value: 'otlp' },
      { name: 'OTEL_TRACES_SAMPLER', value: 'always_on' },
      { name: 'OTEL_TRACES_SAMPLER_ARG', value: '1' },
      { name: 'OTEL_RESOURCE_ATTRIBUTES_NODE_NAME', valueFrom: field('spec.nodeName') },
      { name: 'OTEL_RESOURCE_ATTRIBUTES_POD_NAME', valueFrom: field('metadata.name') },
      {
        name: 'OTEL_RESOURCE_ATTRIBUTES',
        value:
          'k8s.namespace.name=ml,k8s.node.name=$(OTEL_RESOURCE_ATTRIBUTES_NODE_NAME),k8s.pod.name=$(OTEL_RESOURCE_ATTRIBUTES_POD_NAME),llmisvc.name=llama',
      },
    ]);
  });

  it('names a prefill server as such', () => {
    expect(traceInferenceServer(spec(complete), pod(), 'prefill').containers?.[0]?.env?.[0]?.value).to.equal('inference-server-prefill');
  });

  for (const [args, added] of [
    [
      ['--otlp-traces-endpoint', 'x'],
      ['--collect-detailed-traces', 'all'],
    ],
    [['--collect-detailed-traces=model'], ['--otlp-traces-endpoint', 'http://otel:4317']],
    [['--otlp-traces-endpoint-extra=x'], ['--otlp-traces-endpoint', 'http://otel:4317', '--collect-detailed-traces', 'all']],
  ]) {
    it(`leaves ${args} to the user`, () => expect(server(complete, { args: args ?? [] })?.args?.slice(args?.length)).to.deep.equal(added));
  }

  it('leaves variables of the user, and gives unset fields as empty', () => {
    const env = server({ exporterEndpoint: 'http://otel' }, { env: [{ name: 'OTEL_SERVICE_NAME', value: 'mine' }] })?.env;
    expect(env).to.have.length(8);
    expect(env?.[0]).to.deep.equal({ name: 'OTEL_SERVICE_NAME', value: 'mine' });
    expect(env).to.deep.include({ name: 'OTEL_TRACES_SAMPLER', value: '' });
  });

  it('needs an endpoint in the server, but not in the scheduler', () => {
    const template = pod();
    expect(traceInferenceServer(spec({}), template, 'decode')).to.equal(template);
    const scheduler = traceScheduler(spec({}), template).containers?.[0];
    expect(scheduler?.args).to.deep.equal(['--tracing=true']);
    expect(scheduler?.env?.[0]).to.deep.equal({ name: 'OTEL_SERVICE_NAME', value: 'inference-scheduler' });
    expect(traceScheduler(workloadContext(), template)).to.equal(template);
  });

  for (const flag of ['--tracing', '-tracing=false']) {
    it(`leaves ${flag} of the scheduler to the user`, () =>
      expect(traceScheduler(spec({}), pod({ args: [flag] })).containers?.[0]?.args).to.deep.equal([flag]));
  }
});

describe('the template of managed device claims', () => {
  const CLASS = 'serving.kserve.io/exp-dra-device-class';
  const COUNT = 'serving.kserve.io/exp-dra-device-count';
  const CEL = 'serving.kserve.io/exp-dra-cel-selector';
  const dra = (annotations: Record<string, string>, objects: readonly object[] = []) =>
    ask(renderManagedDra(workloadContext({ metadata: { annotations } })), objects);
  const requests = (annotations: Record<string, string>) => {
    const rendered = dra(annotations);
    if (isRejection(rendered)) throw new Error(rendered.message);
    return (rendered.present[0] as KubeObject & { spec: { spec: { devices: { requests: unknown } } } }).spec.spec.devices.requests;
  };

  it('does not exist without a device class', () => {
    expect(dra({ [COUNT]: '2' })).to.deep.include({ present: [], recreate: [] });
    expect(dra({})).to.have.nested.property('absent[0].name', 'llama-managed-dra');
  });

  it('asks for one kind of device', () => {
    expect(requests({ [CLASS]: ' gpu.nvidia.com ' })).to.deep.equal([{ name: 'device', exactly: { deviceClassName: 'gpu.nvidia.com' } }]);
    expect(requests({ [CLASS]: 'gpu', [COUNT]: ' 2 ', [CEL]: ' a == b \n\n c' })).to.deep.equal([
      { name: 'device', exactly: { deviceClassName: 'gpu', count: 2, selectors: [{ cel: { expression: 'a == b' } }, { cel: { expression: 'c' } }] } },
    ]);
    expect(requests({ [CLASS]: 'gpu', [COUNT]: '' })).to.deep.equal([{ name: 'device', exactly: { deviceClassName: 'gpu' } }]);
  });

  it('carries no labels', () =>
    expect(dra({ [CLASS]: 'gpu' }))
      .to.have.nested.property('present[0].metadata')
      .that.does.not.have.property('labels'));

  for (const [count, text] of [
    ['0', 'must be >= 1'],
    ['-1', 'must be >= 1'],
    ['two', 'invalid syntax'],
    ['1.5', 'invalid syntax'],
  ] as const) {
    it(`cannot be for ${count} devices`, () => {
      const { message } = dra({ [CLASS]: 'gpu', [COUNT]: count }) as { message: string };
      expect(message)
        .to.contain(text)
        .and.match(/^failed to reconcile Managed DRA ResourceClaimTemplate: /);
    });
  }

  const live = (exactly: object) =>
    ownedByLlama({
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaimTemplate',
      metadata: { name: 'llama-managed-dra' },
      spec: { spec: { devices: { requests: [{ name: 'device', exactly: { allocationMode: 'ExactCount', ...exactly } }] } } },
    });
  it('is made anew when other devices are wanted, because it cannot be changed', () => {
    const recreated = (exactly: object) => (dra({ [CLASS]: 'gpu' }, [live(exactly)]) as ManagedDra).recreate.length > 0;
    expect(recreated({ deviceClassName: 'gpu', count: 1 })).to.equal(false);
    expect(recreated({ deviceClassName: 'gpu', count: 2 })).to.equal(true);
    expect(recreated({ deviceClassName: 'other', count: 1 })).to.equal(true);
    expect(recreated({ deviceClassName: 'gpu', count: 1, selectors: [{ cel: { expression: 'a' } }] })).to.equal(true);
  });
});

describe('sums of quantities', () => {
  for (const [a, b, sum] of [
    ['10Gi', '200Gi', '210Gi'],
    ['1G', '1Gi', '2073741824'],
    ['512Mi', '512Mi', '1Gi'],
    ['0', '100Gi', '100Gi'],
    ['1500m', '500m', '2'],
    [1, '1k', '1001'],
  ] as const) {
    it(`${a} and ${b} are ${sum}`, () => expect(addQuantities(a, b)).to.equal(sum));
  }
});
