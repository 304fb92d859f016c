import { expect } from 'chai';
import { childName } from '../../../api/names.ts';
import type { GatewayRef, LLMInferenceServiceSpec } from '../../../api/types.ts';
import { complete } from '../../../assemble/post-render.ts';
import { withSchedulerDefaults } from '../../../assemble/pre-render.ts';
import { gatewayParents } from '../../../assemble/route-refs.ts';
import { ask } from '../../support/answers.ts';
import { accepted, refusal, service } from './fixtures.ts';

type Spec = LLMInferenceServiceSpec;

const run = (spec: object, annotations: Record<string, string> = {}, objects: object[] = []) =>
  ask(complete(spec as Spec, service({}, { annotations }), 'kserve'), objects);
const completed = (spec: object, annotations?: Record<string, string>): Spec => accepted(run(spec, annotations)).spec;

describe('scheduler defaults before rendering', () => {
  const labels = { 'app.kubernetes.io/name': 'svc', 'app.kubernetes.io/part-of': 'llminferenceservice', 'kserve.io/component': 'workload' };
  const withPool = (spec: object): Spec => ({ router: { scheduler: { pool: { spec } } } });

  it('the pool selects the workload of the service (R2.60)', () => {
    expect(withSchedulerDefaults(withPool({}), 'svc')).to.deep.equal(withPool({ selector: { matchLabels: labels } }));
    expect(withSchedulerDefaults(withPool({ selector: { matchLabels: {} } }), 'svc')).to.deep.equal(withPool({ selector: { matchLabels: labels } }));
    const own = withPool({ selector: { matchLabels: { a: 'b' } } });
    expect(withSchedulerDefaults(own, 'svc')).to.deep.equal(own);
  });

  it('the scheduler has a service account (R2.61)', () => {
    const template = (spec: object): Spec => ({ router: { scheduler: { template: spec } } });
    expect(withSchedulerDefaults(template({}), 'svc')).to.deep.equal(template({ serviceAccountName: 'svc-epp-sa' }));
    expect(withSchedulerDefaults(template({ serviceAccountName: 'x' }), 'svc')).to.deep.equal(template({ serviceAccountName: 'x' }));
    expect(withSchedulerDefaults({ router: { scheduler: {} } }, 'svc')).to.deep.equal({ router: { scheduler: {} } });
    expect(withSchedulerDefaults({ router: {} }, 'svc')).to.deep.equal({ router: {} });
  });
});

describe('managed device claims (R2.80)', () => {
  const dra = { 'serving.kserve.io/exp-dra-device-class': 'gpu' };
  const containerName = 'serving.kserve.io/exp-dra-container-name';
  const resourceClaims = [{ name: 'managed-device', resourceClaimTemplateName: 'test-llm-managed-dra' }];
  const claims = [{ name: 'managed-device' }];
  const pod = { containers: [{ name: 'main' }, { name: 'other', resources: { limits: { cpu: '1' } } }] };
  const claimed = { resourceClaims, containers: [{ name: 'main', resources: { claims } }, pod.containers[1]] };

  it('nothing without the annotation', () => expect(completed({ template: pod })).to.deep.equal({ template: pod }));

  it('every pod template claims, its first container uses', () =>
    expect(completed({ template: pod, worker: pod, prefill: { template: pod, worker: pod } }, dra)).to.deep.equal({
      template: claimed,
      worker: claimed,
      prefill: { template: claimed, worker: claimed },
    }));

  it('templates that are not there stay so', () => expect(completed({ replicas: 1, prefill: {} }, dra)).to.deep.equal({ replicas: 1, prefill: {} }));

  it('a named container, a blank name, an unknown name', () => {
    const named = completed({ template: pod }, { ...dra, [containerName]: ' other ' }).template;
    expect(named?.containers).to.deep.equal([{ name: 'main' }, { name: 'other', resources: { limits: { cpu: '1' }, claims } }]);
    expect(completed({ template: pod }, { ...dra, [containerName]: ' ' }).template).to.deep.equal(claimed);
    expect(completed({ template: pod }, { ...dra, [containerName]: 'nope' }).template).to.deep.equal({ resourceClaims, containers: pod.containers });
  });

  it('nothing twice', () => expect(completed({ template: claimed }, dra)).to.deep.equal({ template: claimed }));
});

