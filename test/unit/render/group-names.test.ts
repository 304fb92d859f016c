import { expect } from 'chai';
import type { WorkloadSpec } from '../../../api/types.ts';
import { explainGroupName } from '../../../render/group-names.ts';

/** The label of a StatefulSet's pods, with the longest hash. */
const revision = (set: string): number => `${set}-1234567890`.length;

describe('names of LeaderWorkerSets (B3.18)', () => {
  const two = { data: 2, dataLocal: 1 };
  const table: [string, 'mainMultiNode' | 'prefillMultiNode', WorkloadSpec, number][] = [
    ['groups of two', 'mainMultiNode', { parallelism: two }, 40],
    ['ten groups', 'mainMultiNode', { parallelism: two, replicas: 10 }, 40],
    ['eleven groups', 'mainMultiNode', { parallelism: two, replicas: 11 }, 39],
    ['up to 101 groups', 'mainMultiNode', { parallelism: two, replicas: 1, scaling: { maxReplicas: 101 } }, 38],
    ['groups of one, which have no workers', 'mainMultiNode', { replicas: 20 }, 42],
    ['groups that prefill', 'prefillMultiNode', { parallelism: two }, 32],
    ['pipelines', 'mainMultiNode', { parallelism: { pipeline: 4 } }, 40],
    ['no groups for now', 'mainMultiNode', { parallelism: two, replicas: 0 }, 40],
  ];
  for (const [what, set, workload, longest] of table) {
    it(`of ${what} leave room for what their StatefulSets add`, () => {
      expect(explainGroupName('n'.repeat(longest), set, workload)).to.equal(undefined);
      for (const length of [longest + 1, 53, 54, 63]) {
        expect(explainGroupName('n'.repeat(length), set, workload), String(length)).to.contain(`a name of at most ${longest} characters`);
      }
    });
  }

  it('may be exactly as long as the label can be', () => {
    expect(revision(`${'n'.repeat(40)}-kserve-mn-0`)).to.equal(63);
    expect(revision(`${'n'.repeat(42)}-kserve-mn`)).to.equal(63);
  });

  it('are named together with what is wrong', () => {
    expect(explainGroupName('n'.repeat(41), 'mainMultiNode', { parallelism: two })).to.equal(
      `LeaderWorkerSet ${'n'.repeat(41)}-kserve-mn has a name of 51 characters, and its pods may not start: their label controller-revision-hash adds to it and must not be longer than 63; create the service anew with a name of at most 40 characters`,
    );
  });
});
