import { expect } from 'chai';
import {
  draCelSelectors,
  draContainerName,
  draDeviceClass,
  draDeviceCount,
  eppServiceName,
  hasGatewayRefs,
  hasManagedDra,
  hasRouteRefs,
  inferencePoolName,
  isDataParallel,
  isPipelineParallel,
  isStopped,
  parallelismSize,
  usesConfig,
} from '../../../api/predicates.ts';
import { isRejection } from '../../../api/rejection.ts';
import type { LLMInferenceService, LLMInferenceServiceStatus, ParallelismSpec, SchedulerSpec } from '../../../api/types.ts';

const picker = (name: string) => ({ spec: { endpointPickerRef: { name } } });

describe('names of pool and picker', () => {
  const table: [string, SchedulerSpec | undefined, string, string][] = [
    ['no scheduler', undefined, 'svc-inference-pool', 'svc-epp-service'],
    ['no pool', {}, 'svc-inference-pool', 'svc-epp-service'],
    ['an empty ref', { pool: { ref: { name: '' } } }, 'svc-inference-pool', 'svc-epp-service'],
    ['a ref', { pool: { ref: { name: 'ext' } } }, 'ext', 'svc-epp-service'],
    ['a spec with a picker', { pool: picker('mine') }, 'svc-inference-pool', 'mine'],
    ['a spec without a picker name', { pool: picker('') }, 'svc-inference-pool', 'svc-epp-service'],
    ['a ref and a spec', { pool: { ref: { name: 'ext' }, ...picker('mine') } }, 'ext', 'svc-epp-service'],
  ];
  for (const [what, scheduler, pool, service] of table) {
    it(`${what} (R1.36, R1.37)`, () => {
      expect(inferencePoolName(scheduler, 'svc')).to.equal(pool);
      expect(eppServiceName(scheduler, 'svc')).to.equal(service);
    });
  }
  it('refs count when there is one (R1.38)', () => {
    expect([undefined, {}, { refs: [] }, { refs: [{ name: 'a' }] }].map(hasGatewayRefs)).to.deep.equal([false, false, false, true]);
    expect([undefined, {}, { http: {} }, { http: { refs: [] } }, { http: { refs: [{ name: 'a' }] } }].map(hasRouteRefs)).to.deep.equal([
      false,
      false,
      false,
      false,
      true,
    ]);
  });
});

describe('parallelism (R1.39)', () => {
  const table: [ParallelismSpec | undefined, { pp: boolean; dp: boolean; size: number | undefined }][] = [
    [undefined, { pp: false, dp: false, size: undefined }],
    [{}, { pp: false, dp: false, size: undefined }],
    [{ tensor: 2 }, { pp: false, dp: false, size: undefined }],
    [{ pipeline: 3 }, { pp: true, dp: false, size: 3 }],
    [
      { data: 8, dataLocal: 4 },
      { pp: false, dp: true, size: 2 },
    ],
    [
      { data: 7, dataLocal: 2 },
      { pp: false, dp: true, size: 3 },
    ],
    [{ data: 4 }, { pp: false, dp: true, size: 4 }],
    [{ dataLocal: 4 }, { pp: false, dp: true, size: 1 }],
    [
      { data: 2, dataLocal: 0 },
      { pp: false, dp: true, size: 2 },
    ],
    [
      { data: 0, pipeline: 2 },
      { pp: true, dp: false, size: 2 },
    ],
  ];
  for (const [spec, expected] of table) {
    it(JSON.stringify(spec) ?? 'none', () =>
      expect({ pp: isPipelineParallel(spec), dp: isDataParallel(spec), size: parallelismSize(spec) }).to.deep.equal(expected),
    );
  }
});

describe('use of a config (R1.40, R2.110)', () => {
  const service = (status: LLMInferenceServiceStatus, baseRefs: string[] = []): LLMInferenceService => ({
    apiVersion: '',
    kind: '',
    metadata: {},
    spec: { baseRefs: baseRefs.map((name) => ({ name })) },
    status,
  });
  const applied = { appliedConfigs: [{ name: 'c', namespace: 'tenant-a', source: 'UserRef' as const }] };
  const table: [string, LLMInferenceService, string, boolean][] = [
    ['annotation value', service({ annotations: { x: 'c' } }), '', true],
    ['baseRef', service({}, ['c']), '', true],
    ['annotation key', service({ annotations: { c: 'x' } }), '', false],
    ['part of a value', service({ annotations: { x: 'cc' } }, ['cc']), '', false],
    ['nothing', service({}), '', false],
    ['applied', service(applied), '', true],
    ['applied from that namespace', service(applied), 'tenant-a', true],
    ['applied from another namespace', service(applied), 'kserve', false],
    ['a baseRef that is not applied', service({ appliedConfigs: [{ name: 'd', namespace: 'n', source: 'Preset' }] }, ['c']), '', false],
    ['a baseRef, whatever the namespace', service({}, ['c']), 'kserve', true],
  ];
  for (const [what, given, namespace, expected] of table) it(what, () => expect(usesConfig(given, 'c', namespace)).to.equal(expected));
});

describe('managed devices (R1.41)', () => {
  const key = (name: string): string => `serving.kserve.io/exp-dra-${name}`;
  it('are on when the class is there, even if blank', () => {
    expect([undefined, {}, { [key('device-class')]: ' ' }].map(hasManagedDra)).to.deep.equal([false, false, true]);
    expect(draDeviceClass({ [key('device-class')]: ' gpu ' })).to.equal('gpu');
    expect(draContainerName({ [key('container-name')]: ' main ' })).to.equal('main');
    expect(draDeviceClass(undefined)).to.equal(undefined);
  });
  it('count one unless a number above zero is given', () => {
    const count = (text?: string) => draDeviceCount(text === undefined ? undefined : { [key('device-count')]: text });
    expect([count(), count(' '), count(' 3 ')]).to.deep.equal([1, 1, 3]);
    for (const bad of ['0', '-1', 'x', '1.5']) expect(isRejection(count(bad)), bad).to.equal(true);
    expect(count('0')).to.have.property('message', `invalid ${key('device-count')} value "0": must be >= 1`);
  });
  it('are selected by one expression per line', () => {
    expect(draCelSelectors({ [key('cel-selector')]: ' a \n\n b\n' })).to.deep.equal(['a', 'b']);
    expect(draCelSelectors(undefined)).to.deep.equal([]);
  });
});

it('a service is stopped by an annotation in any letter case (R1.42)', () => {
  const stopped = (value: string): boolean => isStopped({ annotations: { 'serving.kserve.io/stop': value } });
  expect([stopped('true'), stopped('TRUE'), stopped('false'), stopped(''), isStopped({}), isStopped(undefined)]).to.deep.equal([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});