describe('gateway refs become parentRefs (R2.81)', () => {
  const parent = { group: 'gateway.networking.k8s.io', kind: 'Gateway' };
  const table: [string, GatewayRef[], object[]][] = [
    ['one ref with namespace', [{ name: 'a', namespace: 'n' }], [{ ...parent, name: 'a', namespace: 'n' }]],
    [
      'two refs, in order',
      [
        { name: 'b', namespace: 'n' },
        { name: 'a', namespace: 'm' },
      ],
      [
        { ...parent, name: 'b', namespace: 'n' },
        { ...parent, name: 'a', namespace: 'm' },
      ],
    ],
    ['a ref without namespace', [{ name: 'a' }], [{ ...parent, name: 'a' }]],
    ['an empty list', [], []],
    ['a section', [{ name: 'a', namespace: 'n', sectionName: 'https' }], [{ ...parent, name: 'a', namespace: 'n', sectionName: 'https' }]],
    [
      'mixed',
      [
        { name: 'a', sectionName: 's' },
        { name: 'b', namespace: '' },
      ],
      [
        { ...parent, name: 'a', sectionName: 's' },
        { ...parent, name: 'b' },
      ],
    ],
  ];
  for (const [what, refs, expected] of table) it(what, () => expect(gatewayParents(refs)).to.deep.equal(expected));

  const router = (gateway: object | undefined, http: object): Spec => ({
    router: { scheduler: {}, route: { http }, ...(gateway ? { gateway } : {}) },
  });
  const spec = { parentRefs: [{ name: 'default' }] };
  it('only where there is a route spec and a ref', () => {
    expect(completed(router({ refs: [{ name: 'a' }] }, { spec })).router?.route?.http?.spec?.parentRefs).to.deep.equal([{ ...parent, name: 'a' }]);
    for (const untouched of [
      router({ refs: [{ name: 'a' }] }, { refs: [{ name: 'r' }] }),
      router({ refs: [] }, { spec }),
      router(undefined, { spec }),
    ]) {
      expect(completed(untouched)).to.deep.equal(untouched);
    }
  });
});

describe('backends of the route (R2.82, R2.83)', () => {
  const pool = { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'test-llm-inference-pool', port: 8000, weight: 1 };
  const custom = { kind: 'Service', name: 'mine', port: 80 };
  const other = { ...pool, name: 'other-pool' };
  const backends = (scheduler?: object): unknown => {
    const route = { http: { spec: { rules: [{ name: 'r', backendRefs: [pool, custom, other] }, { name: 'without' }] } } };
    const { rules } = completed({ router: { route, ...(scheduler ? { scheduler } : {}) } }).router?.route?.http?.spec ?? {};
    expect(rules?.[1]).to.deep.equal({ name: 'without' });
    return rules?.[0]?.backendRefs;
  };

  it('stay with a managed scheduler', () => expect(backends({})).to.deep.equal([pool, custom, other]));
  it('go to the workload without a scheduler', () =>
    expect(backends()).to.deep.equal([{ ...pool, group: '', kind: 'Service', name: 'test-llm-kserve-workload-svc' }, custom, other]));
  it('go to an external pool', () =>
    expect(backends({ pool: { ref: { name: 'external' } } })).to.deep.equal([{ ...pool, name: 'external' }, custom, other]));
  it('are found by the shortened name of a long service', () => {
    const name = 'a'.repeat(60);
    const backendRefs = [{ ...pool, name: childName(name, '-inference-pool') }];
    const result = accepted(ask(complete({ router: { route: { http: { spec: { rules: [{ backendRefs }] } } } } }, service({}, { name }), 'kserve')));
    expect(result.spec.router?.route?.http?.spec?.rules?.[0]?.backendRefs?.[0]).to.include({ name: childName(name, '-kserve-workload-svc') });
  });
});

