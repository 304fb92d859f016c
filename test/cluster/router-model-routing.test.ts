import { expect } from 'chai';
import { kinds } from '../../api/kinds.ts';
import { annotations, SETTINGS_CONFIG_MAP } from '../../api/metadata.ts';
import { defaultOptions } from '../../api/options.ts';
import { service } from '../support/manifests.ts';
import { gateway, HEADER } from '../support/router-fixtures.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, type Expectation, given, isReady, managedRoute, type Place } from '../support/story.ts';

describe('model-based routing', () => {
  let place: Place;

  before(async () => {
    await sharedOperator();
    place = await openPlace('model-routing');
  });
  afterEach(() => clear(place));

  const headerValues = async (actor: Actor) =>
    ((await managedRoute(actor)).spec?.rules ?? []).flatMap(({ matches = [] }) =>
      matches.flatMap(({ headers = [] }) => headers.filter(({ name }) => name === HEADER).map(({ value }) => value)),
    );
  const publisher = () => `publishers/${place.namespace}/models/facebook/opt-125m`;
  const opt = () => service('opt').with({ model: { uri: 'hf://facebook/opt-125m', name: 'facebook/opt-125m' } });
  const routesByHeader: Expectation = async (actor) => expect(await headerValues(actor)).to.deep.equal(Array(9).fill(publisher()));
  const routesByPathOnly: Expectation = async (actor) => expect(await headerValues(actor)).to.deep.equal([]);
  const routing = (value: string | null) => ({ annotations: { [annotations.modelBasedRouting]: value } });

  it('follows the mode of the installation (R5.128)', async () => {
    const { systemNamespace } = defaultOptions;
    const settings = await place.admin.get(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP);
    const { ingress = '{}' } = (settings?.data ?? {}) as Record<string, string>;
    const write = (more: object) =>
      place.admin.patch(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP, {
        data: { ingress: JSON.stringify({ ...JSON.parse(ingress), ...more }) },
      });
    const model = await given(place, opt());
    await model.reaches(isReady, routesByHeader);
    try {
      await write({ modelBasedRoutingMode: 'Disabled' });
      await model.reaches(isReady, routesByPathOnly);
      await write({ modelBasedRoutingMode: 'forced', disableHTTPRouteTimeout: true });
      await model.reaches(isReady, routesByHeader, async (actor) => {
        expect((await managedRoute(actor)).spec?.rules?.filter(({ timeouts }) => timeouts)).to.deep.equal([]);
      });
    } finally {
      await place.admin.patch(kinds.configMap, systemNamespace, SETTINGS_CONFIG_MAP, { data: { ingress } });
    }
    await model.reaches(isReady, routesByHeader);
  });

  it('is switched off by the service and by its gateway (R5.125)', async () => {
    await place.admin.create(gateway({ name: 'plain', namespace: place.namespace }));
    const model = await given(place, opt().with({ router: { route: {}, gateway: { refs: [{ name: 'plain' }] } } }));
    await model.reaches(isReady, routesByHeader);
    await place.admin.patch(kinds.gateway, place.namespace, 'plain', { metadata: routing('false') });
    await model.reaches(isReady, routesByPathOnly);
    await place.admin.patch(kinds.gateway, place.namespace, 'plain', { metadata: routing(null) });
    await model.reaches(isReady, routesByHeader);
    await model.change({ spec: routing('false') });
    await model.reaches(isReady, routesByPathOnly);
  });

  it('says once when two services have the same model name, and blocks neither (R5.129)', async () => {
    const first = await given(place, opt());
    await first.reaches(isReady);
    const second = await given(place, opt().named('second'));
    const collisions = async () => (await second.events()).filter(({ reason }) => reason === 'ModelNameCollision');
    await second.reaches(isReady, async () => expect(await collisions()).to.have.length(1));
    await second.annotate('example.com/touched', 'yes');
    await second.change({ spec: { replicas: 2 } });
    await second.reaches(isReady);
    const [event, ...others] = await collisions();
    expect(others).to.deep.equal([]);
    expect(event).to.include({ type: 'Warning', count: 1 });
    expect(event?.message).to.contain('"facebook/opt-125m"').and.to.contain(' opt ').and.to.contain(place.namespace);
  });

  it('says so to both, and again when it comes back (B5.27)', async () => {
    const collisionsOf = async (actor: Actor) =>
      (await actor.events())
        .filter(({ reason }) => reason === 'ModelNameCollision')
        .map(({ count, message }) => `${count} ${message?.split(' in namespace')[0]}`);
    const tells =
      (...texts: string[]): Expectation =>
      async (actor) =>
        expect(await collisionsOf(actor)).to.deep.equal(texts);
    const calls = (name: string) => ({ spec: { model: { name } } });
    const first = await given(place, opt().named('left'));
    await first.reaches(isReady, tells());
    const second = await given(place, opt().named('right'));
    const [toFirst, toSecond] = ['right', 'left'].map((other) => `Model name "facebook/opt-125m" is also served by ${other}`);
    await first.reaches(isReady, tells(`1 ${toFirst}`));
    await second.reaches(isReady, tells(`1 ${toSecond}`));
    await second.change(calls('another'));
    await second.reaches(isReady, async () => expect(await headerValues(second)).to.include(`publishers/${place.namespace}/models/another`));
    await second.change(calls('facebook/opt-125m'));
    await first.reaches(isReady, tells(`2 ${toFirst}`));
    await second.reaches(isReady, tells(`2 ${toSecond}`));
  });
});
