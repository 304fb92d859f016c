import { expect } from 'chai';
import {
  type ConditionLedger,
  conditionTypes as c,
  openConditions,
  routerSubConditions,
  serviceDependents,
  workloadSubConditions,
} from '../../../api/conditions.ts';
import type { Condition } from '../../../api/kubernetes.ts';

const earlier = '2026-01-01T00:00:00Z';
const now = '2026-01-02T00:00:00Z';
const open = (stored: Condition[] = [], generationObserved = true): ConditionLedger =>
  openConditions(stored, { dependents: serviceDependents, now, generationObserved });
const allTrue: Condition[] = [c.presetsCombined, c.workloadsReady, c.routerReady, c.ready].map((type) => ({
  type,
  status: 'True',
  lastTransitionTime: earlier,
}));
const shown = (ledger: ConditionLedger, type: string) => {
  const { status, reason, message } = ledger.get(type) ?? {};
  return [status, reason, message];
};

describe('condition ledger', () => {
  it('starts with Ready and its dependents Unknown', () => {
    expect(open().list()).to.deep.equal(
      ['PresetsCombined', 'Ready', 'RouterReady', 'WorkloadsReady'].map((type) => ({ type, status: 'Unknown', lastTransitionTime: now })),
    );
  });

  it('creates missing dependents as True when Ready is True already', () => {
    expect(open([{ type: 'Ready', status: 'True' }]).get('RouterReady')?.status).to.equal('True');
  });

  it('marks Ready Unknown on a generation that was not observed, and False when a dependent is False', () => {
    expect(shown(open(allTrue, false), 'Ready')).to.deep.equal(['Unknown', 'NewObservedGenFailure', 'unsuccessfully observed a new generation']);
    const broken = allTrue.map((x): Condition => (x.type === c.routerReady ? { ...x, status: 'False', reason: 'R' } : x));
    expect(shown(open(broken, false), 'Ready')).to.deep.equal(['False', 'NewObservedGenFailure', 'unsuccessfully observed a new generation']);
  });

  it('becomes ready when every dependent is True', () => {
    const ledger = open();
    for (const d of serviceDependents) ledger.markTrue(d);
    expect(shown(ledger, 'Ready')).to.deep.equal(['True', undefined, undefined]);
  });

  it('shows the reason of the dependent that failed last', () => {
    const ledger = open(allTrue);
    ledger.markFalse(c.workloadsReady, 'A', 'a');
    ledger.markFalse(c.routerReady, 'B', 'b');
    expect(shown(ledger, 'Ready')).to.deep.equal(['False', 'B', 'b']);
    ledger.markTrue(c.routerReady);
    expect(shown(ledger, 'Ready')).to.deep.equal(['False', 'A', 'a']);
  });

  it('gives other conditions severity Info and keeps them out of Ready', () => {
    const ledger = open(allTrue);
    ledger.markFalse(c.mainWorkloadReady, 'X', 'x');
    expect(ledger.get(c.mainWorkloadReady)?.severity).to.equal('Info');
    expect(ledger.get('Ready')?.status).to.equal('True');
  });

  it('an Unknown dependent makes Ready Unknown, unless another one is False', () => {
    const ledger = open(allTrue);
    ledger.markUnknown(c.presetsCombined, 'V', 'v');
    expect(shown(ledger, 'Ready')).to.deep.equal(['Unknown', 'V', 'v']);
    ledger.markFalse(c.routerReady, 'B', 'b');
    ledger.markUnknown(c.presetsCombined, 'W', 'w');
    expect(shown(ledger, 'Ready')).to.deep.equal(['False', 'B', 'b']);
  });

  it('does not clear Ready or its dependents', () => {
    const ledger = open(allTrue);
    ledger.markTrue(c.tokenizerReady);
    for (const type of [c.ready, c.routerReady, c.tokenizerReady]) ledger.clear(type);
    expect(ledger.list().map((x) => x.type)).to.deep.equal(['PresetsCombined', 'Ready', 'RouterReady', 'WorkloadsReady']);
  });

  it('rolls up the first False in the given order and skips absent and Unknown ones', () => {
    const ledger = open(allTrue);
    ledger.markUnknown(c.workerWorkloadReady, 'U', 'u');
    ledger.markFalse(c.scalingReady, 'S', 's');
    ledger.markFalse(c.mainWorkloadReady, 'M', 'm %d');
    ledger.rollUp(c.workloadsReady, workloadSubConditions);
    ledger.rollUp(c.routerReady, routerSubConditions);
    expect(shown(ledger, c.workloadsReady)).to.deep.equal(['False', 'M', 'm %d']);
    expect(shown(ledger, c.routerReady)).to.deep.equal(['True', undefined, undefined]);
    expect(shown(ledger, 'Ready')).to.deep.equal(['False', 'M', 'm %d']);
  });

  it('moves the transition time with the status only', () => {
    const ledger = open([
      ...allTrue,
      { type: c.mainWorkloadReady, status: 'False', severity: 'Info', reason: 'A', message: 'a', lastTransitionTime: earlier },
    ]);
    ledger.markFalse(c.mainWorkloadReady, 'B', 'b');
    ledger.markFalse(c.routerReady, 'R', 'r');
    const times = Object.fromEntries(ledger.list().map((x) => [x.type, x.lastTransitionTime]));
    expect(times[c.mainWorkloadReady]).to.equal(earlier);
    expect(times[c.routerReady]).to.equal(now);
  });
});
