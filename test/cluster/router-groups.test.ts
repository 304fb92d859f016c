import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { annotations, finalizers, labels } from '../../api/metadata.ts';
import { suffixes } from '../../api/names.ts';
import type { LLMInferenceServiceSpec } from '../../api/types.ts';
import { config, service } from '../support/manifests.ts';
import { refuse } from '../support/refusals.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import {
  type Actor,
  clear,
  condition,
  type Expectation,
  given,
  hasNoCondition,
  isGone,
  isReady,
  lacks,
  managedRoute,
  type Place,
} from '../support/story.ts';

/** The rule of the preset that all members of a group share first. */
const SHARED_RULE = 'v1-model-routing';

describe('a routing group', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('groups');
  });
  afterEach(() => clear(place));

  const spec = (group: string, weight: number, model = 'llama'): LLMInferenceServiceSpec => ({
    model: { uri: 'hf://Qwen/Qwen2.5-7B-Instruct', name: model },
    router: { route: { group, weight }, gateway: {} },
  });
  const member = (name: string, group: string, weight: number, model?: string) => given(place, service(name).with(spec(group, weight, model)));
  const moveTo = (group: string | null, weight: number | null) => ({ spec: { router: { route: { group, weight } } } });

  const sharedBackends = async (actor: Actor) => {
    const route = await managedRoute(actor);
    const shared = route.spec?.rules?.find(({ name }) => name === SHARED_RULE);
    return (shared?.backendRefs ?? []).map(({ name, weight }) => `${name.replace(/-kserve-workload-svc|-inference-pool/, '')}=${weight}`);
  };
  const members = async (actor: Actor) => (await actor.stored()).status?.router?.group?.members ?? [];
  /** These backends in the shared rules, these members in the status. */
  const splits =
    (backends: readonly string[], listed: readonly string[] = backends): Expectation =>
    async (actor) => {
      expect(await sharedBackends(actor)).to.deep.equal(backends);
      expect((await members(actor)).map(({ name, weight }) => `${name}=${weight}`)).to.deep.equal(listed);
    };
  const inGroup = condition('GroupReady', 'True');

  it('splits the traffic of two members by weight, and follows a change of one (R5.111)', async () => {
    const v1 = await given(
      place,
      service('v1').with({ ...spec('g', 80), router: { route: { group: 'g', weight: 80 }, gateway: {}, scheduler: {} } }),
    );
    const v2 = await member('v2', 'g', 20);
    for (const one of [v1, v2]) await one.reaches(isReady, inGroup, hasNoCondition('GroupDegraded'), splits(['v1=80', 'v2=20']));
    for (const one of [v1, v2]) {
      expect((await one.stored()).metadata.labels?.[labels.routingGroup]).to.equal('g');
      expect((await managedRoute(one)).metadata.labels?.[labels.routingGroup]).to.equal('g');
    }
    expect((await members(v2)).map(({ backendRef }) => backendRef?.kind)).to.deep.equal(['InferencePool', 'Service']);

    await v1.change({ spec: { router: { route: { weight: 95 } } } });
    for (const one of [v1, v2]) await one.reaches(splits(['v1=95', 'v2=20']));
  });

  it('lists a stopped member and sends it nothing, and takes it back when it runs (R5.117)', async () => {
    const [v1, v2] = [await member('v1', 'g', 80), await member('v2', 'g', 20)];
    for (const one of [v1, v2]) await one.reaches(isReady, splits(['v1=80', 'v2=20']));
    await v2.annotate(annotations.stop, 'true');
    await v1.reaches(splits(['v1=80'], ['v1=80', 'v2=20']), async () => {
      expect((await members(v1)).map(({ stopped }) => stopped)).to.deep.equal([undefined, true]);
    });
    await v2.reaches(lacks(kinds.httpRoute, suffixes.route), hasNoCondition('GroupReady'), async () => {
      expect((await v2.stored()).status?.router).to.equal(undefined);
    });
    await v2.annotate(annotations.stop, null);
    for (const one of [v1, v2]) await one.reaches(isReady, inGroup, splits(['v1=80', 'v2=20']));
  });

  it('loses members that leave, and gains those that come (R5.122)', async () => {
    const [v1, v2, other] = [await member('v1', 'g', 80), await member('v2', 'g', 20), await member('other', 'h', 5)];
    for (const one of [v1, v2]) await one.reaches(isReady, splits(['v1=80', 'v2=20']));
    await v2.change(moveTo('h', 20));
    await v1.reaches(splits(['v1=80']));
    for (const one of [v2, other]) await one.reaches(inGroup, splits(['other=5', 'v2=20']));
    await v2.change(moveTo(null, null));
    await other.reaches(splits(['other=5']));
    await v2.reaches(hasNoCondition('GroupReady'), async () => {
      expect(await sharedBackends(v2)).to.deep.equal(['v2=1']);
      const { metadata, status } = await v2.stored();
      expect(metadata.labels?.[labels.routingGroup]).to.equal(undefined);
      expect(status?.router?.group).to.equal(undefined);
      expect((await managedRoute(v2)).metadata.labels).not.to.have.property(labels.routingGroup);
    });
  });

  it('keeps members with other models apart until they agree (R5.110)', async () => {
    const [v1, v2, odd] = [await member('v1', 'g', 80), await member('v2', 'g', 20), await member('odd', 'g', 5, 'qwen')];
    for (const one of [v1, v2]) {
      const message = 'group has members with different model sets: qwen';
      await one.reaches(inGroup, condition('GroupDegraded', 'True', 'MemberDivergence', message), splits(['v1=80', 'v2=20']), isReady);
    }
    await odd.reaches(inGroup, condition('GroupDegraded', 'True', 'MemberDivergence'), condition('RouterReady', 'True'), splits(['odd=5']));
    await odd.change({ spec: { model: { name: 'llama' } } });
    for (const one of [v1, v2, odd]) await one.reaches(inGroup, hasNoCondition('GroupDegraded'), splits(['odd=5', 'v1=80', 'v2=20']));
  });

  it('lets a member go only when no route names it any more (R5.118)', async () => {
    const [v1, v2] = [await member('v1', 'g', 80), await member('v2', 'g', 20)];
    for (const one of [v1, v2]) await one.reaches(isReady, splits(['v1=80', 'v2=20']));
    // Somebody else's finalizer shows what the routes are like when ours is gone.
    await v2.change({ metadata: { finalizers: [finalizers.service, 'example.com/last'] } });
    await v2.delete();
    await v2.reaches(async () => expect((await v2.stored()).metadata.finalizers).to.deep.equal(['example.com/last']));
    expect(await sharedBackends(v1)).to.deep.equal(['v1=80']);
    await v2.change({ metadata: { finalizers: null } });
    await v2.reaches(isGone);
    await v1.reaches(isReady, splits(['v1=80']));
  });

  it('says which member a deletion waits for (R5.119)', async () => {
    const [v1, v2] = [await member('v1', 'g', 80), await member('v2', 'g', 20)];
    for (const one of [v1, v2]) await one.reaches(isReady, splits(['v1=80', 'v2=20']));
    // A member that cannot be reconciled keeps its route as it is.
    await v1.change({ spec: { baseRefs: [{ name: 'gone' }] } });
    await v1.reaches(condition('PresetsCombined', 'False', 'ConfigNotFound'));
    await v2.delete();
    const message = 'waiting for member v1 to remove backendRef before deletion';
    await v2.reaches(condition('GroupReady', 'False', 'FinalizationPending', message), hasNoCondition('GroupDegraded'));
    await v1.change({ spec: { baseRefs: null } });
    await v1.reaches(isReady, splits(['v1=80']));
    await v2.reaches(isGone);
  });

  it('takes a member out of the routes of others when its deletion has waited long enough (B5.11)', async () => {
    const [v1, v2, v3] = [await member('v1', 'g', 80), await member('v2', 'g', 20), await member('v3', 'g', 1)];
    for (const one of [v1, v2, v3]) await one.reaches(isReady, splits(['v1=80', 'v2=20', 'v3=1']));
    for (const one of [v1, v3]) {
      await one.change({ spec: { baseRefs: [{ name: 'gone' }] } });
      await one.reaches(condition('PresetsCombined', 'False', 'ConfigNotFound'));
    }
    await v2.delete();
    const message = 'waiting for members v1, v3 to remove backendRef before deletion';
    await v2.reaches(condition('GroupReady', 'False', 'FinalizationPending', message));
    await v2.annotate(annotations.groupFinalizationTimeout, '0s');
    await v2.reaches(isGone);
    const written = await managedRoute(v1);
    for (const one of [v1, v3]) {
      expect(await sharedBackends(one)).to.deep.equal(['v1=80', 'v3=1']);
      await one.reaches(async () => {
        const told = (await one.events()).map((event) => event.message);
        expect(told).to.include(
          `Updated v1.HTTPRoute ${place.namespace}/${one.name}-kserve-route: LLMInferenceService "v2" is being deleted and has waited ` +
            'long enough for its backends to be removed',
        );
      });
    }

    await v1.change({ spec: { baseRefs: null } });
    await v1.reaches(isReady, splits(['v1=80', 'v3=1']));
    // What the peer makes of its route itself is the same.
    expect((await managedRoute(v1)).metadata.generation).to.equal(written.metadata.generation);
  });

  it('ends a deletion although the route of a peer cannot be changed, and tells the peer (B5.11)', async () => {
    const [v1, v2] = [await member('v1', 'g', 80), await member('v2', 'g', 20)];
    for (const one of [v1, v2]) await one.reaches(isReady, splits(['v1=80', 'v2=20']));
    await v1.change({ spec: { baseRefs: [{ name: 'gone' }] } });
    await v1.reaches(condition('PresetsCombined', 'False', 'ConfigNotFound'));
    const { admin, namespace } = place;
    const path = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/v1-kserve-route`;
    const probe = {
      method: 'PATCH' as const,
      path,
      query: { dryRun: 'All' },
      contentType: 'application/merge-patch+json',
      body: { spec: { hostnames: ['a.b'] } },
    };
    const frozen = { apiGroup: 'gateway.networking.k8s.io', resource: 'httproutes', operations: ['UPDATE'], expression: 'false', namespace } as const;
    const relent = await refuse(admin, { ...frozen, message: 'routes are frozen' }, () => admin.request(probe));
    try {
      await v2.annotate(annotations.groupFinalizationTimeout, '0s');
      await v2.delete();
      await v2.reaches(isGone);
      await v1.reaches(async () => {
        const warnings = (await v1.events()).filter(({ type }) => type === 'Warning').map((event) => event.message);
        expect(warnings.join()).to.match(/failed to update v1.HTTPRoute .*v1-kserve-route: .*routes are frozen/);
      });
      expect(await sharedBackends(v1)).to.deep.equal(['v1=80', 'v2=20']);
    } finally {
      await relent();
    }
    await v1.change({ spec: { baseRefs: null } });
    await v1.reaches(isReady, splits(['v1=80']));
  });

  it('lets several members go at once (R5.120)', async () => {
    const [v1, v2, v3] = [await member('v1', 'g', 80), await member('v2', 'g', 20), await member('v3', 'g', 1)];
    for (const one of [v1, v2, v3]) await one.reaches(isReady, splits(['v1=80', 'v2=20', 'v3=1']));
    await Promise.all([v1.delete(), v2.delete()]);
    for (const one of [v1, v2]) await one.reaches(isGone);
    await v3.reaches(isReady, splits(['v3=1']));
  });

  it('may come from a config, and wakes the others all the same (B5.1)', async () => {
    const { namespace } = place;
    const canary = config('canary', { router: { route: { group: 'g', weight: 5 } } });
    await place.admin.create({ ...canary, metadata: { ...canary.metadata, namespace } });
    const { router: _, ...bare } = spec('g', 1);
    const inherited = await given(
      place,
      service('inherited')
        .with({ ...bare, router: { gateway: {} } })
        .basedOn('canary'),
    );
    const v1 = await member('v1', 'g', 80);
    for (const one of [inherited, v1]) await one.reaches(isReady, inGroup, splits(['inherited=5', 'v1=80']));
    await v1.change({ spec: { router: { route: { weight: 70 } } } });
    await inherited.reaches(splits(['inherited=5', 'v1=70']));
  });

  it('lists a stopped member whose model comes from a config as one of its own (B5.10)', async () => {
    const { namespace } = place;
    const base = config('base', { model: { uri: 'hf://Qwen/Qwen2.5-7B-Instruct', name: 'shared' } });
    await place.admin.create({ ...base, metadata: { ...base.metadata, namespace } });
    const based = (name: string, weight: number) =>
      given(
        place,
        service(name)
          .with({ model: { uri: 'hf://Qwen/Qwen2.5-7B-Instruct' }, router: spec('g', weight).router ?? {} })
          .basedOn('base'),
      );
    const [v1, v2] = [await based('v1', 80), await based('v2', 20)];
    for (const one of [v1, v2]) await one.reaches(isReady, splits(['v1=80', 'v2=20']));
    await v2.annotate(annotations.stop, 'true');
    await v1.reaches(splits(['v1=80'], ['v1=80', 'v2=20']), hasNoCondition('GroupDegraded'), isReady);
  });

  it('says so when nobody takes its traffic (B5.9)', async () => {
    const v1 = await member('v1', 'g', 0);
    await v1.reaches(isReady, inGroup, condition('GroupDegraded', 'True', 'NoWeight'), splits(['v1=0']));
  });
});
