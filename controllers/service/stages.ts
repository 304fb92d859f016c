import { answerAsync, get, served } from '../../api/inquiry.ts';
import { type Kind, kindOf, kinds } from '../../api/kinds.ts';
import type { KubeObject } from '../../api/kubernetes.ts';
import { isRejection, type Rejection, reject } from '../../api/rejection.ts';
import type { EventText, ObjectRef, Replacement, Stage } from '../../render/children.ts';
import { isOwnAuthBinding } from '../../render/scheduler/access.ts';
import { isKindNotServed, textOf } from '../runtime/api-error.ts';
import type { Applier } from '../runtime/apply.ts';
import type { Pass } from './pass.ts';

/** What went wrong, and in which stage. */
export interface StageFailure {
  readonly stage: Stage;
  readonly rejection: Rejection;
}

/**
 * Makes the API server agree with a list of stages. They are applied together, all their objects
 * concurrently, bindings after the Roles they name, and all of it after objects that have to be made anew are gone. Everything that
 * can be done is done.
 *
 * @returns what failed, in the order of the stages
 */
export async function applyStages(pass: Pass, applier: Applier, stages: readonly Stage[]): Promise<StageFailure[]> {
  const inTheWay = stages.flatMap((stage) => (stage.recreate ?? []).map((ref) => ({ stage, ref })));
  for (const { stage, ref } of inTheWay) {
    const rejection = await removeOne(pass, applier, ref);
    if (rejection) return [{ stage, rejection }];
  }
  const outcomes = await Promise.all(stages.map((stage) => applyStage(pass, applier, stage)));
  for (const { events = [] } of stages) pass.advice.push(...events);
  return stages.flatMap((stage, i) => {
    const rejection = outcomes[i];
    return rejection ? [{ stage, rejection }] : [];
  });
}

async function applyStage(pass: Pass, applier: Applier, stage: Stage): Promise<Rejection | undefined> {
  // What keeps its pods goes only when it has let go of them; the event of its end starts the pass that creates it anew.
  const lingering = (stage.recreate ?? []).filter(({ keepsPods }) => keepsPods);
  const lingers = (object: KubeObject): boolean => lingering.some(({ kind, name }) => kind === kindOf(object) && name === object.metadata.name);
  const present = stage.present.filter((object) => !lingers(object));
  const apply = (object: KubeObject): Promise<Rejection | undefined> => applyOne(pass, applier, object);
  const problems = await Promise.all([
    ...present.filter((object) => !isRoleBinding(object)).map(apply),
    ...stage.absent.map((ref) => removeOne(pass, applier, ref)),
  ]);
  problems.push(...(await Promise.all(present.filter(isRoleBinding).map(apply))));
  return stage.rejection ?? problems.find(isRejection);
}

/** The API server looks at the Role, whether its rules may be handed on, before it accepts a binding to it (R4.15). */
const isRoleBinding = ({ kind }: KubeObject): boolean => kind === kinds.roleBinding.kind;

async function applyOne(pass: Pass, applier: Applier, desired: KubeObject): Promise<Rejection | undefined> {
  try {
    const { name = '' } = desired.metadata;
    if (await isForeignBinding(pass, { kind: kindOf(desired), name })) {
      return reject('ForeignObject', `failed to update v1.ClusterRoleBinding ${name}: it belongs to another service`, { retry: true });
    }
    const outcome = await applier.apply(pass.stored, desired);
    if (outcome.action === 'foreign') return reject('ForeignObject', outcome.message, { retry: true });
    if (outcome.action === 'immutable') return reject('ImmutableField', `${outcome.message}; delete it to have it made anew`, { retry: true });
    pass.note(outcome.object);
    if (outcome.action !== 'unchanged') pass.events.push(childEvent(outcome.action === 'created' ? 'Created' : 'Updated', outcome.object));
    return undefined;
  } catch (error) {
    const lacksKind = error instanceof Error && isKindNotServed(error.cause) && !(await answerAsync(served(kindOf(desired) as Kind), pass.respond));
    // When its kind is installed, the service is woken (B3.21).
    return reject(lacksKind ? 'KindNotServed' : 'ApplyFailed', textOf(error), { retry: !lacksKind });
  }
}

async function removeOne(pass: Pass, applier: Applier, ref: Replacement): Promise<Rejection | undefined> {
  try {
    if (await isForeignBinding(pass, ref)) return undefined;
    const outcome = await applier.remove(pass.stored, ref, { orphan: ref.keepsPods ?? false });
    if (outcome === 'deleted') {
      pass.events.push(deletionEvent(ref));
    }
    return undefined;
  } catch (error) {
    return reject('DeleteFailed', textOf(error), { retry: true });
  }
}

/** Two services can come to the same name of a cluster-scoped binding, which no owner reference tells apart (B4.8). */
async function isForeignBinding(pass: Pass, { kind, name }: { kind: Kind | undefined; name: string }): Promise<boolean> {
  if (kind !== kinds.clusterRoleBinding) return false;
  const live = await answerAsync(get(kinds.clusterRoleBinding, '', name), pass.respond);
  return live !== undefined && !isOwnAuthBinding({ service: pass.stored }, live);
}

/** `Deleted v1.Deployment ns/name` (R3 §1.4). */
export function deletionEvent({ kind, name, namespace }: ObjectRef): EventText {
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return childEvent('Deleted', { apiVersion: kind.apiVersion, kind: kind.kind, metadata });
}

/** `Created v1.Deployment ns/name` (R3 §1.4). */
function childEvent(reason: 'Created' | 'Updated' | 'Deleted', object: KubeObject): EventText {
  const { namespace, name } = object.metadata;
  const type = kindOf(object)?.typeName ?? object.kind;
  return { type: 'Normal', reason, message: `${reason} ${type} ${namespace ? `${namespace}/` : ''}${name}` };
}
