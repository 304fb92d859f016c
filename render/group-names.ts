import { childName, suffixes } from '../api/names.ts';
import { parallelismSize } from '../api/predicates.ts';
import type { WorkloadSpec } from '../api/types.ts';

/** What a label can hold. */
const LABEL = 63;
/** A dash and the hash by which a StatefulSet tells its revisions. */
const REVISION = 1 + 10;

/**
 * Why the groups of a LeaderWorkerSet may never start, if so (B3.18): each pod of a StatefulSet carries `<StatefulSet>-<hash>` as its label
 * `controller-revision-hash`; that of the leaders has the name of the LeaderWorkerSet, those of the workers the number of their group behind
 * it. The names of children are shortened to 63 characters, which leaves no room for either; they stay, because clients find objects by them.
 *
 * @returns what is wrong and what to do, for the author of the service
 */
export function explainGroupName(
  serviceName: string,
  set: 'mainMultiNode' | 'prefillMultiNode',
  { replicas = 1, scaling, parallelism }: WorkloadSpec,
): string | undefined {
  const groups = Math.max(replicas, scaling?.maxReplicas ?? 1, 1);
  const hasWorkers = (parallelismSize(parallelism) ?? 1) > 1;
  const longest = LABEL - REVISION - (hasWorkers ? `-${groups - 1}`.length : 0);
  const name = childName(serviceName, suffixes[set]);
  if (name.length <= longest) return undefined;
  return (
    `LeaderWorkerSet ${name} has a name of ${name.length} characters, and its pods may not start: their label controller-revision-hash adds to it ` +
    `and must not be longer than ${LABEL}; create the service anew with a name of at most ${longest - suffixes[set].length} characters`
  );
}
