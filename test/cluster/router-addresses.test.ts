import { expect } from 'chai';
import type { Gateway, Listener } from '../../api/gateway-api.ts';
import { kinds } from '../../api/kinds.ts';
import { namespace } from '../support/cluster.ts';
import { service } from '../support/manifests.ts';
import { gateway, listener } from '../support/router-fixtures.ts';
import { openPlace, sharedOperator } from '../support/shared-operator.ts';
import { type Actor, clear, type Expectation, given, type Place } from '../support/story.ts';

describe('the addresses of a service (B5.15)', () => {
  let place: Place;
  /** Nobody plays a gateway controller there. */
  let infra: string;

  before(async () => {
    await sharedOperator();
    place = await openPlace('addresses');
    infra = await namespace('infra');
  });
  afterEach(() => clear(place));

  const models = listener('models', 'HTTP', 80, 'models.example.com');
  const chat = listener('chat', 'HTTP', 8080, 'chat.example.com');
  const at = '2026-01-01T00:00:00Z';
  const condition = (type: string, status: 'True' | 'False', reason: string) => ({ type, status, reason, message: '', lastTransitionTime: at });

  const open = (name: string, ...listeners: Listener[]) => place.admin.create(gateway({ name, namespace: infra, listeners }));
  const say = (name: string, status: object) => place.admin.patch(kinds.gateway, infra, name, { status }, 'status');
  const attached = (to: string, hostnames: string[] = []) =>
    given(place, service('qwen').with({ router: { route: { http: { spec: { hostnames } } }, gateway: { refs: [{ name: to, namespace: infra }] } } }));
  const isAt =
    (...origins: string[]): Expectation =>
    async (actor: Actor) => {
      const { addresses = [] } = (await actor.stored()).status ?? {};
      expect([...new Set(addresses.map(({ url = '' }) => new URL(url).origin))]).to.deep.equal(origins);
    };

  it('come from the listeners with a host name of the route, and go with a listener that breaks', async () => {
    await open('edge', models, chat);
    await say('edge', { addresses: [{ type: 'IPAddress', value: '203.0.113.9' }] });
    const qwen = await attached('edge', ['chat.example.com']);
    await qwen.reaches(isAt('http://chat.example.com:8080'));

    const listeners = (programmed: 'True' | 'False', reason: string) => [
      { name: 'chat', attachedRoutes: 1, supportedKinds: [], conditions: [condition('Programmed', programmed, reason)] },
    ];
    await say('edge', { listeners: listeners('False', 'Invalid') });
    await qwen.reaches(isAt());
    await say('edge', { listeners: listeners('True', 'Programmed') });
    await qwen.reaches(isAt('http://chat.example.com:8080'));
  });

  it('are those of a gateway of another namespace that lets in whom the schema lets in', async () => {
    await open('default', listener('http', 'HTTP', 80));
    await say('default', { addresses: [{ type: 'IPAddress', value: '203.0.113.9' }] });
    const stored = await place.admin.get(kinds.gateway, infra, 'default');
    const { listeners = [] } = (stored as Gateway | undefined)?.spec ?? {};
    expect(listeners[0]?.allowedRoutes).to.deep.equal({ namespaces: { from: 'Same' } });
    const qwen = await attached('default');
    await qwen.reaches(isAt('http://203.0.113.9'));
  });
});
