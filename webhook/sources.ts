import type { Answer, Question } from '../api/inquiry.ts';
import type { ConfigMap } from '../api/kubernetes.ts';
import type { LocalModelCache } from '../api/local-model.ts';
import type { Options } from '../api/options.ts';
import type { LLMInferenceService } from '../api/types.ts';

/** What admission needs to know of the cluster. */
export interface AdmissionSources {
  readonly options: Options;
  /** The operator's ConfigMap as it is now. */
  settings(): Promise<ConfigMap | undefined>;
  /** Local model caches a service of the namespace may use: those of the namespace first, then those of the cluster. */
  localModelCaches(namespace: string): Promise<readonly LocalModelCache[]>;
  /** What the caches know, without a question to the API server; undefined until they are filled. Without it nothing is rendered ahead. */
  knowledge?(): ((question: Question) => Answer) | undefined;
  /** The services that use a config, as far as the caches know. */
  servicesUsing?(config: string): readonly LLMInferenceService[];
}
