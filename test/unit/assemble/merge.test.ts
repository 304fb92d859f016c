import { expect } from 'chai';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { merge } from './fixtures.ts';

type Spec = LLMInferenceServiceSpec;

const uri = (value: string): Spec => ({ model: { uri: value } });
const containers = (...list: object[]): Spec => ({ template: { containers: list } }) as Spec;

describe('merging specs (R2.30 - R2.41)', () => {
  const initTemplate = {
    containers: [{ name: 'main', image: 'a' }],
    initContainers: [{ name: 'storage-initializer', image: 's', resources: { requests: { cpu: '1' } } }],
    volumes: [{ name: 'cache', emptyDir: {} }],
  };
  const busybox = { template: { containers: [{ name: 'busybox' }], initContainers: [{ name: 's', image: 'i' }] }, replicas: 2 };
  const busybox2 = { template: { containers: [{ name: 'busybox-2' }], initContainers: [] }, replicas: 2 };
  const busyResult = {
    template: { containers: [{ name: 'busybox-2' }, { name: 'busybox' }], initContainers: [{ name: 's', image: 'i' }] },
    replicas: 2,
  };
  const pool = (spec: object): object => ({ router: { scheduler: { pool: { spec } } } });

  const table: [string, object[], object][] = [
    ['nothing gives the empty spec', [], {}],
    ['one layer stays as it is', [{ ...uri('hf://a/a'), parallelism: { expert: false } }], { ...uri('hf://a/a'), parallelism: { expert: false } }],
    ['the higher uri wins', [uri('hf://a/a'), uri('hf://b/b')], uri('hf://b/b')],
    [
      'uri and replicas of the higher layer win',
      [
        { ...uri('hf://a/a'), replicas: 1 },
        { ...uri('hf://b/b'), replicas: 2 },
      ],
      { ...uri('hf://b/b'), replicas: 2 },
    ],
    [
      'empty objects stay when something is added beside them',
      [{ router: { route: {}, gateway: {}, scheduler: {} } }, pool({ targetPorts: [{ number: 9999 }] })],
      { router: { route: {}, gateway: {}, scheduler: { pool: { spec: { targetPorts: [{ number: 9999 }] } } } } },
    ],
    [
      'pod templates merge by container name, tolerations are replaced',
      [
        {
          replicas: 1,
          template: {
            initContainers: [{ name: 'init', image: 'init:1', resources: { requests: { storage: '1Gi' } } }],
            containers: [{ name: 'main', image: 'main:1', env: [{ name: 'A', value: '1' }], resources: { requests: { cpu: '1', memory: '1Gi' } } }],
            tolerations: [{ key: 'a', operator: 'Exists' }],
          },
        },
        {
          replicas: 2,
          template: {
            initContainers: [{ name: 'init', resources: { requests: { storage: '2Gi' } } }],
            containers: [
              { name: 'main', image: 'main:2', env: [{ name: 'A', value: '2' }], resources: { requests: { cpu: '2' } } },
              { name: 'extra', image: 'x' },
            ],
            tolerations: [{ key: 'b', operator: 'Exists' }],
            priorityClassName: 'high',
          },
        },
      ],
      {
        replicas: 2,
        template: {
          initContainers: [{ name: 'init', image: 'init:1', resources: { requests: { storage: '2Gi' } } }],
          containers: [
            { name: 'main', image: 'main:2', env: [{ name: 'A', value: '2' }], resources: { requests: { cpu: '2', memory: '1Gi' } } },
            { name: 'extra', image: 'x' },
          ],
          tolerations: [{ key: 'b', operator: 'Exists' }],
          priorityClassName: 'high',
        },
      },
    ],
    [
      'main and prefill stand side by side',
      [containers({ name: 'main' }), { prefill: { replicas: 1 } }],
      { ...containers({ name: 'main' }), prefill: { replicas: 1 } },
    ],
    ['template and worker stand side by side', [containers({ name: 'main' }), { worker: {} }], { ...containers({ name: 'main' }), worker: {} }],
    [
      'parallelism merges field by field',
      [{ parallelism: { tensor: 2 } }, { parallelism: { pipeline: 4 } }],
      { parallelism: { tensor: 2, pipeline: 4 } },
    ],
    [
      'prefill merges like the main workload',
      [
        { prefill: { replicas: 2, template: { containers: [{ name: 'main', image: 'a', resources: { requests: { cpu: '1' } } }] } } },
        { prefill: { replicas: 4, template: { containers: [{ name: 'main', env: [{ name: 'A', value: '1' }] }] } } },
      ],
      {
        prefill: {
          replicas: 4,
          template: { containers: [{ name: 'main', image: 'a', resources: { requests: { cpu: '1' } }, env: [{ name: 'A', value: '1' }] }] },
        },
      },
    ],
    [
      'router, scheduler and two worker layers come together',
      [
        { router: { route: {} } },
        { worker: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': '1' } } }] }, parallelism: { tensor: 1, pipeline: 1 } },
        {
          router: {
            scheduler: {
              pool: { spec: { endpointPickerRef: { name: 'epp', failureMode: 'FailClose' } } },
              template: { containers: [{ name: 'main' }] },
            },
          },
        },
        { worker: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': '4' } } }] }, parallelism: { tensor: 4, pipeline: 2 } },
      ],
      {
        router: {
          route: {},
          scheduler: {
            pool: { spec: { endpointPickerRef: { name: 'epp', failureMode: 'FailClose' } } },
            template: { containers: [{ name: 'main' }] },
          },
        },
        worker: { containers: [{ name: 'main', resources: { limits: { 'nvidia.com/gpu': '4' } } }] },
        parallelism: { tensor: 4, pipeline: 2 },
      },
    ],
    [
      'refs are replaced, refs and spec of a route both survive',
      [
        { router: { route: { http: { refs: [{ name: 'r1' }], spec: { parentRefs: [{ name: 'p' }] } } }, gateway: { refs: [{ name: 'g1' }] } } },
        { router: { route: { http: { refs: [{ name: 'r2' }] } }, gateway: { refs: [{ name: 'g2' }] } } },
        { worker: {} },
        { router: { scheduler: { pool: { ref: { name: 'external' } } } } },
        { worker: {} },
      ],
      {
        router: {
          route: { http: { refs: [{ name: 'r2' }], spec: { parentRefs: [{ name: 'p' }] } } },
          gateway: { refs: [{ name: 'g2' }] },
          scheduler: { pool: { ref: { name: 'external' } } },
        },
        worker: {},
      },
    ],
    [
      'resources are unions, env merges by name and an empty value does not count',
      [
        {
          worker: {
            containers: [
              {
                name: 'main',
                resources: { requests: { cpu: '1', 'nvidia.com/gpu': '1' }, limits: { 'nvidia.com/gpu': '1' } },
                env: [
                  { name: 'a', value: '1' },
                  { name: 'z', value: '42' },
                ],
                args: ['a', 'b'],
              },
            ],
          },
        },
        {
          worker: {
            containers: [
              {
                name: 'main',
                resources: { requests: { memory: '1Gi' }, limits: { cpu: '2' } },
                env: [
                  { name: 'b', value: '2' },
                  { name: 'z', value: '' },
                ],
                args: ['x', 'y'],
              },
            ],
          },
        },
      ],
      {
        worker: {
          containers: [
            {
              name: 'main',
              resources: { requests: { cpu: '1', 'nvidia.com/gpu': '1', memory: '1Gi' }, limits: { 'nvidia.com/gpu': '1', cpu: '2' } },
              env: [
                { name: 'b', value: '2' },
                { name: 'a', value: '1' },
                { name: 'z', value: '42' },
              ],
              args: ['x', 'y'],
            },
          ],
        },
      },
    ],
    [
      'adapters are replaced, the base uri stays',
      [
        { model: { uri: 'hf://a/a', lora: { adapters: [{ name: '1', uri: 'hf://1/1' }] } } },
        { model: { lora: { adapters: [{ name: '2', uri: 'hf://2/2' }] } } },
      ],
      { model: { uri: 'hf://a/a', lora: { adapters: [{ name: '2', uri: 'hf://2/2' }] } } },
    ],
    ['a uri is one value', [uri('hf://org/model'), uri('s3://bucket')], uri('s3://bucket')],
    ['baseRefs are replaced', [{ baseRefs: [{ name: '1' }, { name: '2' }] }, { baseRefs: [{ name: '3' }] }], { baseRefs: [{ name: '3' }] }],
    [
      'ingress refs are replaced',
      [{ router: { ingress: { refs: [{ name: 'a' }] } } }, { router: { ingress: { refs: [{ name: 'b' }] } } }],
      { router: { ingress: { refs: [{ name: 'b' }] } } },
    ],
    [
      'a missing name does not count',
      [{ model: { uri: 'hf://a/a', name: 'n' }, replicas: 1 }, { replicas: 3 }],
      { model: { uri: 'hf://a/a', name: 'n' }, replicas: 3 },
    ],
    [
      'a bit of everything',
      [
        {
          model: { name: 'n', uri: 'hf://a/a', lora: { maxRank: 1 } },
          parallelism: { tensor: 1 },
          router: { gateway: { refs: [{ name: 'g' }] } },
          replicas: 1,
        },
        {
          model: { name: 'm', lora: { maxRank: 2 } },
          parallelism: { pipeline: 1 },
          router: { route: { http: { refs: [{ name: 'r' }] } } },
          replicas: 5,
        },
      ],
      {
        model: { name: 'm', uri: 'hf://a/a', lora: { maxRank: 2 } },
        parallelism: { tensor: 1, pipeline: 1 },
        router: { gateway: { refs: [{ name: 'g' }] }, route: { http: { refs: [{ name: 'r' }] } } },
        replicas: 5,
      },
    ],
    ['an empty model does not hide a uri', [{ model: { uri: '' } }, uri('hf://a/a')], uri('hf://a/a')],
    ['an empty uri does not override', [uri('hf://a/a'), { model: { uri: '' } }], uri('hf://a/a')],
    ['zero replicas count', [{ replicas: 0 }, {}], { replicas: 0 }],
    ['zero replicas override', [{ replicas: 2 }, { replicas: 0 }], { replicas: 0 }],
    ['an empty template changes nothing', [{ template: initTemplate }, { template: {} }], { template: initTemplate }],
    ['an empty container list changes nothing', [{ template: initTemplate }, { template: { containers: [] } }], { template: initTemplate }],
    ['new containers come first', [busybox, busybox2], busyResult],
    ['an empty layer changes nothing', [busybox, busybox2, {}], busyResult],
    [
      'a selector is added to a pool',
      [pool({ targetPorts: [{ number: 1 }] }), pool({ selector: { matchLabels: { a: '1', b: '2' } } })],
      pool({ targetPorts: [{ number: 1 }], selector: { matchLabels: { a: '1', b: '2' } } }),
    ],
    [
      'selector labels merge',
      [pool({ selector: { matchLabels: { x: '1' } } }), pool({ selector: { matchLabels: { a: '1', b: '2' } } })],
      pool({ selector: { matchLabels: { x: '1', a: '1', b: '2' } } }),
    ],
  ];
  for (const [name, layers, expected] of table) it(name, () => expect(merge(...layers)).to.deep.equal(expected));
});

describe('what counts as set (R2.32)', () => {
  const base = {
    parallelism: { expert: true, tensor: 4 },
    template: {
      hostNetwork: true,
      terminationGracePeriodSeconds: 60,
      containers: [{ name: 'main', command: ['x'], livenessProbe: { initialDelaySeconds: 5 }, securityContext: { privileged: true } }],
    },
    storageInitializer: { enabled: true },
    kvCacheOffloading: { cpu: '1Gi', evictionPolicy: 'arc' },
    tracing: { sampler: 'always_on' },
  };

  it('drops false, 0, "" and empty lists of plain fields', () => {
    const override = {
      parallelism: { expert: false },
      template: { hostNetwork: false, containers: [{ name: 'main', command: [], livenessProbe: { initialDelaySeconds: 0 } }] },
      kvCacheOffloading: { cpu: '1Gi', evictionPolicy: '' },
    };
    expect(merge(base, override)).to.deep.equal(base);
  });

  it('keeps false, 0 and "" of nullable fields', () => {
    const override = {
      parallelism: { tensor: 0 },
      template: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', securityContext: { privileged: false } }] },
      storageInitializer: { enabled: false },
      tracing: { sampler: '' },
    };
    const merged = merge(base, override);
    expect(merged.parallelism?.tensor).to.equal(0);
    expect(merged.template?.terminationGracePeriodSeconds).to.equal(0);
    expect(merged.template?.containers?.[0]?.securityContext?.privileged).to.equal(false);
    expect(merged.storageInitializer?.enabled).to.equal(false);
    expect(merged.tracing?.sampler).to.equal('');
  });

  it('treats null like absence, drops unknown fields and writes quantities in canonical form', () => {
    const override = {
      replicas: null,
      nonsense: 1,
      template: { containers: [{ name: 'main', resources: { requests: { cpu: '2000m', memory: '1024Mi' } } }] },
    };
    const merged = merge({ replicas: 2 }, override);
    expect(merged).to.deep.equal({ replicas: 2, template: { containers: [{ name: 'main', resources: { requests: { cpu: '2', memory: '1Gi' } } }] } });
  });

  it('never prunes map values and the inline scheduler config (R2.32a)', () => {
    const inline = { threshold: 0, plugins: [], parameters: {}, text: '' };
    const merged = merge(
      { router: { scheduler: { annotations: { 'app.kubernetes.io/version': '0.10.0' } } } },
      { router: { scheduler: { annotations: { 'app.kubernetes.io/version': '' }, config: { inline } } } },
    );
    expect(merged.router?.scheduler).to.deep.equal({ annotations: { 'app.kubernetes.io/version': '' }, config: { inline } });
  });

  it('writes required fields whatever they hold (R2.38)', () => {
    const merged = merge({ model: { uri: 'hf://a/a', confidential: { enabled: true } } }, { model: { uri: '', confidential: { enabled: false } } });
    expect(merged.model).to.deep.equal({ uri: 'hf://a/a', confidential: { enabled: false } });
  });

  it('keeps nested objects that are empty', () => {
    expect(merge({ replicas: 1 }, { router: {}, tracing: {} })).to.deep.equal({ replicas: 1, router: {}, tracing: {} });
  });
});
