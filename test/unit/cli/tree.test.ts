import { expect } from 'chai';
import type { KubeObject } from '../../../api/kubernetes.ts';
import type { LLMInferenceService } from '../../../api/types.ts';
import { printTree, readinessOf } from '../../../cli/tree.ts';

const V1 = 'inference.networking.k8s.io';
const ALPHA = 'inference.networking.x-k8s.io';

const child = (apiVersion: string, kind: string, rest: Record<string, unknown> = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: 'a', namespace: 'n' },
  ...rest,
});
const condition = (type: string, status: string) => ({ type, status });
const acceptedBy = (...names: string[]) => names.map((name) => ({ parentRef: { name }, conditions: [condition('Accepted', 'True')] }));
const pool = (group: string, status: unknown = {}) => child(`${group}/v1`, 'InferencePool', { status });
const route = (group: string) =>
  child('gateway.networking.k8s.io/v1', 'HTTPRoute', {
    spec: { rules: [{}, { backendRefs: [{ group, kind: 'InferencePool', name: 'a' }] }] },
    status: { parents: acceptedBy('gw') },
  });

describe('how far a child has come', () => {
  const available = [condition('Available', 'True')];
  const cases: [string, KubeObject, { ready?: boolean; text: string }][] = [
    ['a deployment without status', child('apps/v1', 'Deployment', { spec: { replicas: 2 } }), { ready: false, text: '0/2 ready' }],
    [
      'a deployment with some pods',
      child('apps/v1', 'Deployment', { spec: { replicas: 2 }, status: { readyReplicas: 1, conditions: available } }),
      { ready: false, text: '1/2 ready' },
    ],
    [
      'a deployment with all pods',
      child('apps/v1', 'Deployment', { spec: { replicas: 2 }, status: { readyReplicas: 2, conditions: available } }),
      { ready: true, text: '2/2 ready' },
    ],
    [
      'a set of leaders and workers',
      child('leaderworkerset.x-k8s.io/v1', 'LeaderWorkerSet', { status: { readyReplicas: 1, conditions: available } }),
      { ready: true, text: '1/1 ready' },
    ],
    ['a route', route(V1), { ready: true, text: 'accepted by gw' }],
    ['a route nobody looked at', child('gateway.networking.k8s.io/v1', 'HTTPRoute'), { ready: false, text: 'not accepted yet' }],
    ['a pool of v1', pool(V1, { parents: acceptedBy('gw', 'gw', 'other') }), { ready: true, text: 'accepted by gw, other' }],
    ['a pool of v1alpha2', pool(ALPHA, { parent: acceptedBy('gw') }), { ready: true, text: 'accepted by gw' }],
    ['a pool nobody looked at', pool(V1), { ready: false, text: 'not accepted yet' }],
    ['a secret', child('v1', 'Secret'), { text: 'exists' }],
  ];
  for (const [title, object, expected] of cases) it(`is known of ${title}`, () => expect(readinessOf(object)).to.deep.equal(expected));

  it('is no fault of a pool that the route does not lead to', () => {
    const siblings = [route(ALPHA), pool(ALPHA), pool(V1)];
    expect(readinessOf(pool(V1), siblings)).to.deep.equal({ text: 'stands by: the route leads to the other one' });
    expect(readinessOf(pool(ALPHA), siblings)).to.deep.equal({ ready: false, text: 'not accepted yet' });
  });
});

describe('the printed tree', () => {
  const service = {
    apiVersion: 'serving.kserve.io/v1alpha2',
    kind: 'LLMInferenceService',
    metadata: { name: 'qwen', namespace: 'n' },
    spec: {},
    status: {
      url: 'http://a/',
      addresses: [{ url: 'http://a/' }, { url: 'http://b/', name: 'external' }],
      conditions: [condition('Ready', 'True'), { ...condition('RouterReady', 'False'), reason: 'Why', message: 'because' }],
    },
  } as unknown as LLMInferenceService;

  it('marks what is ready, what is not, and what just exists', () => {
    const text = printTree({
      service,
      children: [child('apps/v1', 'Deployment'), route(ALPHA), pool(ALPHA, { parents: acceptedBy('gw') }), pool(V1)],
    });
    expect(text).to.equal(`✓ LLMInferenceService n/qwen
├─ ✗ Deployment a                                     0/1 ready
├─ ✓ HTTPRoute a                                      accepted by gw
├─ ✓ InferencePool (inference.networking.x-k8s.io) a  accepted by gw
└─ · InferencePool (inference.networking.k8s.io) a    stands by: the route leads to the other one

Conditions
  Ready        True
  RouterReady  False    Why: because

URL  http://a/
     http://b/  (external)`);
  });

  it('can be printed before anything happened', () => {
    const { status: _, ...fresh } = service;
    expect(printTree({ service: fresh as LLMInferenceService, children: [] }))
      .to.contain('✗ LLMInferenceService n/qwen')
      .and.to.contain('(none yet)');
  });
});
