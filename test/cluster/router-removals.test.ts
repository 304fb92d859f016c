import { expect } from 'chai';
import type { HTTPRouteSpec } from '../../api/types.ts';
import { service } from '../support/manifests.ts';
import { defaultParent, rule, serviceBackend } from '../support/router-fixtures.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, given, isReady, managedRoute, type Place } from '../support/story.ts';

describe('what the route of a service is not asked for any more (B5.3)', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('route-removals');
  });
  afterEach(() => clear(place));

  const specOf = async (actor: Actor) => (await managedRoute(actor)).spec;
  const isBack = (before: unknown) => async (actor: Actor) => expect(await specOf(actor)).to.deep.equal(before);

  it('disappears with the last adapter', async () => {
    const qwen = await given(place, service('qwen').with({ model: { uri: 'hf://a/b', name: 'b' }, router: { route: {} } }));
    await qwen.reaches(isReady);
    const before = await specOf(qwen);
    await qwen.change({ spec: { model: { lora: { adapters: [{ name: 'sql', uri: 'hf://a/sql' }] } } } });
    await qwen.reaches(async () => expect(JSON.stringify(await specOf(qwen))).to.include('/models/sql'));
    await qwen.change({ spec: { model: { lora: null } } });
    await qwen.reaches(isBack(before), isReady);
  });

  it('disappears from the end of a list, and from a rule', async () => {
    const backend = serviceBackend('qwen-kserve-workload-svc');
    const routed = (spec: HTTPRouteSpec) => ({ router: { route: { http: { spec } } } });
    const bare: HTTPRouteSpec = { parentRefs: [defaultParent], rules: [rule('/mine', backend)] };
    const qwen = await given(place, service('qwen').with(routed(bare)));
    await qwen.reaches(isReady);
    const before = await specOf(qwen);
    const rewrite = { type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } };
    const rich: HTTPRouteSpec = {
      parentRefs: [{ ...defaultParent, sectionName: 'http' }],
      hostnames: ['a.example.com'],
      rules: [{ ...rule('/mine', backend), filters: [rewrite], timeouts: { request: '5s' } }, rule('/more', backend)],
    };
    await qwen.change({ spec: routed(rich) });
    await qwen.reaches(async () => expect((await specOf(qwen))?.rules).to.have.length(2));
    await qwen.change({ spec: routed({ ...bare, hostnames: null } as never) });
    await qwen.reaches(isBack(before), isReady);
  });
});
