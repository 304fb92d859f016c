import { expect } from 'chai';
import type { LLMInferenceService, LLMInferenceServiceConfig, LLMInferenceServiceSpec } from '../../../api/types.ts';
import { warnOfConfig } from '../../../api/warn/config.ts';
import { warnOfService } from '../../../api/warn/service.ts';

const service = (spec: object): LLMInferenceService => ({
  apiVersion: 'serving.kserve.io/v1alpha2',
  kind: 'LLMInferenceService',
  metadata: { name: 'svc', namespace: 'ns' },
  spec: spec as LLMInferenceServiceSpec,
});
const config = (spec: object): LLMInferenceServiceConfig => ({ ...service(spec), kind: 'LLMInferenceServiceConfig' });
/** The fields that are warned of. */
const fieldsOf = (warnings: readonly string[]): string[] => warnings.map((text) => text.slice(0, text.indexOf(': ')));
const picker = (inline: object) => ({ router: { scheduler: { config: { inline } } } });
const tiers = (...secondary: object[]) => ({ kvCacheOffloading: { cpu: '8Gi', secondary: secondary.map((fileSystem) => ({ fileSystem })) } });
const withEnv = (name: string) => ({ containers: [{ name: 'main', env: [{ name, value: '/x' }] }] });

const withOverlay = (more: object) => ({ template: { initContainers: [{ name: 'storage-initializer', ...more }] } });

const head = { apiVersion: 'llm-d.ai/v1alpha1', kind: 'EndpointPickerConfig' };
const sidecar = (...args: string[]) => ({ initContainers: [{ name: 'llm-d-routing-sidecar', args }] });
const pickerPod = (terminationGracePeriodSeconds: number, args: string[], command: string[]) => ({
  terminationGracePeriodSeconds,
  containers: [{ name: 'main', args, lifecycle: { preStop: { exec: { command } } } }],
});
const dataLayer = { sources: [{ pluginRef: 'endpoint-notification-source', extractors: [{ pluginRef: 'precise-prefix-cache-producer' }] }] };
const precise = (more: object, parameters?: object, replicas = 1) => {
  const plugins = [{ type: 'endpoint-notification-source' }, { type: 'precise-prefix-cache-producer', ...(parameters ? { parameters } : {}) }];
  return { router: { scheduler: { replicas, config: { inline: { ...head, plugins, ...more } } } } };
};
const withoutEvents = { template: { containers: [{ name: 'main' }] } };
const withEvents = { template: { containers: [{ name: 'main', args: ['--kv-events-config', '{"publisher":"zmq"}'] }] } };
const INLINE = 'spec.router.scheduler.config.inline';
const adapters = 'spec.model.lora.adapters';
const uri = 'hf://a/b';

