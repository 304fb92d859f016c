import { expect } from 'chai';
import type { ObservedCondition } from '../../api/gateway-api.ts';
import { kinds, POOL_GROUP_V1, POOL_GROUP_V1ALPHA2 } from '../../api/kinds.ts';
import { annotations } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { service } from '../support/manifests.ts';
import { defaultParent, condition as said } from '../support/router-fixtures.ts';
import { sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, type Expectation, given, has, lacks, managedRoute, type Place } from '../support/story.ts';

const poolGroups = async (actor: Actor) => [
  ...new Set(
    ((await managedRoute(actor)).spec?.rules ?? [])
      .flatMap(({ backendRefs = [] }) => backendRefs.filter((b) => b.kind === 'InferencePool'))
      .map((b) => b.group),
  ),
];

describe('the managed route, with the gateway played by hand', () => {
  let place: Place;

  before(async () => {
    const { admin } = await cluster();
    await sharedOperator();
    // Not a simulated place: nobody but the tests writes a status here.
    place = { admin, namespace: await namespace('migration') };
  });
  afterEach(() => clear(place));

  const at = '2026-01-01T00:00:00Z';
  const parent = (name: string, conditions: ObservedCondition[]) => ({
    parentRef: { ...defaultParent, name },
    controllerName: 'example.com/gateway',
    conditions: conditions.map((c) => ({ ...c, reason: c.reason || c.type, lastTransitionTime: at })),
  });
  const report = (actor: Actor, ...parents: ReturnType<typeof parent>[]) =>
    actor.changeChild(kinds.httpRoute, suffixes.route, { status: { parents } }, 'status');
  const accepted = said('Accepted', 'True');
  const resolved = said('ResolvedRefs', 'True');
  const uses =
    (group: string, migrated?: string): Expectation =>
    async (actor) => {
      expect(await poolGroups(actor)).to.deep.equal([group]);
      expect((await managedRoute(actor)).metadata.annotations?.[annotations.inferencePoolMigrated]).to.equal(migrated);
    };

  it('goes from v1alpha2 to v1 when the gateway does not know the kind, and never back (R5.38, R5.41)', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(
      uses(POOL_GROUP_V1ALPHA2),
      has(kinds.inferencePool, suffixes.inferencePool),
      has(kinds.inferencePoolAlpha, suffixes.inferencePool),
    );
    await report(qwen, parent('kserve-ingress-gateway', [accepted, said('ResolvedRefs', 'False', 'InvalidKind')]));
    await qwen.reaches(uses(POOL_GROUP_V1, 'v1'), condition('HTTPRoutesReady', 'False', 'HTTPRoutesNotReady', /InvalidKind/));
    await report(qwen, parent('kserve-ingress-gateway', [accepted, resolved]));
    await qwen.reaches(condition('HTTPRoutesReady', 'True'), uses(POOL_GROUP_V1, 'v1'));
    await report(qwen, parent('kserve-ingress-gateway', [accepted, said('ResolvedRefs', 'False', 'InvalidKind')]));
    await qwen.reaches(condition('HTTPRoutesReady', 'False'), uses(POOL_GROUP_V1, 'v1'));
  });

  it('goes to v1 when somebody sets the annotation', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(uses(POOL_GROUP_V1ALPHA2));
    await qwen.changeChild(kinds.httpRoute, suffixes.route, { metadata: { annotations: { [annotations.inferencePoolMigrated]: 'v1' } } });
    await qwen.reaches(uses(POOL_GROUP_V1, 'v1'));
  });

  /** What a gateway says that knows v1 pools only. */
  const refusesAlpha = async (actor: Actor) => {
    await actor.reaches(uses(POOL_GROUP_V1ALPHA2));
    await report(actor, parent('kserve-ingress-gateway', [accepted, said('ResolvedRefs', 'False', 'InvalidKind')]));
    await actor.reaches(uses(POOL_GROUP_V1, 'v1'));
    await report(actor, parent('kserve-ingress-gateway', [accepted, resolved]));
  };
  const remembers =
    (value: string | undefined): Expectation =>
    async (actor) =>
      expect((await actor.stored()).status?.annotations?.[annotations.inferencePoolMigrated]).to.equal(value);
  const routesWritten = async (actor: Actor) => (await managedRoute(actor)).metadata.generation;

  it('begins with v1 again after a stop, without asking the gateway (B5.4)', async () => {
    const qwen = await given(place, service('qwen'));
    await refusesAlpha(qwen);
    await qwen.reaches(condition('HTTPRoutesReady', 'True'), remembers(undefined));
    await qwen.annotate(annotations.stop, 'true');
    await qwen.reaches(lacks(kinds.httpRoute, suffixes.route), lacks(kinds.inferencePool, suffixes.inferencePool), remembers('v1'));
    await qwen.annotate(annotations.stop, null);
    await qwen.reaches(uses(POOL_GROUP_V1, 'v1'), remembers(undefined));
    expect(await routesWritten(qwen)).to.equal(1);
  });

  it('begins with v1 again when it had no route for a while (B5.4)', async () => {
    const qwen = await given(place, service('qwen'));
    await refusesAlpha(qwen);
    await qwen.change({ spec: { router: { route: null } } });
    await qwen.reaches(lacks(kinds.httpRoute, suffixes.route), remembers('v1'));
    await qwen.change({ spec: { router: { route: {} } } });
    await qwen.reaches(uses(POOL_GROUP_V1, 'v1'), remembers(undefined));
    expect(await routesWritten(qwen)).to.equal(1);
  });

  it('begins with v1 again when somebody deleted it and the gateway takes v1 only (B5.4)', async () => {
    const qwen = await given(place, service('qwen'));
    await refusesAlpha(qwen);
    const acceptance = {
      parentRef: defaultParent,
      conditions: [{ type: 'Accepted', status: 'True', reason: 'Accepted', message: '', lastTransitionTime: at }],
    };
    await qwen.changeChild(kinds.inferencePool, suffixes.inferencePool, { status: { parents: [acceptance] } }, 'status');
    await qwen.reaches(condition('InferencePoolReady', 'True'));
    const { uid } = (await managedRoute(qwen)).metadata;
    await qwen.deleteChild(kinds.httpRoute, suffixes.route);
    await qwen.reaches(uses(POOL_GROUP_V1, 'v1'), async () => expect((await managedRoute(qwen)).metadata.uid).not.to.equal(uid));
    expect(await routesWritten(qwen)).to.equal(1);
  });

  it('begins with v1alpha2 again where the gateway takes both', async () => {
    const qwen = await given(place, service('qwen'));
    await qwen.reaches(uses(POOL_GROUP_V1ALPHA2));
    await report(qwen, parent('kserve-ingress-gateway', [accepted, resolved]));
    await qwen.reaches(condition('HTTPRoutesReady', 'True'));
    await qwen.annotate(annotations.stop, 'true');
    await qwen.reaches(lacks(kinds.httpRoute, suffixes.route), condition('HTTPRoutesReady', 'False', 'Stopped'), remembers(undefined));
    await qwen.annotate(annotations.stop, null);
    await qwen.reaches(uses(POOL_GROUP_V1ALPHA2), remembers(undefined));
  });

  it('is ready by the word of its own parents, about its present generation (R5.88, B5.18)', async () => {
    const qwen = await given(place, service('qwen').with({ router: { route: {}, gateway: {} } }));
    const name = `${place.namespace}/qwen-kserve-route`;
    const notReady = (problem: string) =>
      condition('HTTPRoutesReady', 'False', 'HTTPRoutesNotReady', `The following HTTPRoutes are not ready: [${name}: ${problem}]`);
    await qwen.reaches(notReady('not accepted yet by kserve/kserve-ingress-gateway'));
    await report(qwen, parent('kserve-ingress-gateway', [said('Accepted', 'False', 'NoMatchingParent')]));
    await qwen.reaches(notReady('"False" (reason "NoMatchingParent", message "")'));
    await report(qwen, parent('kserve-ingress-gateway', [accepted]));
    await qwen.reaches(notReady('"Unknown" (reason "ConditionMissing", message "ResolvedRefs is not reported")'));
    const policy = parent('kserve-ingress-gateway', [said('PolicyAffected', 'True')]);
    const left = parent('old-gateway', [said('Accepted', 'False', 'NoMatchingParent')]);
    await report(qwen, policy, left, parent('kserve-ingress-gateway', [said('Accepted', 'True', '', 1), said('ResolvedRefs', 'True', '', 1)]));
    await qwen.reaches(condition('HTTPRoutesReady', 'True'), condition('RouterReady', 'True'));
    await qwen.change({ spec: { model: { name: 'renamed' } } });
    await qwen.reaches(condition('HTTPRoutesReady', 'False', 'HTTPRoutesNotReady', /reason "Accepted"/));
  });
});
