import { expect } from 'chai';
import { type Kind, kinds } from '../../api/kinds.ts';
import { annotations, SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import { defaultOptions } from '../../api/options.ts';
import type { LLMInferenceServiceSpec } from '../../api/types.ts';
import { byHpa, hpaStatus, hpaWorks, isTrue, scale } from '../support/autoscalers.ts';
import { cluster, namespace } from '../support/cluster.ts';
import { service } from '../support/manifests.ts';
import type { RunningOperator } from '../support/operator.ts';
import { untilPassed } from '../support/requests.ts';
import { defaultParent } from '../support/router-fixtures.ts';
import { sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, condition, type Expectation, given, hasNoCondition, isReady, managedRoute, type Place } from '../support/story.ts';

const GATEWAY = 'kserve/kserve-ingress-gateway';
const CONTROLLER = 'istio.io/gateway-controller';

/** Here nobody but the test says how workloads and routes are: it shows what members of a group make of each other's state. */
describe('the traffic of a routing group', () => {
  let place: Place;
  let operator: RunningOperator;

  before(async () => {
    operator = await sharedOperator();
    place = { admin: (await cluster()).admin, namespace: await namespace('group-traffic') };
  });
  afterEach(() => clear(place));

  const spec = (weight: number): LLMInferenceServiceSpec => ({
    model: { uri: 'hf://Qwen/Qwen2.5-7B-Instruct', name: 'llama' },
    router: { route: { group: 'g', weight }, gateway: {} },
  });

  const runs = (actor: Actor, suffix: string, ready: number) =>
    actor.changeChild(
      kinds.deployment,
      suffix,
      { status: { replicas: ready, readyReplicas: ready, availableReplicas: ready, conditions: [{ type: 'Available', status: 'True' }] } },
      'status',
    );
  const parents = (conditions: readonly object[]) => ({
    status: { parents: [{ parentRef: defaultParent, controllerName: CONTROLLER, conditions }] },
  });
  const time = { lastTransitionTime: '2026-01-01T00:00:00Z', message: 'so says the test' };
  /** The gateway answers about the object as it stands: all is well, or the condition of this type is False for a reason. */
  const answer = async (actor: Actor, kind: Kind, suffix: string, refused?: { type: string; reason: string }) => {
    const { generation } = (await actor.child(kind, suffix)).metadata;
    const good = ['Accepted', 'ResolvedRefs'].map((type) => ({ type, status: 'True', reason: type }));
    const conditions = good.map((c) => ({
      ...(refused?.type === c.type ? { ...refused, status: 'False' } : c),
      ...time,
      observedGeneration: generation,
    }));
    await actor.changeChild(kind, suffix, parents(conditions), 'status');
  };
  const accept = (actor: Actor) => answer(actor, kinds.httpRoute, suffixes.route);

  /** The gateway accepts the route until it stands still. */
  const isAccepted: Expectation = async (actor) => {
    const { metadata, status } = await managedRoute(actor);
    if (status?.parents?.[0]?.conditions?.[0]?.observedGeneration !== metadata.generation) await accept(actor);
    await condition('RouterReady', 'True')(actor);
  };
  const sharedBackends = async (actor: Actor) => {
    const rule = (await managedRoute(actor)).spec?.rules?.find(({ name }) => name === 'v1-model-routing');
    return (rule?.backendRefs ?? []).map(({ name }) => name.replace(/-kserve-workload-svc|-inference-pool/, ''));
  };
  const splits =
    (...members: string[]): Expectation =>
    async (actor) =>
      expect(await sharedBackends(actor)).to.deep.equal(members);
  /** All routes are accepted, and each leads to all members. */
  const share = (...members: [Actor, ...Actor[]]) => {
    const names = members.map(({ name }) => name);
    const ofAll = (...expectations: Expectation[]) => expectations.flatMap((holds) => members.map((one) => () => holds(one)));
    return members[0].reaches(...ofAll(isAccepted, splits(...names), isAccepted, isReady));
  };
  const says =
    (message: string | undefined): Expectation =>
    async (actor) => {
      const ready = (await actor.stored()).status?.conditions?.find(({ type }) => type === 'GroupReady');
      expect(ready).to.deep.include({ status: 'True' });
      expect(ready?.message).to.equal(message);
    };

  describe('with a member that idle autoscaling takes to zero (B5.9)', () => {
    const adapter = (text: string | null) =>
      place.admin.patch(kinds.configMap, defaultOptions.systemNamespace, SETTINGS_CONFIG_MAP, {
        data: { 'autoscaling-metrics-adapter-config': text },
      });
    before(() => adapter('{}'));
    after(() => adapter(null));

    const disabled = hpaStatus(isTrue('AbleToScale'), { ...isTrue('ScalingActive'), status: 'False', reason: 'ScalingDisabled' });
    const hpaSays = (actor: Actor, status: object) => actor.changeChild(kinds.horizontalPodAutoscaler, suffixes.hpa, { ...status }, 'status');
    const scaling = async (actor: Actor) => {
      const { conditions, workloads } = (await actor.stored()).status ?? {};
      const { status, reason } = conditions?.find(({ type }) => type === 'ScalingReady') ?? {};
      return [status, reason, workloads?.primary?.readyReplicas];
    };

    it('goes on getting its share, and nobody writes a route because of it', async () => {
      const v1 = await given(place, service('v1').with(spec(80)));
      const idle = { ...spec(20), scaling: byHpa, router: { ...spec(20).router, scheduler: {} } };
      const v2 = await given(place, service('v2').with(idle).annotated('llmisvc.io/scale-to-zero', 'true'));
      await v1.reaches((actor) => runs(actor, suffixes.main, 1));
      await v2.reaches(
        (actor) => runs(actor, suffixes.main, 1),
        (actor) => runs(actor, suffixes.scheduler, 1),
        (actor) => hpaSays(actor, hpaWorks),
        (actor) => answer(actor, kinds.inferencePool, suffixes.inferencePool),
      );
      await share(v1, v2);
      const generations = async () => [(await managedRoute(v1)).metadata.generation, (await managedRoute(v2)).metadata.generation];
      const before = await generations();
      const steps: [string, () => Promise<unknown>, [string, string | undefined, number]][] = [
        ['its replicas are taken away', () => scale(v2, 0), ['True', 'ScaledToZero', 1]],
        ['they are gone', () => runs(v2, suffixes.main, 0), ['True', 'ScaledToZero', 0]],
        ['the HPA has noticed', () => hpaSays(v2, disabled), ['True', 'ScaledToZero', 0]],
        ['it is given two', () => scale(v2, 2), ['True', 'ScaledFromZero', 0]],
        ['the HPA works again', () => hpaSays(v2, hpaWorks), ['True', 'ScaledFromZero', 0]],
        ['one is there', () => runs(v2, suffixes.main, 1), ['True', undefined, 1]],
      ];
      for (const [what, act, expected] of steps) {
        await untilPassed(operator, act);
        expect(await scaling(v2), what).to.deep.equal(expected);
        expect(await sharedBackends(v1), what).to.deep.equal(['v1', 'v2']);
        expect(await generations(), what).to.deep.equal(before);
      }

      await untilPassed(operator, () => runs(v2, suffixes.main, 0));
      expect(await scaling(v2)).to.deep.equal(['True', undefined, 0]);
      await v1.reaches(
        splits('v1'),
        says(
          'the gateway does not follow the rules of v1 as they stand: "True" (reason "Accepted", message "so says the test") of an older generation; left out until ready: v2',
        ),
      );

      await scale(v2, 0);
      await v1.reaches(isAccepted, splits('v1', 'v2'), says(undefined));
      await hpaSays(v2, disabled);
      await adapter(null);
      await v2.reaches(condition('ScalingReady', 'False', 'ScalingDisabled'));
      await v1.reaches(splits('v1'));
    });
  });

  it('is said to be the gateway’s business as long as that has not accepted the rules, or refuses them (B5.12)', async () => {
    const [v1, v2] = [await given(place, service('v1').with(spec(80))), await given(place, service('v2').with(spec(20)))];
    for (const one of [v1, v2]) {
      const waiting = `the gateway does not follow the rules of ${one.name} as they stand: not accepted yet by ${GATEWAY}`;
      const other = one === v1 ? 'v2' : 'v1';
      await one.reaches(says(`${waiting}; left out until ready: ${other}`), hasNoCondition('GroupDegraded'));
    }
    for (const one of [v1, v2]) await one.reaches((actor) => runs(actor, suffixes.main, 1));
    await share(v1, v2);
    for (const one of [v1, v2]) await one.reaches(says(undefined), hasNoCondition('GroupDegraded'));

    await answer(v1, kinds.httpRoute, suffixes.route, { type: 'ResolvedRefs', reason: 'BackendNotFound' });
    const words = `${GATEWAY} says BackendNotFound: so says the test`;
    await v1.reaches(
      condition('GroupDegraded', 'True', 'BackendResolutionFailed', `backends of v1: ${words}`),
      condition('HTTPRoutesReady', 'False', 'HTTPRoutesNotReady'),
      async () => {
        const told = (await v1.events()).filter(({ reason }) => reason === 'BackendResolutionFailed');
        expect(told.map(({ type, message }) => [type, message])).to.deep.equal([['Warning', `routing group "g": backends of v1: ${words}`]]);
      },
    );
    await v2.reaches(says('a gateway refuses the rules of v1'), hasNoCondition('GroupDegraded'), splits('v1', 'v2'));

    await answer(v1, kinds.httpRoute, suffixes.route, { type: 'Accepted', reason: 'NotAllowedByListeners' });
    await v1.reaches(condition('GroupDegraded', 'True', 'RouteRefused'));
    await accept(v1);
    for (const one of [v1, v2]) await one.reaches(says(undefined), hasNoCondition('GroupDegraded'), splits('v1', 'v2'));
  });

  it('goes to nobody without a word as long as the members with a weight only start (B5.9)', async () => {
    const [v1, v2] = [await given(place, service('v1').with(spec(100))), await given(place, service('v2').with(spec(0)))];
    await v2.reaches(
      (actor) => runs(actor, suffixes.main, 1),
      isAccepted,
      hasNoCondition('GroupDegraded'),
      says('left out until ready: v1, and nobody else has a weight'),
    );
    await v1.annotate(annotations.stop, 'true');
    await v2.reaches(condition('GroupDegraded', 'True', 'NoWeight'), says(undefined));
  });
});
