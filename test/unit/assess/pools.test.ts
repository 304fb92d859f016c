import { expect } from 'chai';
import type { InferencePool, PoolParent } from '../../../api/inference-pool.ts';
import { answer } from '../../../api/inquiry.ts';
import { kinds } from '../../../api/kinds.ts';
import type { KubeObject } from '../../../api/kubernetes.ts';
import type { SchedulerSpec } from '../../../api/types.ts';
import { assessPools, gatewaysOf, isPoolReadyForGateways, reportPool } from '../../../assess/pools.ts';
import { cluster, contextOf } from '../render/scheduler/fixture.ts';

type Entry = PoolParent & { conditions: NonNullable<PoolParent['conditions']> };

const condition = (type: string, status: 'True' | 'False' | 'Unknown', observedGeneration?: number) => ({
  type,
  status,
  reason: status === 'True' ? 'Accepted' : 'HTTPRouteNotAccepted',
  message: 'why',
  ...(observedGeneration === undefined ? {} : { observedGeneration }),
});
const yes = condition('Accepted', 'True', 5);
const no = condition('Accepted', 'False', 5);
const stale = condition('Accepted', 'True', 3);
const other = condition('ResolvedRefs', 'True', 5);
const by = (name: string, conditions: Entry['conditions'], namespace?: string): Entry => ({
  parentRef: { name, ...(namespace === undefined ? {} : { namespace }) },
  conditions,
});
const gateway = (name: string, namespace = 'ml') => ({ name, namespace });

const metadata = { name: 'demo-inference-pool', namespace: 'ml', generation: 5 };
const versions: [string, (parents: Entry[]) => InferencePool & KubeObject][] = [
  ['v1', (parents) => ({ apiVersion: kinds.inferencePool.apiVersion, kind: 'InferencePool', metadata, status: { parents } })],
  ['v1alpha2', (parent) => ({ apiVersion: kinds.inferencePoolAlpha.apiVersion, kind: 'InferencePool', metadata, status: { parent } })],
];

for (const [version, pool] of versions) {
  describe(`the readiness of an InferencePool ${version} (chapter 05 §5.22.7)`, () => {
    const alone: [string, InferencePool | undefined, boolean][] = [
      ['none', undefined, false],
      ['nobody looked', pool([]), false],
      ['rejected', pool([by('gw', [no])]), false],
      ['another condition only', pool([by('gw', [other])]), false],
      ['a stale acceptance', pool([by('gw', [stale])]), false],
      ['one of two rejects', pool([by('gw', [yes]), by('gw-2', [no])]), false],
      ['all accept', pool([by('gw', [yes]), by('gw-2', [other, condition('Accepted', 'True')])]), true],
    ];
    for (const [title, subject, expected] of alone) {
      it(`without gateways: ${title}`, () => {
        expect(isPoolReadyForGateways(subject, gatewaysOf(subject))).to.equal(expected);
      });
    }

    const withGateways: [string, Entry[], { name: string; namespace: string }[], boolean][] = [
      ['an old gateway rejected, the current one accepts', [by('old', [condition('Accepted', 'False', 3)]), by('gw', [yes])], [gateway('gw')], true],
      ['the current one rejects', [by('gw', [no])], [gateway('gw')], false],
      ['only others spoke', [by('old', [yes])], [gateway('gw')], false],
      ['there are no gateways', [by('gw', [yes])], [], false],
      ['one of two gateways is silent', [by('gw', [yes])], [gateway('gw'), gateway('gw-2')], false],
      ['the old one accepts, the current one rejects', [by('old', [yes]), by('gw', [no])], [gateway('gw')], false],
      ['no Accepted', [by('gw', [other])], [gateway('gw')], false],
      ['a stale Accepted', [by('gw', [stale])], [gateway('gw')], false],
      ['the same name in another namespace', [by('gw', [yes], 'elsewhere')], [gateway('gw')], false],
      ['a gateway in its own namespace', [by('gw', [yes], 'gateways')], [gateway('gw', 'gateways')], true],
      ['an empty namespace is that of the pool', [by('gw', [yes], '')], [gateway('gw')], true],
    ];
    for (const [title, parents, keys, expected] of withGateways) {
      it(`for gateways: ${title}`, () => {
        expect(isPoolReadyForGateways(pool(parents), keys)).to.equal(expected);
      });
    }

    const reports: [string, Entry[], string, string][] = [
      ['nobody spoke', [], 'WaitingForGateway', 'Inference Pool ml/demo-inference-pool exists but no Gateway controller has accepted it yet'],
      [
        'only others spoke',
        [by('old', [yes])],
        'WaitingForGateway',
        'Inference Pool ml/demo-inference-pool exists but no Gateway controller has accepted it yet',
      ],
      ['one of two spoke', [by('gw', [yes])], 'WaitingForGateway', 'Inference Pool ml/demo-inference-pool is not yet accepted by gateway ml/gw-2'],
      [
        'one rejects',
        [by('gw', [yes]), by('gw-2', [no])],
        'InferencePoolNotReady',
        'ml/demo-inference-pool: Accepted="False" (reason "HTTPRouteNotAccepted", message "why")',
      ],
      [
        'one is stale',
        [by('gw', [stale]), by('gw-2', [yes])],
        'InferencePoolNotReady',
        'ml/demo-inference-pool: Accepted="True" (reason "Accepted", message "why")',
      ],
      [
        'one has no Accepted',
        [by('gw', [yes]), by('gw-2', [other])],
        'InferencePoolNotReady',
        'The inference pool ml/demo-inference-pool is not ready',
      ],
    ];
    for (const [title, parents, reason, message] of reports) {
      it(`is reported (R5.97): ${title}`, () => {
        const keys = [gateway('gw'), gateway('gw-2')];
        expect(reportPool(pool(parents), keys)).to.deep.equal({ type: 'InferencePoolReady', status: 'False', reason, message });
      });
    }
  });
}