describe('warnings about a service that is accepted', () => {
  const cases: [string, object, string[]][] = [
    ['an Ingress, which is never created (B10)', { router: { ingress: {} } }, ['spec.router.ingress']],
    ['a model without URI and without a config that could give one (B11)', { model: { uri: '', name: 'm' } }, ['spec.model.uri']],
    ['decryption of an image (B11)', { model: { uri: 'oci+native://r/i', confidential: { enabled: true } } }, ['spec.model.confidential']],
    ['an empty resource id (B11)', { model: { uri, confidential: { enabled: true, resourceId: '' } } }, ['spec.model.confidential.resourceId']],
    ['a claim without a name (B3.41)', { model: { uri: 'pvc:///models' } }, ['spec.model.uri']],
    ['a path out of a claim (B3.41)', { model: { uri: 'pvc://claim/../x' } }, ['spec.model.uri']],
    ['an absolute path in a claim (B3.41)', { model: { uri, lora: { adapters: [{ name: 'a', uri: 'PVC://c//x' }] } } }, [`${adapters}[0].uri`]],
    [
      'a claim that is not mounted, because nothing is attached (B3.37)',
      { model: { uri: 'pvc://claim/x' }, storageInitializer: { enabled: false } },
      ['spec.storageInitializer.enabled'],
    ],
    [
      'an image that is not mounted, because nothing is attached (B3.37)',
      { model: { uri: 'oci+native://r/i' }, storageInitializer: { enabled: false } },
      ['spec.storageInitializer.enabled'],
    ],
    [
      'changes to a download that does not take place (B3.37)',
      { model: { uri: 'oci+native://r/i' }, ...withOverlay({}), prefill: withOverlay({}) },
      ['spec.template.initContainers[0].image', 'spec.prefill.template.initContainers[0].image'],
    ],
    [
      'adapters with what only models have (B11)',
      { model: { uri, lora: { adapters: [{ name: 'a', uri, confidential: { enabled: true }, lora: {} }] } } },
      [`${adapters}[0].confidential`, `${adapters}[0].lora`],
    ],
    ['a pool besides a named pool (B12)', { router: { scheduler: { pool: { ref: { name: 'p' }, spec: {} } } } }, ['spec.router.scheduler.pool.spec']],
    ['a gateway without a name (B12)', { router: { gateway: { refs: [{ name: 'a' }, {}] } } }, ['spec.router.gateway.refs[1].name']],
    ['empty and repeated configs (B12)', { baseRefs: [{ name: 'a' }, {}, { name: 'a' }] }, ['spec.baseRefs[1].name', 'spec.baseRefs[2].name']],
    ['no memory to offload to (B13)', { kvCacheOffloading: { cpu: '0' } }, ['spec.kvCacheOffloading.cpu']],
    ['less than no memory, for prefill (B13)', { prefill: { kvCacheOffloading: { cpu: '-1Gi' } } }, ['spec.prefill.kvCacheOffloading.cpu']],
    ['a directory of no size (B13)', tiers({ emptyDir: { size: '0' } }), ['spec.kvCacheOffloading.secondary[0].fileSystem.emptyDir.size']],
    [
      'a claim without a size (B13)',
      tiers({ pvc: { spec: { accessModes: ['ReadWriteOnce'] } } }),
      ['spec.kvCacheOffloading.secondary[0].fileSystem.pvc.spec.resources.requests.storage'],
    ],
    [
      'two tiers in one place (B13)',
      tiers({ pvc: { ref: { name: 'a', path: '/kv/' } } }, { pvc: { ref: { name: 'a' } } }, { pvc: { ref: { name: 'a', path: 'kv' } } }),
      ['spec.kvCacheOffloading.secondary[2].fileSystem.pvc'],
    ],
    [
      'a picker configuration without kind, with fields of its own (B14)',
      picker({ schedulingStrategy: 'x' }),
      [`${INLINE}.apiVersion`, `${INLINE}.kind`, `${INLINE}.schedulingStrategy`],
    ],
    ['a picker configuration of another kind (B14)', picker({ ...head, kind: 'Pod' }), [`${INLINE}.kind`]],
    [
      'plugins of the same name (B14)',
      picker({ ...head, plugins: [{ type: 'queue-scorer' }, { type: 'load-aware-scorer', name: 'queue-scorer' }] }),
      [`${INLINE}.plugins[1]`],
    ],
    [
      'two profile handlers (B14)',
      picker({ ...head, plugins: [{ type: 'single-profile-handler' }, { type: 'data-parallel-profile-handler' }] }),
      [`${INLINE}.plugins[1]`],
    ],
    [
      'a profile that names no plugin (B14)',
      picker({
        ...head,
        plugins: [{ type: 'queue-scorer' }],
        schedulingProfiles: [{ name: 'd', plugins: [{ pluginRef: 'queue-scorer' }, { pluginRef: 'b' }] }],
      }),
      [`${INLINE}.schedulingProfiles[0].plugins[1].pluginRef`],
    ],
    [
      'a picker that is killed while it drains (R4b.2)',
      { router: { scheduler: { template: { terminationGracePeriodSeconds: 30, containers: [] } } } },
      ['spec.router.scheduler.template.terminationGracePeriodSeconds'],
    ],
    [
      'values and flags that the routing sidecar does not know (B4b.4, R4b.72)',
      { template: sidecar('--kv-connector=lmcache', '--ec-connector', 'nixl', '--connector=nixlv2', '--kv-connector=nixlv2', '--ec-connector=') },
      [0, 1, 3].map((i) => `spec.template.initContainers[0].args[${i}]`),
    ],
    ['a picker that waits for events nobody publishes (B4.21)', { ...precise({ dataLayer }), ...withoutEvents }, [INLINE]],
    ['a picker that does not listen to events of engines (B4.21)', { ...precise({}), ...withEvents }, [INLINE]],
    ['several pickers on one socket (B4b.10)', { ...precise({}, { kvEventsConfig: { zmqEndpoint: 'tcp://*:5557' } }, 2), ...withEvents }, [INLINE]],
    ['code from elsewhere (B19)', { template: withEnv('PYTHONPATH') }, ['spec.template.containers[0].env[0]']],
    ['code from elsewhere in workers of prefill (B19)', { prefill: { worker: withEnv('LD_PRELOAD') } }, ['spec.prefill.worker.containers[0].env[0]']],
  ];
  for (const [what, spec, fields] of cases) {
    it(`name the field: ${what}`, () => expect(fieldsOf(warnOfService(service(spec)))).to.deep.equal(fields));
  }

  it('tell of another kind of parallelism, which replaces all pods (B17)', () => {
    const [old, current] = [{ parallelism: { data: 1, dataLocal: 1 } }, { parallelism: { pipeline: 1 } }];
    expect(fieldsOf(warnOfService(service(current), service(old)))).to.deep.equal(['spec.parallelism']);
    expect(warnOfService(service(old), service(old))).to.deep.equal([]);
  });

  /** Recorded from the reference: as many warnings as there, which is none. */
  const silent: [string, object][] = [
    ['a download that does not take place', { model: { uri }, storageInitializer: { enabled: false } }],
    ['changes to a download', { model: { uri }, ...withOverlay({}) }],
    ['a container that is called like the download', { model: { uri: 'oci+native://r/i' }, ...withOverlay({ image: 'i' }) }],
    ['nothing', {}],
    ['the model that typed clients send', { model: { uri: '' } }],
    ['a config that may give the model', { baseRefs: [{ name: 'a' }], model: { uri: '', name: 'm' } }],
    ['a scheme that cannot be fetched', { model: { uri: 'gs://bucket/model' } }],
    ['an adapter in an image', { model: { uri, lora: { adapters: [{ name: 'a', uri: 'oci://r/i' }] } } }],
    ['a gateway that may not exist', { router: { route: {}, gateway: { refs: [{ name: 'nowhere' }] } } }],
    ['a group that has a weight', { router: { gateway: {}, route: { group: 'g', weight: 10 } } }],
    ['a picker that has time to drain', { router: { scheduler: { template: pickerPod(40, ['--drain-timeout=20s'], ['/bin/sleep', '5']) } } }],
    ['precise prefix caching as the reference has it, with neither end', { ...precise({}), ...withoutEvents }],
    ['precise prefix caching with both ends', { ...precise({ dataLayer }, undefined, 2), ...withEvents }],
    ['another variable', { template: withEnv('PYTHONHASHSEED') }],
  ];
  for (const [what, spec] of silent) it(`are none about ${what}`, () => expect(warnOfService(service(spec))).to.deep.equal([]));
  it('are none about a worker that comes or goes with the same size', () => {
    const [without, having] = [{ parallelism: { data: 2, dataLocal: 2 } }, { parallelism: { data: 2, dataLocal: 2 }, worker: {} }];
    expect(warnOfService(service(having), service(without))).to.deep.equal([]);
    expect(warnOfService(service(without), service(having))).to.deep.equal([]);
  });
});

describe('warnings about a config (B18)', () => {
  it('tell what no service could be accepted with', () => {
    expect(fieldsOf(warnOfConfig(config({ replicas: 1, scaling: { minReplicas: 3, maxReplicas: 2, wva: { hpa: {} } } })))).to.deep.equal([
      'spec.scaling',
      'spec.scaling.minReplicas',
    ]);
    expect(fieldsOf(warnOfConfig(config({ router: { ingress: {} } })))).to.deep.equal(['spec.router.ingress']);
  });

  const fragments: [string, object][] = [
    ['a worker alone', { worker: { containers: [] } }],
    ['half of a pair', { parallelism: { data: 4 } }],
    ['a weight without a group', { router: { route: { weight: 3 } } }],
    ['scaling without a mechanism', { scaling: { maxReplicas: 2 } }],
    ['a value that a template will fill in', { rolloutStrategy: { maxSurge: '{{ .Spec.Replicas }}' } }],
    ['an empty URI', { model: { uri: '' } }],
  ];
  for (const [what, spec] of fragments)
    it(`leave alone what a service may complete: ${what}`, () => expect(warnOfConfig(config(spec))).to.deep.equal([]));
});
