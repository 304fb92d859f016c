import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import type { Condition, KubeObject } from '../../api/kubernetes.ts';
import { AUTOSCALING_SETTINGS, SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { childName, suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import type { ScalingSpec } from '../../api/types.ts';
import type { ApiClient } from '../../control-plane/api-client.ts';
import { type Actor, type Expectation, has } from './story.ts';

/** The three forms of scaling. */
export const byHpa: ScalingSpec = { minReplicas: 1, maxReplicas: 6, wva: { hpa: {} } };
export const byVariantKeda: ScalingSpec = { minReplicas: 1, maxReplicas: 6, wva: { keda: {} } };
export const byOwnTriggers: ScalingSpec = { minReplicas: 1, maxReplicas: 6, keda: { triggers: [{ type: 'cpu', metadata: { value: '60' } }] } };

export const isTrue = (type: string): Condition => ({ type, status: 'True', reason: 'Test', message: '' });

/** What the HPA controller says. */
export const hpaStatus = (...conditions: Condition[]) => ({ status: { desiredReplicas: 1, conditions } });
export const hpaWorks = hpaStatus(isTrue('AbleToScale'), isTrue('ScalingActive'));

/** What KEDA says. */
export const kedaStatus = (ready: Condition) => ({ status: { conditions: [ready, isTrue('Active'), isTrue('Fallback'), isTrue('Paused')] } });
export const kedaWorks = kedaStatus(isTrue('Ready'));

/** There is such an autoscaler, and nobody complains; the control plane of most tests has nobody who would say so by himself. */
export const works =
  (kind: Kind, suffix: string): Expectation =>
  async (actor) => {
    const { status } = await actor.child(kind, suffix);
    if ((status as { conditions?: unknown } | undefined)?.conditions) return;
    await actor.changeChild(kind, suffix, kind === kinds.horizontalPodAutoscaler ? hpaWorks : kedaWorks, 'status');
  };

/** The same of all autoscalers that there are. */
export const autoscalersWork: Expectation = async (actor) => {
  const names = await actor.children();
  for (const [kind, suffix] of actuators) if (names.has(`${kind.kind}/${childName(actor.name, suffix)}`)) await works(kind, suffix)(actor);
};

const actuators: readonly (readonly [Kind, string])[] = [
  [kinds.horizontalPodAutoscaler, suffixes.hpa],
  [kinds.horizontalPodAutoscaler, suffixes.prefillHpa],
  [kinds.scaledObject, suffixes.keda],
  [kinds.scaledObject, suffixes.prefillKeda],
];

/** The main Deployment has this count. */
export const replicasAre = (count: number): Expectation =>
  has(kinds.deployment, suffixes.main, ({ spec }) => expect(spec).to.have.property('replicas', count));

/** Sets the count of the main Deployment, as an autoscaler does. */
export const scale = (actor: Actor, replicas: number): Promise<void> => actor.changeChild(kinds.deployment, suffixes.main, { spec: { replicas } });

/** Sets the key of the settings that says where the desired replicas are published, or removes it. */
export const configureAutoscaling = (admin: ApiClient, text: string | null): Promise<KubeObject> =>
  admin.patch(kinds.configMap, defaultOptions.systemNamespace, SETTINGS_CONFIG_MAP, { data: { [AUTOSCALING_SETTINGS]: text } });
