import type { LLMInferenceServiceSpec } from '../../api/types.ts';
import { type ServiceManifest, service } from './manifests.ts';

/** What a service is made of at first and what becomes of it, as changes of its spec. */
export interface Life {
  readonly title: string;
  born(name: string): ServiceManifest;
  /** It gets a prefill part. */
  readonly grown: LLMInferenceServiceSpec;
  /** It becomes what the other life makes of its service. */
  readonly changedOver: object;
}

/** It cannot be changed. */
const parallelism = { data: 2, dataLocal: 1 };

/** On Deployments and on LeaderWorkerSets: whichever way it came about, the service consists of the same objects after `grown` there as after `changedOver` here. */
export const lives: readonly [Life, Life] = [
  {
    title: 'Deployments',
    born: (name) => service(name).with({ parallelism }),
    grown: { replicas: 2, prefill: { replicas: 1, parallelism } },
    changedOver: { worker: {}, prefill: { worker: {} } },
  },
  {
    title: 'LeaderWorkerSets',
    born: (name) => service(name).with({ worker: {}, parallelism }),
    grown: { replicas: 2, prefill: { replicas: 1, worker: {}, parallelism } },
    changedOver: { worker: null, prefill: { worker: null } },
  },
];