describe('the condition InferencePoolReady', () => {
  const [v1, alpha] = versions.map(([, pool]) => pool) as [(parents: Entry[]) => KubeObject, (parents: Entry[]) => KubeObject];
  const assess = (scheduler: SchedulerSpec | undefined, objects: KubeObject[], stopped = false, served = true) => {
    const context = contextOf({ router: { route: {}, ...(scheduler ? { scheduler } : {}) } }, { stopped });
    return answer(assessPools(context, [gateway('gw')]), cluster(objects, served));
  };

  it('is False for a stopped service and absent without scheduler (R5.91)', () => {
    expect(assess({}, [], true).condition).to.include({ status: 'False', reason: 'Stopped', message: 'Service is stopped' });
    expect(assess(undefined, []).condition).to.deep.equal({ type: 'InferencePoolReady', clear: true });
  });

  it('is True when a pool of either version is accepted (R5.96)', () => {
    expect(assess({}, [v1([by('gw', [yes])]), alpha([])]).condition).to.deep.equal({ type: 'InferencePoolReady', status: 'True' });
    expect(assess({}, [v1([by('gw', [no])]), alpha([by('gw', [yes])])]).condition).to.deep.equal({ type: 'InferencePoolReady', status: 'True' });
  });

  it('reports on v1, else on v1alpha2', () => {
    expect(assess({}, [v1([by('gw', [no])]), alpha([])]).condition).to.include({ reason: 'InferencePoolNotReady' });
    expect(assess({}, [alpha([by('gw', [no])])]).condition).to.include({ reason: 'InferencePoolNotReady' });
  });

  it('says when there is no pool, without an error', () => {
    const message = 'Inference Pool ml/demo-inference-pool not found (checked v1 and v1alpha2)';
    for (const served of [true, false]) {
      const { condition: result, rejection } = assess({}, [], false, served);
      expect(result).to.include({ status: 'False', reason: 'InferencePoolFetchError', message });
      expect(rejection).to.equal(undefined);
    }
  });

  it('looks only at the v1 pool that is referenced, and fails without it (R5.95)', () => {
    const external = { pool: { ref: { name: 'theirs' } } };
    const pool = { ...v1([by('gw', [yes])]), metadata: { ...metadata, name: 'theirs' } };
    expect(assess(external, [pool]).condition).to.deep.equal({ type: 'InferencePoolReady', status: 'True' });
    const missing = assess(external, [v1([by('gw', [yes])])]);
    expect(missing.condition).to.include({ status: 'False', reason: 'InferencePoolFetchError' });
    expect(missing.rejection?.message).to.contain('failed to fetch referenced Inference Pool ml/theirs');
  });

  describe('without a route (B5.17)', () => {
    const unrouted = (scheduler: SchedulerSpec, objects: KubeObject[]) =>
      answer(assessPools(contextOf({ router: { scheduler } }), []), cluster(objects, true)).condition;

    it('waits for any gateway', () => expect(unrouted({}, [v1([]), alpha([])])).to.include({ reason: 'WaitingForGateway' }));
    it('is True when the gateways of other routes accept the pool', () => {
      expect(unrouted({}, [v1([by('theirs', [yes]), by('too', [yes])]), alpha([])])).to.deep.equal({ type: 'InferencePoolReady', status: 'True' });
    });
    it('is False when one of them does not', () => {
      expect(unrouted({}, [v1([by('theirs', [yes]), by('too', [no])])])).to.include({ reason: 'InferencePoolNotReady' });
    });
    it('holds for an external pool, too', () => {
      const pool = { ...v1([by('theirs', [yes])]), metadata: { ...metadata, name: 'ext' } };
      expect(unrouted({ pool: { ref: { name: 'ext' } } }, [pool])).to.deep.equal({ type: 'InferencePoolReady', status: 'True' });
    });
  });
});
