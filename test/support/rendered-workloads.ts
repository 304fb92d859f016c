import { answer } from '../../api/inquiry.ts';
import type { Kind } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import type { PodTemplate } from '../../api/types.ts';
import type { Context, Stage, StageName } from '../../render/children.ts';
import { renderWorkloads } from '../../render/workload.ts';
import { answersFrom } from './answers.ts';
import { account } from './workload-fixtures.ts';

interface Template {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: PodTemplate;
}

/** A Deployment or LeaderWorkerSet, as far as the tests look at it. */
export interface WorkloadObject extends KubeObject {
  spec: {
    replicas?: number;
    selector: { matchLabels: Record<string, string> };
    strategy?: unknown;
    template: Template;
    rolloutStrategy?: unknown;
    leaderWorkerTemplate: { size?: number; subGroupPolicy?: unknown; leaderTemplate?: Template; workerTemplate: Template };
  };
}

/** The stages for a service in a namespace that holds just these objects. */
export function render(context: Context, objects: readonly object[] = [account('default')], options: { notServed?: readonly Kind[] } = {}): Stage[] {
  const fromList = answersFrom(objects, options);
  return answer(renderWorkloads(context), (question) =>
    question.ask === 'certificate' ? { key: 'k', certificate: 'c', ca: 'c' } : fromList(question),
  );
}

export const stage = (stages: readonly Stage[], name: StageName) => stages.find((s) => s.name === name) as Stage;
/** The rendered object of that name that has a spec. */
export const find = (stages: readonly Stage[], name: string) =>
  stages.flatMap(({ present }) => present).find((o) => o.metadata.name === name && 'spec' in o) as WorkloadObject;
/** Labels of serving pods. */
export const identity = (component: string, role: string) => ({
  'app.kubernetes.io/component': component,
  'app.kubernetes.io/name': 'llama',
  'app.kubernetes.io/part-of': 'llminferenceservice',
  'kserve.io/component': 'workload',
  'llm-d.ai/role': role,
});