describe('a scheduler configuration from a ConfigMap (R2.84)', () => {
  const configMap = (name: string, data: Record<string, string>, namespace = 'ns'): object => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace },
    data,
  });
  const spec = (config: object): object => ({ router: { scheduler: { config } } });

  it('replaces the reference by the text under epp', () => {
    for (const ref of [{ name: 'c', key: '' }, { name: 'c', key: 'epp' }, { name: 'c' }]) {
      const result = accepted(run(spec({ ref, inline: { old: 1 } }), {}, [configMap('c', { epp: 'kind: X' })]));
      expect(result.spec).to.deep.equal(spec({ inline: 'kind: X' }));
      expect(result.configMap).to.deep.equal({ namespace: 'ns', name: 'c' });
      expect(result.events).to.deep.equal([]);
    }
  });

  it('takes another key', () =>
    expect(accepted(run(spec({ ref: { name: 'c', key: 'k' } }), {}, [configMap('c', { epp: 'a', k: 'b' })])).spec).to.deep.equal(
      spec({ inline: 'b' }),
    ));

  it('looks in the system namespace for shared names only', () => {
    const shared = run(spec({ ref: { name: 'config-scheduler-system', key: '' } }), {}, [
      configMap('config-scheduler-system', { epp: 'x' }, 'kserve'),
    ]);
    expect(accepted(shared).configMap).to.deep.equal({ namespace: 'kserve', name: 'config-scheduler-system' });
    const own = run(spec({ ref: { name: 'mine', key: '' } }), {}, [configMap('mine', { epp: 'x' }, 'kserve')]);
    expect(own).to.include({ reason: 'SchedulerConfigNotFound', message: 'failed to get ConfigMap ns/mine: not found', retry: false });
  });

  it('says what is missing', () => {
    expect(refusal(run(spec({ ref: { name: 'config-scheduler-a', key: '' } })))).to.equal(
      'failed to get scheduler config "config-scheduler-a" from namespaces [ns kserve]: not found',
    );
    expect(refusal(run(spec({ ref: { name: 'c', key: 'k' } }), {}, [configMap('c', {})]))).to.equal(`ConfigMap ns/c doesn't have key "k" in data`);
    expect(refusal(run(spec({ ref: { name: 'c', key: '' } }), {}, [configMap('c', {})]))).to.equal(`ConfigMap ns/c doesn't have key "epp" in data`);
  });

  it('warns that latency prediction needs an inline configuration', () => {
    const { events } = accepted(
      run(spec({ ref: { name: 'c', key: '' } }), {}, [configMap('c', { epp: 'plugins: [{type: predicted-latency-producer}]' })]),
    );
    expect(events.map(({ type, reason }) => [type, reason])).to.deep.equal([['Warning', 'LatencyPredictorConfigRef']]);
  });

  it('asks past the cache', () => {
    const inquiry = complete(spec({ ref: { name: 'c', key: '' } }) as Spec, service({}), 'kserve');
    expect(inquiry.next().value).to.include({ ask: 'get', namespace: 'ns', name: 'c', fresh: true });
  });
});

describe('the port of the endpoint picker (R2.85)', () => {
  const spec = (endpointPickerRef: object): Spec => ({
    router: { scheduler: { pool: { spec: { endpointPickerRef: { name: 'epp', ...endpointPickerRef } } } } },
  });
  const table: [string, object, object][] = [
    ['absent', {}, { port: { number: 9002 } }],
    ['zero', { kind: 'Service', port: { number: 0 } }, { kind: 'Service', port: { number: 9002 } }],
    ['explicit', { kind: 'Service', port: { number: 8080 } }, { kind: 'Service', port: { number: 8080 } }],
    ['of something that is no Service', { kind: 'Other' }, { kind: 'Other' }],
  ];
  for (const [what, given, expected] of table) it(what, () => expect(completed(spec(given))).to.deep.equal(spec(expected)));
});

it('the last step resolves adapters', () => {
  const lora = (uri: string): object => ({ model: { uri: 'hf://a/b', lora: { adapters: [{ name: 'x', uri }] } } });
  expect(accepted(run(lora('hf://a/b'))).adapters.map((adapter) => adapter.name)).to.deep.equal(['x']);
  expect(refusal(run(lora('oci://a/b')))).to.match(/^failed to enumerate LoRA adapters:/);
});
